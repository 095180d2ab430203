"""Every event that was recorded is published, whatever happens to the relays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Unavailable
from core.messaging.embedded import EmbeddedBus
from core.messaging.event import Envelope
from core.messaging.model import outbox
from core.messaging.retention import purge_spine
from tests.integration.core.messaging.spine import QUEUES, LampLit, eventually, record, relay, running


class BrokenBus(EmbeddedBus):
    """A bus that goes away after it took the events and before it answered, as often as told."""

    def __init__(self, database: Database, *, breaks: int) -> None:
        super().__init__(database, QUEUES)
        self.breaks = breaks

    @asynccontextmanager
    async def publish(self, envelopes: Sequence[Envelope]) -> AsyncIterator[UnitOfWork]:
        if self.breaks:
            self.breaks -= 1
            async with super().publish(envelopes):
                pass
            raise Unavailable("The broker is away.")
        async with super().publish(envelopes) as work:
            yield work


async def pending(database: Database) -> int:
    async with database.connect() as connection:
        count = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
        return int((await connection.execute(count)).scalar_one())


async def waiting(bus: EmbeddedBus, queue: str = "lamps") -> int:
    return next(lag.waiting for lag in await bus.list_lag() if lag.queue == queue)


async def test_a_recorded_event_is_relayed_at_once_with_all_it_says(database: Database) -> None:
    bus = EmbeddedBus(database, QUEUES)
    got: list[Envelope] = []
    stop = asyncio.Event()

    async def take(envelope: Envelope) -> None:
        got.append(envelope)

    async with running(relay(database, bus)):
        consuming = asyncio.create_task(bus.consume("lamps", take, stop, concurrency=1))
        for number in range(1, 4):
            subjects = await record(database)

            async def arrived(number: int = number) -> bool:
                return len(got) == number

            await eventually(arrived, timeout_seconds=3)
            assert got[-1].read(LampLit) == LampLit(subject_id=subjects[0], subject_version=1)
        stop.set()
        await consuming
    assert await pending(database) == 0


async def test_several_relays_share_the_work_and_publish_each_event_once(database: Database) -> None:
    bus = EmbeddedBus(database, QUEUES)
    await record(database, 500)
    relays = [relay(database, bus, batch=20) for _ in range(4)]
    counts: list[int] = []

    async def drain(number: int) -> None:
        while moved := await relays[number].relay_batch():
            counts.append(moved)

    await asyncio.gather(*(drain(number) for number in range(4)))
    assert sum(counts) == 500
    assert await waiting(bus) == 500


async def test_a_relay_that_dies_with_a_batch_in_hand_loses_nothing_once_its_lease_has_ended(
    database: Database,
) -> None:
    """The batch of a killed relay is left alone while its lease runs, and published by another one after."""
    await record(database, 30)
    with pytest.raises(Unavailable):
        await relay(database, BrokenBus(database, breaks=1), batch=10).relay_batch()
    bus = EmbeddedBus(database, QUEUES)
    other = relay(database, bus)
    assert await other.relay_batch() == 20
    assert await pending(database) == 10
    async with database.begin(SYSTEM) as work:
        await work.execute(update(outbox).values(leased_until=work.now - timedelta(seconds=1)))
    assert await other.relay_batch() == 10
    assert await waiting(bus) == 30


async def test_a_relay_whose_bus_went_away_takes_its_batch_up_again_without_waiting_for_the_lease(
    database: Database,
) -> None:
    await record(database, 10)
    bus = BrokenBus(database, breaks=3)
    async with running(relay(database, bus)):

        async def all_published() -> bool:
            return await pending(database) == 0

        await eventually(all_published, timeout_seconds=10)
    assert await waiting(bus) == 10


async def test_handing_over_and_noting_it_are_one_transaction_on_the_embedded_bus(database: Database) -> None:
    await record(database)
    bus = EmbeddedBus(database, QUEUES)
    envelope = Envelope(
        id=(await _ids(database))[0], name="lamp.lit", version=1, occurred_at=database.clock.now(), payload={}
    )
    with pytest.raises(RuntimeError):
        async with bus.publish([envelope]):
            raise RuntimeError
    assert await waiting(bus) == 0


async def _ids(database: Database) -> list[UUID]:
    async with database.connect() as connection:
        return list((await connection.execute(select(outbox.c.id))).scalars())


async def test_published_events_are_forgotten_after_their_retention_and_pending_ones_never(
    database: Database,
) -> None:
    await record(database, 3)
    assert await relay(database, EmbeddedBus(database, QUEUES)).relay_batch() == 3
    await record(database, 2)
    async with database.begin(SYSTEM) as work:
        old = work.now - timedelta(days=8)
        await work.execute(update(outbox).values(occurred_at=old))
        await work.execute(update(outbox).where(outbox.c.published_at.is_not(None)).values(published_at=old))
    assert await purge_spine(database, timedelta(days=7)) == 3
    assert await pending(database) == 2
