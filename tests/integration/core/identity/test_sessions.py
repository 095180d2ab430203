"""Sessions: begun with the password, used, not used, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.errors import InvalidInput, PermissionDenied
from core.identity.errors import InvalidCredentials
from core.identity.model import sessions, users
from core.identity.preferences import Preferences
from core.identity.queries import User
from core.identity.service import FAILURES_UNTIL_LOCKED
from core.identity.sessions import LONGEST, NewSession, Sessions, digest_of
from tests.integration.core.identity.desk import PASSWORD, Desk

LIFETIME = timedelta(hours=12)


@pytest.fixture
def kept(desk: Desk) -> Sessions:
    return Sessions(desk.database, desk.users, lifetime=LIFETIME)


async def begin(kept: Sessions, email: str = "anna@desk.example") -> NewSession:
    return await kept.log_in(email, PASSWORD, "192.0.2.7", "Browser/1")


def actor_of(user: User) -> Actor:
    return Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id)


async def test_the_token_leads_to_the_user_and_is_stored_as_a_digest_only(desk: Desk, kept: Sessions) -> None:
    user = await desk.add_user()
    begun = await begin(kept)
    found = await kept.find_session(begun.token)
    assert found is not None
    assert found.user.id == begun.user.id == user.id
    async with desk.database.connect() as connection:
        rows = (await connection.execute(select(sessions))).all()
    assert [row.token_digest for row in rows] == [digest_of(begun.token)]
    assert begun.token not in str(rows) + repr(begun)
    assert (str(rows[0].ip_address), rows[0].user_agent) == ("192.0.2.7", "Browser/1")


async def test_each_log_in_gets_a_token_of_its_own(desk: Desk, kept: Sessions) -> None:
    await desk.add_user()
    first, second = await begin(kept), await begin(kept)
    assert first.token != second.token
    assert await kept.find_session(first.token) is not None


@pytest.mark.parametrize("token", ["", "x", "ä" * 50, "\udcff", "a" * 10_000])
async def test_a_token_that_is_none_of_ours_finds_nothing(desk: Desk, kept: Sessions, token: str) -> None:
    assert await kept.find_session(token) is None


async def test_use_keeps_a_session_and_looking_it_up_does_not(desk: Desk, kept: Sessions) -> None:
    await desk.add_user()
    begun = await begin(kept)
    desk.clock.advance(timedelta(hours=11))
    assert await kept.find_session(begun.token) is not None
    desk.clock.advance(timedelta(hours=11))
    assert await kept.look_up(digest_of(begun.token)) is not None
    desk.clock.advance(timedelta(hours=2))
    assert await kept.find_session(begun.token) is None


async def test_however_much_it_is_used_a_session_ends_after_a_week(desk: Desk, kept: Sessions) -> None:
    await desk.add_user()
    begun = await begin(kept)
    for _ in range(int(LONGEST / timedelta(hours=8)) - 1):
        desk.clock.advance(timedelta(hours=8))
        assert await kept.find_session(begun.token) is not None
    desk.clock.advance(timedelta(hours=8, seconds=1))
    assert await kept.find_session(begun.token) is None


async def test_who_is_not_active_any_more_is_out_at_once(desk: Desk, kept: Sessions) -> None:
    user = await desk.add_user()
    begun = await begin(kept)
    async with desk.database.begin(SYSTEM) as work:
        await work.execute(update(users).where(users.c.id == user.id).values(is_active=False))
    assert await kept.find_session(begun.token) is None


async def test_an_ended_session_stays_ended_and_others_go_on(desk: Desk, kept: Sessions) -> None:
    await desk.add_user()
    first, second = await begin(kept), await begin(kept)
    await kept.end_session(digest_of(first.token))
    await kept.end_session(digest_of(first.token))
    assert await kept.find_session(first.token) is None
    assert await kept.find_session(second.token) is not None


async def test_leaving_everywhere_ends_ones_own_sessions_only(desk: Desk, kept: Sessions) -> None:
    user = await desk.add_user()
    await desk.add_user("bert@desk.example")
    mine, mine_too, others = await begin(kept), await begin(kept), await begin(kept, "bert@desk.example")
    assert len(await kept.list_sessions(actor_of(user))) == 2
    assert await kept.end_all_sessions(actor_of(user)) == 2
    assert [await kept.find_session(each.token) for each in (mine, mine_too)] == [None, None]
    assert await kept.find_session(others.token) is not None
    assert await kept.list_sessions(actor_of(user)) == []


async def test_only_users_have_sessions(desk: Desk, kept: Sessions) -> None:
    with pytest.raises(PermissionDenied):
        await kept.end_all_sessions(SYSTEM)


async def test_the_lock_counts_for_sessions_and_tokens_alike(desk: Desk, kept: Sessions) -> None:
    await desk.add_user()
    for _ in range(FAILURES_UNTIL_LOCKED - 1):
        with pytest.raises(InvalidCredentials):
            await kept.log_in("anna@desk.example", "wrong password", None, None)
    with pytest.raises(InvalidCredentials):
        await desk.users.log_in("anna@desk.example", "wrong password", None)
    with pytest.raises(InvalidCredentials) as locked:
        await begin(kept)
    with pytest.raises(InvalidCredentials) as unknown:
        await begin(kept, "nobody@desk.example")
    assert str(locked.value) == str(unknown.value)


async def test_a_language_is_chosen_by_its_user_among_those_that_are_spoken(desk: Desk) -> None:
    user = await desk.add_user()
    preferences = Preferences(desk.database)
    await preferences.choose_language(actor_of(user), "en")
    assert (await desk.users.get_user(SYSTEM, user.id)).language == "en"
    with pytest.raises(InvalidInput):
        await preferences.choose_language(actor_of(user), "fr")
    with pytest.raises(PermissionDenied):
        await desk.users.get_user(replace(actor_of(user), user_id=None, role=None), user.id)
