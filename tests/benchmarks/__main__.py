"""Runs the benchmarks named on the command line, or all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import uvloop

from tests.benchmarks.chat import run as chat
from tests.benchmarks.mail_ingest import run as mail_ingest

BENCHMARKS: dict[str, Callable[[], Awaitable[None]]] = {"mail_ingest": mail_ingest, "chat": chat}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
    for name in names:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(BENCHMARKS[name]))


async def _run(benchmark: Callable[[], Awaitable[None]]) -> None:
    await benchmark()


if __name__ == "__main__":
    main()
