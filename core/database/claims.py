"""Claims: work that only one process may do at a time, held by PostgreSQL advisory locks.

All claims of a process live on one session of their own. When that session ends, the claims are gone and another
process may take them; whoever works under a claim learns it by `lost`. The session must reach PostgreSQL itself: behind
a pooler in transaction mode it would hold nothing.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database.engine import Database, translated_errors
from core.errors import Unavailable


class Claim:
    """A claim that is held until it is released or `lost` is set."""

    def __init__(self, key: int, lost: asyncio.Event) -> None:
        self.key = key
        self.lost = lost


class Claims:
    """The claims of this process. Run `watch` beside the work: it notices when the session is gone."""

    def __init__(self, database: Database, *, heartbeat_seconds: float = 5.0) -> None:
        self._database = database
        self._heartbeat_seconds = heartbeat_seconds
        self._lock = asyncio.Lock()
        self._connection: AsyncConnection | None = None
        self._lost = asyncio.Event()
        self._held: set[int] = set()

    async def find_claim(self, subject: UUID) -> Claim | None:
        """Claim the subject; None if it is claimed already, here or elsewhere. Raises Unavailable."""
        key = _key_of(subject)
        async with self._lock:
            connection = await self._session()
            # A session may take its own lock again; we may not.
            if key in self._held or not await self._ask(connection, key, "SELECT pg_try_advisory_lock(:key)"):
                return None
            self._held.add(key)
            return Claim(key, self._lost)

    async def release(self, claim: Claim) -> None:
        """Give the claim back; a lost one is gone already."""
        async with self._lock:
            if claim.lost.is_set() or self._connection is None:
                return
            self._held.discard(claim.key)
            try:
                await self._ask(self._connection, claim.key, "SELECT pg_advisory_unlock(:key)")
            except Unavailable:
                return

    async def watch(self) -> None:
        """Ask the session for a sign of life again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            async with self._lock:
                if self._connection is None:
                    continue
                try:
                    await self._ask(self._connection, 0, "SELECT :key = 0")
                except Unavailable:
                    continue

    async def aclose(self) -> None:
        """Give all claims back."""
        async with self._lock:
            await self._end()

    async def _session(self) -> AsyncConnection:
        if self._connection is not None and not self._lost.is_set():
            return self._connection
        await self._end()
        with translated_errors():
            connection = await self._database.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
            # Not the pool's any more: a session lock must not come back to it with the connection.
            await connection.run_sync(lambda plain: plain.detach())
            driver = (await connection.get_raw_connection()).driver_connection
        lost = asyncio.Event()
        if driver is not None:
            driver.add_termination_listener(lambda _: lost.set())
        self._connection, self._lost = connection, lost
        return connection

    async def _ask(self, connection: AsyncConnection, key: int, question: str) -> bool:
        try:
            with translated_errors():
                async with asyncio.timeout(self._heartbeat_seconds):
                    return bool((await connection.execute(text(question), {"key": key})).scalar_one())
        except Unavailable:
            await self._end()
            raise

    async def _end(self) -> None:
        self._lost.set()
        self._held.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _key_of(subject: UUID) -> int:
    """A signed 64-bit key: the last, random half of a UUIDv7."""
    return int.from_bytes(subject.bytes[8:], "big", signed=True)
