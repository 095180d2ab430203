"""A desk whose time stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from core.actor import SYSTEM
from core.database.engine import Database
from core.identity.model import users
from core.identity.queries import User
from core.identity.roles import Role
from core.identity.service import NewUser, Users
from core.identity.tokens import AccessTokens
from core.ids import UserId

PASSWORD = "correct horse battery"


class ManualClock:
    """Tells the time it was set to, beginning with the present."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of identity on one database."""

    clock: ManualClock
    database: Database
    tokens: AccessTokens
    users: Users

    async def add_user(self, email: str = "anna@desk.example", role: Role = Role.TECHNICIAN_L1) -> User:
        new = NewUser(email, "Anna", "Gruber", role, password=PASSWORD)
        return await self.users.get_user(SYSTEM, await self.users.add_user(SYSTEM, new))

    async def row(self, user_id: UserId) -> Row[Any]:
        async with self.database.connect() as connection:
            return (await connection.execute(select(users).where(users.c.id == user_id))).one()
