"""Brokers and databases that go away in the middle lose nothing, and every effect is had once."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.database.engine import Database
from core.errors import Unavailable
from core.messaging.bus import RetryPolicy
from core.messaging.embedded import EmbeddedBus
from tests.integration.core.messaging.rabbit import rabbit_bus
from tests.integration.core.messaging.spine import QUEUES, effects, eventually, record, relay, running, worker
from tests.services.postgres import StoppablePostgres
from tests.services.rabbitmq import RabbitMQ

RETRIES = RetryPolicy(delays_seconds=(0.1, 0.5, 1.0, 2.0))


async def record_all(database: Database, bursts: int) -> list[UUID]:
    """Record events in bursts, trying a burst again (with new subjects) when the database is away."""
    subjects: list[UUID] = []
    while len(subjects) < bursts * 10:
        try:
            subjects += await record(database, 10)
        except Unavailable:
            await asyncio.sleep(0.05)
    return subjects


async def each_had_once(database: Database, subjects: list[UUID]) -> None:
    async def all_had() -> bool:
        return len(await effects(database)) >= len(subjects)

    await eventually(all_had, timeout_seconds=90)
    had = await effects(database)
    assert {subject: had[subject] for subject in subjects} == dict.fromkeys(subjects, 1)
    assert set(had.values()) == {1}


@pytest.mark.parametrize("way", ["kill", "stop"])
@pytest.mark.services
@pytest.mark.xdist_group("rabbitmq")
async def test_rabbitmq_going_away_in_the_middle_loses_nothing(
    rabbitmq: RabbitMQ, database: Database, way: str
) -> None:
    async with (
        rabbit_bus(rabbitmq, database, retries=RETRIES) as bus,
        running(relay(database, bus, batch=10), worker(database, bus), worker(database, bus)),
    ):
        recording = asyncio.create_task(record_all(database, 60))

        async def under_way() -> bool:
            return len(await effects(database)) >= 50

        await eventually(under_way)
        await asyncio.to_thread(rabbitmq.kill if way == "kill" else rabbitmq.stop)
        subjects = await recording + await record_all(database, 10)
        await asyncio.to_thread(rabbitmq.start)
        await each_had_once(database, subjects)


async def test_postgresql_going_away_in_the_middle_loses_nothing(stoppable_postgres: StoppablePostgres) -> None:
    database = Database(stoppable_postgres.url, SystemClock())
    bus = EmbeddedBus(database, QUEUES, retries=RETRIES)
    async with running(relay(database, bus, batch=10), worker(database, bus), worker(database, bus)):
        recording = asyncio.create_task(record_all(database, 100))
        for wanted in (100, 300):

            async def under_way(wanted: int = wanted) -> bool:
                return len(await effects(database)) >= wanted

            await eventually(under_way)
            await asyncio.to_thread(stoppable_postgres.stop)
            await asyncio.to_thread(stoppable_postgres.start)
        await each_had_once(database, await recording)
    await database.aclose()
