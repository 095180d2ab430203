"""A component that does a job again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.errors import Unavailable

log = structlog.get_logger(__name__)


class Periodic:
    """Runs `job` at the start and then every `seconds`; a part that is away is tried again the next time."""

    def __init__(self, name: str, seconds: float, job: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self._seconds = seconds
        self._job = job

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._job()
            except Unavailable as error:
                log.warning("job_postponed", job=self.name, error=str(error))
            try:
                await asyncio.wait_for(stop.wait(), self._seconds)
            except TimeoutError:
                continue
