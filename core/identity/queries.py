"""Reading users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.identity.model import users
from core.identity.roles import ROLE_PERMISSIONS, Permission, Role
from core.ids import CustomerId, UserId


@dataclass(frozen=True, slots=True)
class User:
    """A user as stored, without the password. `customer_id` is set for customer roles only.

    `directory_id` is the person's object id in the organisation's directory (Entra ID).
    """

    id: UserId
    email: str
    first_name: str
    last_name: str
    phone: str | None
    role: Role
    customer_id: CustomerId | None
    language: str
    timezone: str
    is_active: bool
    directory_id: str | None
    last_login_at: datetime | None
    locked_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLE_PERMISSIONS[self.role]


NOT_DELETED = users.c.deleted_at.is_(None)


def has_address(email: str) -> ColumnElement[bool]:
    """The condition that a user is not deleted and has this address, in whatever case."""
    return NOT_DELETED & (func.lower(users.c.email) == email.strip().lower())


async def find_user(connection: AsyncConnection, condition: ColumnElement[bool]) -> User | None:
    """The user that meets the condition and is not deleted."""
    row = (await connection.execute(select(users).where(NOT_DELETED, condition))).one_or_none()
    return None if row is None else _user(row)


async def list_users(connection: AsyncConnection, *, offset: int, limit: int | None) -> list[User]:
    """Users by last name, first name and address."""
    order = (func.lower(users.c.last_name), func.lower(users.c.first_name), users.c.email)
    statement = select(users).where(NOT_DELETED).order_by(*order).offset(offset).limit(limit)
    return [_user(row) for row in await connection.execute(statement)]


async def find_staff(connection: AsyncConnection, typed: str, limit: int) -> list[User]:
    """Active people of the desk with `typed` in their name or address, by last name; all for nothing typed."""
    wanted = NOT_DELETED & users.c.is_active & users.c.customer_id.is_(None)
    if typed := typed.strip().removeprefix("@"):
        full_name = users.c.first_name + " " + users.c.last_name
        wanted &= full_name.icontains(typed, autoescape=True) | users.c.email.icontains(typed, autoescape=True)
    order = (func.lower(users.c.last_name), func.lower(users.c.first_name), users.c.email)
    statement = select(users).where(wanted).order_by(*order).limit(limit)
    return [_user(row) for row in await connection.execute(statement)]


async def count_users(connection: AsyncConnection) -> int:
    """How many users there are."""
    return int((await connection.execute(select(func.count()).select_from(users).where(NOT_DELETED))).scalar_one())


def _user(row: Row[Any]) -> User:
    return User(
        id=UserId(row.id),
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
        role=Role(row.role),
        customer_id=CustomerId(row.customer_id) if row.customer_id else None,
        language=row.language,
        timezone=row.timezone,
        is_active=row.is_active,
        directory_id=row.directory_id,
        last_login_at=row.last_login_at,
        locked_until=row.locked_until,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
