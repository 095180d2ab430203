"""What arrives from chat is kept once, and one works on it at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.actor import SYSTEM
from core.chat.arrivals import BODY_LIMIT_BYTES, KEPT, LEASE, ChatArrivals, mark_done, mark_failed
from core.chat.rules import Surface
from core.database.engine import Database
from core.errors import InvalidInput, NotFound
from tests.integration.notifier.desk import TurnedClock


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def arrivals(database_url: str, clock: TurnedClock) -> AsyncIterator[ChatArrivals]:
    opened = Database(database_url, clock)
    yield ChatArrivals(opened)
    await opened.aclose()


async def test_the_same_arrival_is_stored_once_and_another_surface_has_keys_of_its_own(arrivals: ChatArrivals) -> None:
    first = await arrivals.store(Surface.SLACK, "Ev1", {"text": "hello"})
    again = await arrivals.store(Surface.SLACK, "Ev1", {"text": "hello, twice"})
    other = await arrivals.store(Surface.TEAMS, "Ev1", {"text": "hello"})
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert (again.id, again.body, again.lease_token, again.is_done) == (first.id, {"text": "hello"}, None, False)


async def test_what_postgresql_cannot_hold_is_left_out_of_the_body(arrivals: ChatArrivals) -> None:
    stored = await arrivals.store(Surface.SLACK, "Ev1", {"te\x00xt": ["a\x00b", "\ud83d", {"n": 1}]})
    again = await arrivals.store(Surface.SLACK, "Ev1", {})
    assert again.body == stored.body == {"text": ["ab", "?", {"n": 1}]}


@pytest.mark.parametrize(("key", "body"), [("Ev1", "x" * BODY_LIMIT_BYTES), ("k" * 301, "x")])
async def test_what_is_too_large_is_refused(arrivals: ChatArrivals, key: str, body: str) -> None:
    with pytest.raises(InvalidInput):
        await arrivals.store(Surface.SLACK, key, {"text": body})


async def test_an_arrival_is_leased_to_who_stored_it_until_the_lease_is_over(
    arrivals: ChatArrivals, clock: TurnedClock, database: Database
) -> None:
    stored = await arrivals.store(Surface.SLACK, "Ev1", {})
    assert await arrivals.claim(10) == []
    clock.ahead = LEASE + timedelta(seconds=1)
    (claimed,) = await arrivals.claim(10)
    assert (claimed.id, claimed.attempts) == (stored.id, 2)
    async with database.begin(SYSTEM) as work:
        assert not await mark_done(work, stored)
        assert await mark_done(work, claimed)
        assert not await mark_done(work, claimed)
    assert (await arrivals.store(Surface.SLACK, "Ev1", {})).is_done


async def test_one_that_is_put_off_waits_longer_each_time(arrivals: ChatArrivals, clock: TurnedClock) -> None:
    stored = await arrivals.store(Surface.SLACK, "Ev1", {})
    await arrivals.put_off(stored, "The database is away.")
    assert await arrivals.claim(10) == []
    clock.ahead += timedelta(seconds=1.1)
    (second,) = await arrivals.claim(10)
    await arrivals.put_off(second, "The database is away.")
    clock.ahead += timedelta(seconds=1.1)
    assert await arrivals.claim(10) == []
    clock.ahead += timedelta(seconds=1)
    assert [each.id for each in await arrivals.claim(10)] == [stored.id]


async def test_a_failed_one_is_tried_again_on_demand_only(
    arrivals: ChatArrivals, clock: TurnedClock, database: Database
) -> None:
    stored = await arrivals.store(Surface.SLACK, "Ev1", {})
    with pytest.raises(NotFound):
        await arrivals.retry(stored.id)
    async with database.begin(SYSTEM) as work:
        assert await mark_failed(work, stored, "ValueError: no")
    clock.ahead = timedelta(hours=1)
    assert await arrivals.claim(10) == []
    await arrivals.retry(stored.id)
    assert [(each.id, each.attempts) for each in await arrivals.claim(10)] == [(stored.id, 1)]


async def test_done_arrivals_are_forgotten_after_a_while_and_waiting_ones_never(
    arrivals: ChatArrivals, clock: TurnedClock, database: Database
) -> None:
    done = await arrivals.store(Surface.SLACK, "Ev1", {})
    waiting = await arrivals.store(Surface.SLACK, "Ev2", {})
    async with database.begin(SYSTEM) as work:
        await mark_done(work, done)
    assert await arrivals.purge() == 0
    clock.ahead = KEPT + timedelta(seconds=1)
    assert await arrivals.purge() == 1
    assert [each.id for each in await arrivals.claim(10)] == [waiting.id]
