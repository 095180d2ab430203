"""Sessions of the web console: begun with a password, kept by a cookie, ended by leaving or by not being used."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import AuditAction
from core.database.engine import Database
from core.errors import PermissionDenied
from core.identity.model import sessions, users
from core.identity.queries import User, find_user
from core.identity.service import Users

TOKEN_BYTES = 32
LONGEST = timedelta(days=7)
"""However much it is used: after this one logs in again."""

TOUCHED = timedelta(minutes=1)
"""Use is written down once in so long."""

KEPT = timedelta(days=30)
"""How long sessions that are over can still be seen in the table."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was just begun; `token` is for the cookie, and stored nowhere."""

    token: str = field(repr=False)
    user: User


@dataclass(frozen=True, slots=True)
class Session:
    """A session in use, and whose it is, as the user is stored now. `digest` names it without giving it away."""

    digest: str
    user: User
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionInUse:
    """One of a user's own sessions, to be told by where it is used from."""

    digest: str
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    seen_at: datetime


class Sessions:
    """The sessions of all users. One that is not used for `lifetime` is over, and so is one older than a week."""

    def __init__(self, database: Database, users_: Users, *, lifetime: timedelta) -> None:
        self._database = database
        self._users = users_
        self._lifetime = lifetime

    async def log_in(self, email: str, password: str, ip_address: str | None, user_agent: str | None) -> NewSession:
        """Begin a session, with a token that nobody has seen before. Raises InvalidCredentials as `Users` does."""
        user = await self._users.authenticate(email, password, ip_address)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        who = Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id, ip_address, user_agent)
        async with self._database.begin(who) as work:
            row = sessions.c
            await work.execute(delete(sessions).where(row.user_id == user.id, row.expires_at < work.now - KEPT))
            work.insert(
                sessions,
                {
                    "token_digest": digest_of(token),
                    "user_id": user.id,
                    "ip_address": ip_address,
                    "user_agent": user_agent,
                    "created_at": work.now,
                    "seen_at": work.now,
                    "expires_at": work.now + min(self._lifetime, LONGEST),
                },
            )
        return NewSession(token, user)

    async def find_session(self, token: str) -> Session | None:
        """The session of a token, which is used by this; None if it is over, or its user is not active any more."""
        found = await self.look_up(digest_of(token))
        if found is None:
            return None
        now = self._database.clock.now()
        expires_at = min(now + self._lifetime, found.created_at + LONGEST)
        if expires_at - found.expires_at > TOUCHED:
            async with self._database.begin(SYSTEM) as work:
                await work.execute(
                    update(sessions)
                    .where(sessions.c.token_digest == found.digest, sessions.c.ended_at.is_(None))
                    .values(seen_at=now, expires_at=expires_at)
                )
        return found

    async def look_up(self, digest: str) -> Session | None:
        """The session by its digest, without using it: it does not last longer for being looked at."""
        async with self._database.connect() as connection:
            statement = select(sessions).where(sessions.c.token_digest == digest, self._is_on())
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            user = await find_user(connection, (users.c.id == row.user_id) & users.c.is_active)
        return None if user is None else Session(row.token_digest, user, row.created_at, row.expires_at)

    async def list_sessions(self, actor: Actor) -> Sequence[SessionInUse]:
        """One's own sessions, the one used last first."""
        columns = (sessions.c.ip_address, sessions.c.user_agent, sessions.c.created_at, sessions.c.seen_at)
        statement = select(sessions.c.token_digest, *columns).where(sessions.c.user_id == actor.user_id, self._is_on())
        async with self._database.connect() as connection:
            rows = await connection.execute(statement.order_by(sessions.c.seen_at.desc()))
            return [
                SessionInUse(
                    row.token_digest,
                    None if row.ip_address is None else str(row.ip_address),
                    row.user_agent,
                    row.created_at,
                    row.seen_at,
                )
                for row in rows
            ]

    async def end_session(self, digest: str) -> None:
        """End one session; one that is over already stays so."""
        async with self._database.begin(SYSTEM) as work:
            ending = sessions.c.token_digest == digest
            await work.execute(update(sessions).where(ending, sessions.c.ended_at.is_(None)).values(ended_at=work.now))

    async def end_all_sessions(self, actor: Actor) -> int:
        """End all of one's own sessions, wherever they are used; returns how many."""
        if actor.user_id is None:
            raise PermissionDenied("Only users have sessions.")
        async with self._database.begin(actor) as work:
            ended = await work.execute(
                update(sessions).where(sessions.c.user_id == actor.user_id, self._is_on()).values(ended_at=work.now)
            )
            work.audit(AuditAction.UPDATE, "user", actor.user_id, new={"sessions_ended": ended.rowcount})
            return ended.rowcount

    def _is_on(self) -> ColumnElement[bool]:
        return sessions.c.ended_at.is_(None) & (sessions.c.expires_at > self._database.clock.now())


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
