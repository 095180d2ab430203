"""mail_ingest: mails a second and the wait from end of DATA to 250, next to what this machine allows."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from core.database.embedded import embedded_postgres
from tests.benchmarks.databases import make_database
from tests.benchmarks.mail_limits import bare_rate, standard_library_rate
from tests.benchmarks.mail_mix import make_mix
from tests.benchmarks.report import percentile, report
from tests.benchmarks.smtp_load import LoadResult, send_load

MAILS = int(os.environ.get("PSA_BENCH_MAILS", "2000"))
PASSES = int(os.environ.get("PSA_BENCH_PASSES", "3"))
CONNECTIONS = (1, 4, 16, 64)
NAME = "mail_ingest"


async def run() -> None:
    """One ingest process at 1, 4, 16 and 64 connections; then the whole machine; then the two limits."""
    mails = make_mix(MAILS, seed=1)
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder) / "postgres") as server_url:
        database_url = await make_database(server_url, "bench")
        parse_rate = median(standard_library_rate(mails) for _ in range(PASSES))
        report(NAME, "standard_library_parse", parse_rate, "mails/s", MAILS * PASSES)
        seed = 1
        async with _ingest(Path(folder), database_url, processes=1) as (ports, pids):
            await send_load(ports, make_mix(300, seed=999), 8)
            for connections in CONNECTIONS:
                results: list[LoadResult] = []
                for _ in range(PASSES):
                    seed += 1
                    results.append(await send_load(ports, make_mix(_count(connections), seed), connections))
                _report_load("one_process", connections, results, parse_rate)
            rss_mb = _resident_bytes(pids[0]) / 1e6
            report(NAME, "one_process_resident", rss_mb, "MB", 1, baseline="bar", baseline_value=200.0)
        for processes in (2, 3):
            async with _ingest(Path(folder), database_url, processes=processes) as (ports, _):
                await send_load(ports, make_mix(300, seed=998 - processes), 8)
                results = []
                for _ in range(PASSES):
                    seed += 1
                    results.append(await send_load(ports, make_mix(MAILS, seed), 32))
                _report_load(f"{processes}_processes", 32, results, parse_rate)
        for connections in (1, 4, 16):
            rate = median([await bare_rate(database_url, 1000, connections) for _ in range(PASSES)])
            report(NAME, f"bare_asyncpg_{connections}_connections", rate, "transactions/s", 1000 * PASSES)


def _count(connections: int) -> int:
    return MAILS // 4 if connections == 1 else MAILS


def _report_load(name: str, connections: int, results: list[LoadResult], parse_rate: float) -> None:
    rate = median(result.mails_per_second for result in results)
    waits = [1000 * wait for result in results for wait in result.latencies_seconds]
    figure = f"{name}_{connections}_connections"
    report(
        NAME, f"{figure}_rate", rate, "mails/s", len(waits),
        baseline="standard library parse, one core", baseline_value=parse_rate,
    )  # fmt: skip
    report(NAME, f"{figure}_p50", percentile(waits, 0.5), "ms", len(waits))
    report(NAME, f"{figure}_p95", percentile(waits, 0.95), "ms", len(waits), baseline="bar", baseline_value=50.0)


@asynccontextmanager
async def _ingest(folder: Path, database_url: str, processes: int) -> AsyncIterator[tuple[list[int], list[int]]]:
    """`psa serve ingest` as it is shipped, `processes` times, each on a port of its own."""
    started: list[tuple[int, asyncio.subprocess.Process]] = []
    for _ in range(processes):
        port, health_port = _free_port(), _free_port()
        environment = os.environ | {
            "PSA_DATABASE_URL": database_url,
            "PSA_DATA_DIR": str(folder / "data"),
            "PSA_SMTP_PORT": str(port),
            "PSA_HTTP_PORT": str(health_port),
            "PSA_LOG_LEVEL": "warning",
        }
        command = (sys.executable, "-m", "psa.cli", "serve", "ingest")
        started.append((port, await asyncio.create_subprocess_exec(*command, env=environment)))
    try:
        for port, _ in started:
            await _wait_for_port(port)
        yield [port for port, _ in started], [process.pid for _, process in started]
    finally:
        for _, process in started:
            process.send_signal(signal.SIGTERM)
        for _, process in started:
            await asyncio.wait_for(process.wait(), 30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
