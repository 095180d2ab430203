"""Waking up on PostgreSQL's NOTIFY, on a connection of its own that comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import structlog

from core.runtime.backoff import Backoff

Heard = Callable[[str | None], None]
"""Is called with the payload of each notification; with None when some may have been missed."""

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5.0
ALIVE_SECONDS = 30.0


class Wakeup:
    """Rings when someone notified. A ring is a hint: whoever waits looks for itself, and after a while anyway."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, at once if it rang since the last wait, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()


@asynccontextmanager
async def listening(url: str, channel: str, stop: asyncio.Event) -> AsyncIterator[Wakeup]:
    """A wakeup that rings on each NOTIFY on `channel`, when the connection came back, and when `stop` is set."""
    wakeup = Wakeup()
    tasks = [
        asyncio.create_task(listen(url, channel, lambda _: wakeup.ring()), name=f"listen {channel}"),
        asyncio.create_task(_ring_at(stop, wakeup), name=f"ring at stop {channel}"),
    ]
    try:
        yield wakeup
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ring_at(stop: asyncio.Event, wakeup: Wakeup) -> None:
    await stop.wait()
    wakeup.ring()


async def listen(url: str, channel: str, heard: Heard) -> None:
    """Pass on what is notified on `channel`, until cancelled; a broken connection comes back by itself."""
    never = asyncio.Event()
    backoff = Backoff()
    while True:
        try:
            connection = await asyncpg.connect(
                url.replace("postgresql+asyncpg://", "postgresql://"),
                timeout=CONNECT_SECONDS,
                command_timeout=CONNECT_SECONDS,
                server_settings={"application_name": f"psa listen {channel}"},
            )
            try:
                await connection.add_listener(channel, lambda _connection, _pid, _channel, payload: heard(payload))
                backoff.reset()
                # Notifications sent while nobody listened are lost.
                heard(None)
                await _until_broken(connection)
            finally:
                connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.debug("listen_interrupted", channel=channel, error=str(error))
        await backoff.pause(never)


async def _until_broken(connection: asyncpg.Connection) -> None:
    """Return when the connection ended; raises what a failing heartbeat raises."""
    broken = asyncio.Event()
    connection.add_termination_listener(lambda _: broken.set())
    while not connection.is_closed():
        try:
            async with asyncio.timeout(ALIVE_SECONDS):
                await broken.wait()
                return
        except TimeoutError:
            await connection.execute("SELECT 1")
