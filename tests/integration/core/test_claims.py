"""What only one process may do at a time."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from core.database.claims import Claims
from core.database.engine import Database
from core.ids import new_uuid


async def test_a_claim_is_held_by_one_and_given_back(database: Database) -> None:
    first, second = Claims(database), Claims(database)
    subject, other = new_uuid(), new_uuid()
    claim = await first.find_claim(subject)
    assert claim is not None
    assert await first.find_claim(subject) is None
    assert await second.find_claim(subject) is None
    assert await second.find_claim(other) is not None
    await first.release(claim)
    assert await second.find_claim(subject) is not None
    await first.aclose()
    await second.aclose()


async def test_a_claim_is_lost_with_its_session_and_can_be_taken_by_another(database: Database) -> None:
    first, second = Claims(database, heartbeat_seconds=0.5), Claims(database)
    watching = asyncio.create_task(first.watch())
    subject = new_uuid()
    claim = await first.find_claim(subject)
    assert claim is not None
    async with database.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )
    async with asyncio.timeout(5):
        await claim.lost.wait()
    watching.cancel()
    assert await second.find_claim(subject) is not None
    assert await first.find_claim(new_uuid()) is not None
    await first.aclose()
    await second.aclose()
