"""What arrives from chat is stored before it is acknowledged, and has its effect and its answer once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, func, select

from bot.answer import Answer
from bot.arrivals import ATTEMPTS, Arrivals, ArrivalWorker
from bot.request import Account, Place, Request, Said
from bot.views.card import Card
from core.actor import Actor, ActorKind
from core.audit.model import AuditAction, audit_log
from core.chat.arrivals import LEASE
from core.chat.model import chat_arrivals, chat_conversations, chat_deliveries
from core.chat.rules import ConversationKind, Surface
from core.database.engine import Database
from core.errors import AlreadyDone, Unavailable
from core.ids import new_uuid
from core.runtime.metrics import Metrics
from tests.integration.core.chat.world import TENANT, ChatWorld
from tests.integration.core.messaging.spine import eventually, running
from tests.integration.notifier.desk import TurnedClock
from tests.services.postgres import StoppablePostgres

Hook = Callable[[str], Awaitable[None]]


async def nothing(text: str) -> None:
    """Nothing happens in between."""


class Lamps:
    """A desk that lights lamps: the effect is one audit record, and `after` happens between effect and answer."""

    def __init__(self, database: Database, *, before: Hook = nothing, after: Hook = nothing) -> None:
        self.database = database
        self.before = before
        self.after = after
        self.order: list[str] = []

    async def answer(self, request: Request, origin: UUID) -> Answer | None:
        assert isinstance(request, Said)
        await self.before(request.text)
        if request.text == "quiet":
            return None
        try:
            async with self.database.begin(Actor(kind=ActorKind.SYSTEM, origin=origin)) as work:
                work.audit(AuditAction.UPDATE, "lamp", new_uuid())
        except AlreadyDone:
            pass
        else:
            self.order.append(request.text)
        await self.after(request.text)
        return Answer(card=Card(heading=request.text, summary="lit"), place=request.place, person=None)

    async def count_effects(self) -> int:
        async with self.database.connect() as connection:
            lit = select(func.count()).where(audit_log.c.entity_type == "lamp")
            return int((await connection.execute(lit)).scalar_one())


def interpret(body: Mapping[str, Any]) -> Request | None:
    if body["text"] == "nonsense":
        return None
    account = Account(Surface.SLACK, TENANT, body.get("account", "U1"))
    kind = ConversationKind(body.get("kind", "personal"))
    place = Place(Surface.SLACK, TENANT, body.get("conversation", "D1"), kind, thread=body.get("thread"))
    return Said(account, place, body["text"], "1.1", is_addressed=True)


def arrivals_of(desk: Lamps, database: Database, metrics: Metrics | None = None) -> Arrivals:
    return Arrivals(database, desk, {Surface.SLACK: interpret}, metrics or Metrics())


async def list_answers(database: Database) -> list[Row[Any]]:
    async with database.connect() as connection:
        return list(await connection.execute(select(chat_deliveries).order_by(chat_deliveries.c.id)))


async def state_of_arrivals(database: Database) -> list[str]:
    async with database.connect() as connection:
        return list((await connection.execute(select(chat_arrivals.c.state).order_by(chat_arrivals.c.id))).scalars())


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def turned(database_url: str, clock: TurnedClock) -> AsyncIterator[Database]:
    """The database at the time of `clock`."""
    opened = Database(database_url, clock)
    yield opened
    await opened.aclose()


async def test_what_arrives_is_done_and_its_answer_queued(database: Database) -> None:
    metrics = Metrics()
    desk = Lamps(database)
    future = await arrivals_of(desk, database, metrics).take(Surface.SLACK, "Ev1", {"text": "on"})
    answer = await future
    assert answer is not None
    assert answer.card.heading == "on"
    (delivery,) = await list_answers(database)
    assert (delivery.content["heading"], delivery.state, delivery.recipient) == ("on", "queued", None)
    assert await state_of_arrivals(database) == ["done"]
    assert metrics.registry.get_sample_value("psa_chat_arrivals_total", {"surface": "slack", "result": "done"}) == 1


@pytest.mark.parametrize("text", ["nonsense", "quiet"])
async def test_where_there_is_nothing_to_say_nothing_is_said(database: Database, text: str) -> None:
    arrivals = arrivals_of(Lamps(database), database)
    assert await (await arrivals.take(Surface.SLACK, "Ev1", {"text": text})) is None
    assert (await list_answers(database), await state_of_arrivals(database)) == ([], ["done"])


async def test_what_is_delivered_twice_at_once_has_one_effect_and_one_answer(database: Database) -> None:
    held = asyncio.Event()

    async def hold(text: str) -> None:
        await held.wait()

    desk = Lamps(database, after=hold)
    one, other = arrivals_of(desk, database), arrivals_of(desk, database)
    first = await one.take(Surface.SLACK, "Ev1", {"text": "on"})
    joined = await one.take(Surface.SLACK, "Ev1", {"text": "on"})
    elsewhere = await other.take(Surface.SLACK, "Ev1", {"text": "on"})
    assert await elsewhere is None
    assert not joined.done()
    held.set()
    assert await first == await joined
    assert await (await one.take(Surface.SLACK, "Ev1", {"text": "on"})) is None
    assert (await desk.count_effects(), len(await list_answers(database))) == (1, 1)


async def test_killed_between_effect_and_done_the_answer_still_comes_once(turned: Database, clock: TurnedClock) -> None:
    reached = asyncio.Event()

    async def hang(text: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    desk = Lamps(turned, after=hang)
    await arrivals_of(desk, turned).take(Surface.SLACK, "Ev1", {"text": "on"})
    await reached.wait()
    for task in asyncio.all_tasks():
        if task.get_name().startswith("chat arrival"):
            task.cancel()
    assert (await desk.count_effects(), await list_answers(turned)) == (1, [])
    desk.after = nothing
    clock.ahead = LEASE + timedelta(seconds=1)
    workers = [ArrivalWorker(arrivals_of(desk, turned), sweep_seconds=0.01) for _ in range(2)]
    async with running(*workers):

        async def is_done() -> bool:
            return await state_of_arrivals(turned) == ["done"]

        await eventually(is_done)
    assert (await desk.count_effects(), len(await list_answers(turned))) == (1, 1)


async def test_who_lost_the_lease_answers_nothing(turned: Database, clock: TurnedClock) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold(text: str) -> None:
        reached.set()
        await go_on.wait()

    slow = Lamps(turned, after=hold)
    late = await arrivals_of(slow, turned).take(Surface.SLACK, "Ev1", {"text": "on"})
    await reached.wait()
    clock.ahead = LEASE + timedelta(seconds=1)
    other = arrivals_of(Lamps(turned), turned)
    assert await other.claim() == 1
    await other.drain()
    go_on.set()
    await late
    assert (await slow.count_effects(), len(await list_answers(turned))) == (1, 1)


async def test_what_was_stored_while_the_database_goes_away_is_done_when_it_is_back(
    stoppable_postgres: StoppablePostgres,
) -> None:
    clock = TurnedClock()
    database = Database(stoppable_postgres.url, clock)
    is_down = asyncio.Event()

    async def stop_once(text: str) -> None:
        if not is_down.is_set():
            is_down.set()
            await asyncio.to_thread(stoppable_postgres.stop)

    desk = Lamps(database, before=stop_once)
    arrivals = arrivals_of(desk, database)
    async with running(ArrivalWorker(arrivals, sweep_seconds=0.01)):
        future = await arrivals.take(Surface.SLACK, "Ev1", {"text": "on"})
        assert await future is None
        with pytest.raises(Unavailable):
            await arrivals.take(Surface.SLACK, "Ev2", {"text": "not acknowledged"})
        clock.ahead = LEASE + timedelta(seconds=1)
        await asyncio.to_thread(stoppable_postgres.start)

        async def is_done() -> bool:
            try:
                return await state_of_arrivals(database) == ["done"]
            except Unavailable:
                return False

        await eventually(is_done)
    assert (desk.order, len(await list_answers(database))) == (["on"], 1)
    await database.aclose()


async def test_a_part_that_is_away_puts_the_work_off(turned: Database, clock: TurnedClock) -> None:
    async def away(text: str) -> None:
        raise Unavailable("The blob store is away.")

    desk = Lamps(turned, before=away)
    arrivals = arrivals_of(desk, turned)
    assert await (await arrivals.take(Surface.SLACK, "Ev1", {"text": "on"})) is None
    assert await state_of_arrivals(turned) == ["waiting"]
    desk.before = nothing
    clock.ahead = timedelta(seconds=2)
    assert await arrivals.claim() == 1
    await arrivals.drain()
    assert (desk.order, await state_of_arrivals(turned)) == (["on"], ["done"])


async def test_what_fails_again_and_again_is_given_up_with_an_apology(turned: Database, clock: TurnedClock) -> None:
    async def fail(text: str) -> None:
        raise LookupError("a fault of ours")

    metrics = Metrics()
    arrivals = arrivals_of(Lamps(turned, before=fail), turned, metrics)
    body = {"text": "on", "kind": "channel", "conversation": "C1", "thread": "9.9"}
    await (await arrivals.take(Surface.SLACK, "Ev1", body))
    for _ in range(ATTEMPTS - 1):
        assert await state_of_arrivals(turned) == ["waiting"]
        clock.ahead += timedelta(minutes=10)
        assert await arrivals.claim() == 1
        await arrivals.drain()
    assert await state_of_arrivals(turned) == ["failed"]
    (apology,) = await list_answers(turned)
    assert "That did not work" in apology.content["heading"]
    assert (apology.recipient, apology.thread) == ("U1", "9.9")
    assert metrics.registry.get_sample_value("psa_chat_arrivals_total", {"surface": "slack", "result": "failed"}) == 1


async def test_one_person_has_things_done_in_order_and_does_not_wait_for_others(database: Database) -> None:
    held = asyncio.Event()

    async def hold(text: str) -> None:
        if text == "slow":
            await held.wait()

    desk = Lamps(database, before=hold)
    arrivals = arrivals_of(desk, database)
    slow = await arrivals.take(Surface.SLACK, "Ev1", {"text": "slow"})
    second = await arrivals.take(Surface.SLACK, "Ev2", {"text": "second"})
    await (await arrivals.take(Surface.SLACK, "Ev3", {"text": "other", "account": "U2"}))
    assert desk.order == ["other"]
    held.set()
    await asyncio.gather(slow, second)
    assert desk.order == ["other", "slow", "second"]


async def test_who_gives_up_waiting_for_the_answer_stops_nothing(database: Database) -> None:
    held = asyncio.Event()

    async def hold(text: str) -> None:
        await held.wait()

    desk = Lamps(database, before=hold)
    arrivals = arrivals_of(desk, database)
    future = await arrivals.take(Surface.SLACK, "Ev1", {"text": "on"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(future, 0.01)
    held.set()
    await arrivals.drain()
    assert (desk.order, await state_of_arrivals(database)) == (["on"], ["done"])


async def test_a_place_becomes_known_by_what_is_said_there(database: Database) -> None:
    world = ChatWorld(database)
    account = await world.add_account("U1")
    await (await arrivals_of(Lamps(database), database).take(Surface.SLACK, "Ev1", {"text": "on"}))
    async with database.connect() as connection:
        (row,) = (await connection.execute(select(chat_conversations))).all()
    assert (row.external_id, row.kind, row.account_id) == ("D1", "personal", account)


async def test_arrivals_of_a_process_that_is_stopped_are_finished_first(database: Database) -> None:
    held = asyncio.Event()

    async def hold(text: str) -> None:
        await held.wait()

    desk = Lamps(database, after=hold)
    arrivals = arrivals_of(desk, database)
    stop = asyncio.Event()
    running_worker = asyncio.create_task(ArrivalWorker(arrivals).run(stop))
    await arrivals.take(Surface.SLACK, "Ev1", {"text": "on"})
    stop.set()
    assert not running_worker.done()
    held.set()
    await running_worker
    assert await state_of_arrivals(database) == ["done"]
