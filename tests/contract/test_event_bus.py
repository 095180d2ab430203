"""What every event bus must do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.database.engine import Database
from core.errors import NotFound, Unavailable
from core.ids import new_uuid
from core.messaging.bus import DeliveryFailed, EventBus, RetryPolicy
from core.messaging.embedded import EmbeddedBus
from core.messaging.event import Envelope
from tests.integration.core.messaging.rabbit import rabbit_bus
from tests.integration.core.messaging.spine import QUEUES, eventually
from tests.services.rabbitmq import RABBITMQ_MARKS, RabbitMQ

RETRIES = RetryPolicy(delays_seconds=(0.05, 0.1))


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=RABBITMQ_MARKS)])
async def bus(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[EventBus]:
    if request.param == "embedded":
        yield EmbeddedBus(database, QUEUES, retries=RETRIES)
        return
    node: RabbitMQ = request.getfixturevalue("rabbitmq")
    async with rabbit_bus(node, database, retries=RETRIES) as opened:
        yield opened


def envelope(name: str = "lamp.lit") -> Envelope:
    return Envelope(
        id=new_uuid(),
        name=name,
        version=1,
        occurred_at=datetime.now(UTC),
        correlation_id="request-1",
        payload={"subject_id": str(new_uuid()), "subject_version": 1, "title": "Ümläut \U0001f4a1"},
    )


async def publish(bus: EventBus, *envelopes: Envelope) -> None:
    async with bus.publish(envelopes):
        pass


class Consumer:
    """Runs `consume` in the background and keeps what it got; fails `failures` times first for each event."""

    def __init__(self, bus: EventBus, queue: str, *, failures: int = 0) -> None:
        self.got: list[Envelope] = []
        self.attempts: Counter[object] = Counter()
        self._bus = bus
        self._queue = queue
        self._failures = failures
        self._stop = asyncio.Event()

    async def take(self, delivered: Envelope) -> None:
        self.attempts[delivered.id] += 1
        if self.attempts[delivered.id] <= self._failures:
            raise DeliveryFailed(f"attempt {self.attempts[delivered.id]} failed: ü")
        self.got.append(delivered)

    async def __aenter__(self) -> Consumer:
        self._task = asyncio.create_task(self._bus.consume(self._queue, self.take, self._stop, concurrency=4))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task

    async def has(self, number: int) -> None:
        async def enough() -> bool:
            if self._task.done():
                await self._task
            return len(self.got) >= number

        await eventually(enough)


async def lag(bus: EventBus, queue: str) -> tuple[int, int]:
    """(waiting, dead)"""
    found = next(found for found in await bus.list_lag() if found.queue == queue)
    return found.waiting, found.dead


async def settles(bus: EventBus, queue: str, *, waiting: int) -> None:
    """The queue's figures come to this; RabbitMQ's lag a little behind."""

    async def is_so() -> bool:
        return await lag(bus, queue) == (waiting, 0)

    await eventually(is_so)


async def test_an_event_reaches_each_queue_bound_to_its_name_whole_and_no_other(bus: EventBus) -> None:
    lit, opened = envelope("lamp.lit"), envelope("door.opened")
    await publish(bus, lit, opened)
    async with Consumer(bus, "lamps") as lamps, Consumer(bus, "everything") as everything:
        await lamps.has(1)
        await everything.has(2)
        assert lamps.got == [lit]
        assert sorted(everything.got, key=lambda one: one.id) == sorted([lit, opened], key=lambda one: one.id)
    await settles(bus, "doors", waiting=1)


async def test_an_event_nobody_wants_is_published_all_the_same(bus: EventBus) -> None:
    await publish(bus, envelope("window.broken"))
    await settles(bus, "lamps", waiting=0)


async def test_what_is_done_is_not_delivered_again(bus: EventBus) -> None:
    await publish(bus, *(envelope() for _ in range(100)))
    async with Consumer(bus, "lamps") as first:
        await first.has(100)
    await settles(bus, "lamps", waiting=0)
    assert len({one.id for one in first.got}) == len(first.got) == 100


async def test_a_waiting_consumer_is_woken_at_once(bus: EventBus) -> None:
    async with Consumer(bus, "lamps") as consumer:
        for number in range(1, 6):
            await publish(bus, envelope())
            await consumer.has(number)


async def test_consumers_of_one_queue_share_its_work(bus: EventBus) -> None:
    async with Consumer(bus, "lamps") as one, Consumer(bus, "lamps") as two:
        await publish(bus, *(envelope() for _ in range(200)))

        async def all_done() -> bool:
            return len(one.got) + len(two.got) == 200

        await eventually(all_done)
    assert len({got.id for got in one.got + two.got}) == 200


async def test_a_failed_delivery_is_tried_again_later(bus: EventBus) -> None:
    await publish(bus, envelope(), envelope())
    async with Consumer(bus, "lamps", failures=2) as consumer:
        await consumer.has(2)
        assert set(consumer.attempts.values()) == {3}
    assert await bus.list_dead("lamps") == []


async def test_a_delivery_that_fails_too_often_is_a_dead_letter_with_its_error_until_it_is_replayed(
    bus: EventBus,
) -> None:
    poison, other = envelope(), envelope()

    async def two_dead() -> bool:
        return (await lag(bus, "lamps"))[1] == 2

    await publish(bus, poison, other)
    async with Consumer(bus, "lamps", failures=3):
        await eventually(two_dead)
    letters = await bus.list_dead("lamps")
    assert {letter.envelope.id for letter in letters} == {poison.id, other.id}
    assert {(letter.attempts, letter.error) for letter in letters} == {(3, "attempt 3 failed: ü")}
    assert len(await bus.list_dead("lamps", limit=1)) == 1
    with pytest.raises(NotFound):
        await bus.replay("lamps", new_uuid())
    assert await bus.replay("lamps", poison.id) == 1
    async with Consumer(bus, "lamps") as mended:
        await mended.has(1)
        assert mended.got == [poison]
        assert await bus.replay("lamps") == 1
        await mended.has(2)
    assert await bus.list_dead("lamps") == []
    assert await bus.replay("lamps") == 0


async def test_a_consumer_that_can_do_nothing_gives_back_what_it_had(bus: EventBus) -> None:
    sent = [envelope() for _ in range(3)]
    await publish(bus, *sent)

    async def cannot(_: Envelope) -> None:
        raise Unavailable("The database is away.")

    with pytest.raises(Unavailable):
        await bus.consume("lamps", cannot, asyncio.Event(), concurrency=2)
    async with Consumer(bus, "lamps") as consumer:
        await consumer.has(3)
        assert {one.id for one in consumer.got} == {one.id for one in sent}


async def test_stopping_lets_what_has_begun_end(bus: EventBus) -> None:
    begun, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ended = []

    async def slow(delivered: Envelope) -> None:
        begun.set()
        await go_on.wait()
        ended.append(delivered.id)

    one = envelope()
    await publish(bus, one)
    task = asyncio.create_task(bus.consume("lamps", slow, stop, concurrency=1))
    await begun.wait()
    stop.set()
    go_on.set()
    await task
    assert ended == [one.id]
    await settles(bus, "lamps", waiting=0)


async def test_a_consumer_cancelled_in_the_middle_loses_nothing(bus: EventBus) -> None:
    begun = asyncio.Event()

    async def hang(_: Envelope) -> None:
        begun.set()
        await asyncio.Event().wait()

    one = envelope()
    await publish(bus, one)
    task = asyncio.create_task(bus.consume("lamps", hang, asyncio.Event(), concurrency=1))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with Consumer(bus, "lamps") as consumer:
        await consumer.has(1)
        assert consumer.got == [one]
