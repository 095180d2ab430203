"""Every event has its effect once at each consumer."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import select

from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Unavailable
from core.messaging.bus import EventBus, RetryPolicy
from core.messaging.embedded import EmbeddedBus
from core.messaging.event import Envelope
from core.messaging.model import inbox
from tests.integration.core.messaging.spine import (
    QUEUES,
    effects,
    eventually,
    lamps,
    note_effect,
    record,
    relay,
    running,
    worker,
)


@pytest.fixture
def bus(database: Database) -> EventBus:
    return EmbeddedBus(database, QUEUES, retries=RetryPolicy(delays_seconds=(0.05, 0.05)))


async def test_an_event_has_its_effect_once_though_it_is_delivered_several_times(
    database: Database, bus: EventBus
) -> None:
    subjects = await record(database, 20)
    published: list[Envelope] = []

    async def keep(envelope: Envelope, work: UnitOfWork) -> None:
        published.append(envelope)
        await note_effect(envelope, work)

    async with running(relay(database, bus), worker(database, bus, lamps(keep)), worker(database, bus, lamps(keep))):

        async def all_had() -> bool:
            return len(await effects(database)) == 20

        await eventually(all_had)
        for _ in range(2):
            async with bus.publish(published[:20]):
                pass

        async def all_taken() -> bool:
            return next(lag.waiting for lag in await bus.list_lag() if lag.queue == "lamps") == 0

        await eventually(all_taken)
    assert await effects(database) == Counter(dict.fromkeys(subjects, 1))


async def test_a_poison_event_ends_as_dead_letter_holds_up_no_other_and_is_mended_by_replay(
    database: Database, bus: EventBus
) -> None:
    subjects = await record(database, 10)
    poison = subjects[3]
    is_mended = False

    async def choke(envelope: Envelope, work: UnitOfWork) -> None:
        await note_effect(envelope, work)
        await work.flush()
        if envelope.payload["subject_id"] == str(poison) and not is_mended:
            raise ValueError("that tastes bad")

    async with running(relay(database, bus), worker(database, bus, lamps(choke))):

        async def is_dead() -> bool:
            return len(await bus.list_dead("lamps")) == 1 and len(await effects(database)) == 9

        await eventually(is_dead)
        assert poison not in await effects(database)
        (letter,) = await bus.list_dead("lamps")
        assert (letter.error, letter.attempts) == ("ValueError: that tastes bad", 3)
        is_mended = True
        assert await bus.replay("lamps", letter.envelope.id) == 1

        async def all_had() -> bool:
            return len(await effects(database)) == 10

        await eventually(all_had)
    assert await effects(database) == Counter(dict.fromkeys(subjects, 1))


async def test_an_effect_that_failed_leaves_no_inbox_row(database: Database, bus: EventBus) -> None:
    await record(database)

    async def away(envelope: Envelope, work: UnitOfWork) -> None:
        await note_effect(envelope, work)
        raise Unavailable("The mail server is away.")

    async with running(relay(database, bus), worker(database, bus, lamps(away))):

        async def is_dead() -> bool:
            return len(await bus.list_dead("lamps")) == 1

        await eventually(is_dead)
    async with database.connect() as connection:
        assert (await connection.execute(select(inbox))).first() is None
    assert not await effects(database)


async def test_a_stopping_worker_finishes_what_it_has_begun(database: Database, bus: EventBus) -> None:
    (subject,) = await record(database)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(envelope: Envelope, work: UnitOfWork) -> None:
        begun.set()
        await go_on.wait()
        await note_effect(envelope, work)

    async with running(relay(database, bus), worker(database, bus, lamps(slow))):
        await begun.wait()
        asyncio.get_running_loop().call_soon(go_on.set)
    assert await effects(database) == Counter({subject: 1})
