"""Logging in, and being locked out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.actor import ActorKind
from core.audit.model import audit_log
from core.identity.errors import InvalidCredentials
from core.identity.model import users
from core.identity.service import FAILURES_UNTIL_LOCKED, LOCKED
from tests.integration.core.identity.desk import PASSWORD, Desk


async def fail(desk: Desk, email: str, password: str = "wrong password") -> str:
    """What is told to who fails."""
    with pytest.raises(InvalidCredentials) as refused:
        await desk.users.log_in(email, password, "192.0.2.7")
    return str(refused.value)


async def test_who_knows_the_password_gets_a_token_and_the_account_remembers(desk: Desk) -> None:
    user = await desk.add_user()
    log_in = await desk.users.log_in(" Anna@Desk.Example", PASSWORD, "192.0.2.7")
    assert log_in.expires_in_seconds == 3600
    actor = await desk.tokens.verify(log_in.access_token)
    assert (actor.kind, actor.user_id, actor.role) == (ActorKind.USER, user.id, user.role)
    row = await desk.row(user.id)
    assert row.last_login_at == desk.clock.now()
    assert str(row.last_login_ip) == "192.0.2.7"
    async with desk.database.connect() as connection:
        statement = select(audit_log).where(audit_log.c.entity_id == user.id, audit_log.c.action == "UPDATE")
        audited = (await connection.execute(statement)).one()
    assert (audited.user_id, str(audited.ip_address)) == (user.id, "192.0.2.7")
    assert PASSWORD not in str(audited.changes)


async def test_unknown_wrong_closed_and_locked_are_told_alike(desk: Desk) -> None:
    await desk.add_user("locked@desk.example")
    closed = await desk.add_user("closed@desk.example")
    async with desk.database.engine.begin() as connection:
        await connection.execute(update(users).where(users.c.id == closed.id).values(is_active=False))
    told = {await fail(desk, "locked@desk.example") for _ in range(FAILURES_UNTIL_LOCKED)}
    told.add(await fail(desk, "locked@desk.example", PASSWORD))
    told.add(await fail(desk, "closed@desk.example", PASSWORD))
    told.add(await fail(desk, "nobody@desk.example"))
    assert len(told) == 1


async def test_an_account_is_locked_for_15_minutes_after_5_failures(desk: Desk) -> None:
    user = await desk.add_user()
    for _ in range(FAILURES_UNTIL_LOCKED):
        await fail(desk, user.email)
    assert (await desk.row(user.id)).locked_until == desk.clock.now() + LOCKED
    desk.clock.advance(LOCKED - timedelta(seconds=1))
    await fail(desk, user.email, PASSWORD)
    desk.clock.advance(timedelta(seconds=1))
    await desk.users.log_in(user.email, PASSWORD, None)
    assert (await desk.row(user.id)).locked_until is None


async def test_after_a_lock_the_count_begins_anew(desk: Desk) -> None:
    user = await desk.add_user()
    for _ in range(FAILURES_UNTIL_LOCKED):
        await fail(desk, user.email)
    desk.clock.advance(LOCKED)
    await fail(desk, user.email)
    await desk.users.log_in(user.email, PASSWORD, None)


async def test_a_success_forgets_the_failures_before_it(desk: Desk) -> None:
    user = await desk.add_user()
    for _ in range(FAILURES_UNTIL_LOCKED - 1):
        await fail(desk, user.email)
    await desk.users.log_in(user.email, PASSWORD, None)
    await fail(desk, user.email)
    assert (await desk.row(user.id)).failed_login_attempts == 1


async def test_many_guesses_at_once_are_counted_one_by_one(desk: Desk) -> None:
    user = await desk.add_user()
    await asyncio.gather(*(fail(desk, user.email) for _ in range(FAILURES_UNTIL_LOCKED)))
    await fail(desk, user.email, PASSWORD)
