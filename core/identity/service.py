"""Use cases on users: add them, list them, let them in."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import AuditAction
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput, NotFound, PermissionDenied
from core.identity import queries
from core.identity.errors import InvalidCredentials
from core.identity.model import users
from core.identity.passwords import DUMMY_HASH, check_password, hash_password, verify_password
from core.identity.queries import User, has_address
from core.identity.roles import Permission, Role
from core.identity.tokens import LIFETIME, AccessTokens
from core.ids import CustomerId, UserId, new_uuid

FAILURES_UNTIL_LOCKED = 5
LOCKED = timedelta(minutes=15)
HASHED_AT_ONCE = 4
"""Hashing must not take every thread of the process: others resolve names and read files there."""

LANGUAGES = ("de", "en")
LONGEST_EMAIL = 254
LONGEST_NAME = 100
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to add. Without a password there is no logging in. Customer roles need a customer, others have none."""

    email: str
    first_name: str
    last_name: str
    role: Role
    password: str | None = field(default=None, repr=False)
    customer_id: CustomerId | None = None
    phone: str | None = None
    language: str = "de"
    timezone: str = "Europe/Vienna"


@dataclass(frozen=True, slots=True)
class LogIn:
    """What one gets who logs in."""

    access_token: str = field(repr=False)
    expires_in_seconds: int


class Users:
    """The users of the desk."""

    def __init__(self, database: Database, tokens: AccessTokens) -> None:
        self._database = database
        self._tokens = tokens
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)

    async def add_user(self, actor: Actor, new: NewUser) -> UserId:
        """Add a user. Only a system administrator makes another one.

        Raises InvalidInput naming the field, AlreadyExists for an address in use, PermissionDenied.
        """
        actor.require(Permission.USER_MANAGE)
        if new.role is Role.SYSTEM_ADMIN and actor.kind is ActorKind.USER and actor.role is not Role.SYSTEM_ADMIN:
            raise PermissionDenied("Only a system administrator makes a system administrator.")
        new = replace(new, email=new.email.strip().lower())
        _check(new)
        password_hash = None if new.password is None else await asyncio.to_thread(hash_password, new.password)
        user_id = UserId(new_uuid())
        plain = {
            "email": new.email,
            "first_name": new.first_name,
            "last_name": new.last_name,
            "phone": new.phone,
            "role": new.role.value,
            "customer_id": new.customer_id,
            "language": new.language,
            "timezone": new.timezone,
        }
        async with self._database.begin(actor) as work:
            work.insert(
                users,
                {
                    "id": user_id,
                    **plain,
                    "password_hash": password_hash,
                    "password_changed_at": None if password_hash is None else work.now,
                    "is_active": True,
                    "failed_login_attempts": 0,
                    "version": 1,
                    "created_at": work.now,
                    "updated_at": work.now,
                },
            )
            work.audit(AuditAction.CREATE, "user", user_id, new=plain)
        return user_id

    async def list_users(self, actor: Actor, *, offset: int = 0, limit: int | None = None) -> list[User]:
        """Users by last name, first name and address. Raises PermissionDenied."""
        actor.require(Permission.USER_VIEW)
        async with self._database.connect() as connection:
            return await queries.list_users(connection, offset=offset, limit=limit)

    async def find_staff(self, actor: Actor, typed: str, limit: int = 10) -> list[User]:
        """Who can be given a ticket, by a part of the name or address. Raises PermissionDenied."""
        actor.require(Permission.USER_VIEW)
        async with self._database.connect() as connection:
            return await queries.find_staff(connection, typed, limit)

    async def set_directory_id(self, actor: Actor, user_id: UserId, directory_id: str | None) -> None:
        """Note which entry of the organisation's directory a user is (Entra ID: the object id); None: none.

        Raises NotFound, AlreadyExists for another user's entry, InvalidInput for what is no UUID, PermissionDenied.
        """
        actor.require(Permission.USER_MANAGE)
        wanted = None if directory_id is None else _directory_id(directory_id)
        async with self._database.begin(actor) as work:
            held = select(users).where(users.c.id == user_id, queries.NOT_DELETED).with_for_update()
            account = (await work.execute(held)).one_or_none()
            if account is None:
                raise NotFound("user", user_id)
            is_admin = account.role == Role.SYSTEM_ADMIN.value
            if is_admin and actor.kind is ActorKind.USER and actor.role is not Role.SYSTEM_ADMIN:
                raise PermissionDenied("Only a system administrator changes a system administrator.")
            if account.directory_id == wanted:
                return
            change = {"directory_id": wanted, "version": account.version + 1, "updated_at": work.now}
            await work.execute(update(users).where(users.c.id == user_id).values(change))
            old = {"directory_id": account.directory_id}
            work.audit(AuditAction.UPDATE, "user", user_id, old=old, new={"directory_id": wanted})

    async def count_users(self, actor: Actor) -> int:
        """How many users there are. Raises PermissionDenied."""
        actor.require(Permission.USER_VIEW)
        async with self._database.connect() as connection:
            return await queries.count_users(connection)

    async def get_user(self, actor: Actor, user_id: UserId) -> User:
        """A user; everyone may see themselves. Raises NotFound, PermissionDenied."""
        if user_id != actor.user_id:
            actor.require(Permission.USER_VIEW)
        async with self._database.connect() as connection:
            user = await queries.find_user(connection, users.c.id == user_id)
        if user is None:
            raise NotFound("user", user_id)
        return user

    async def log_in(self, email: str, password: str, ip_address: str | None) -> LogIn:
        """An access token for who knows the password. Raises InvalidCredentials, as `authenticate` does."""
        user = await self.authenticate(email, password, ip_address)
        return LogIn(await self._tokens.issue(user), int(LIFETIME.total_seconds()))

    async def authenticate(self, email: str, password: str, ip_address: str | None) -> User:
        """Who knows the password.

        Raises InvalidCredentials, always the same and after about the same time, for an unknown address, a wrong
        password, an account that is not active, and one that is locked: for 15 minutes after 5 failures in a row.
        """
        async with self._database.connect() as connection:
            statement = select(users.c.password_hash).where(has_address(email))
            password_hash = (await connection.execute(statement)).scalar_one_or_none()
        # No connection is held while hashing: it takes long, and there are few.
        async with self._hashing:
            is_right = await asyncio.to_thread(verify_password, password, password_hash or DUMMY_HASH)
        user_id = await self._record_attempt(email, password_hash if is_right else None, ip_address)
        if user_id is None:
            raise InvalidCredentials
        async with self._database.connect() as connection:
            user = await queries.find_user(connection, users.c.id == user_id)
        if user is None:
            raise InvalidCredentials
        return user

    async def issue_token(self, email: str) -> str:
        """An access token for an active user, without a password: for the command line. Raises NotFound."""
        async with self._database.begin(SYSTEM) as work:
            user = await queries.find_user(work.connection, has_address(email) & users.c.is_active)
            if user is None:
                raise NotFound("active user", email)
            work.audit(AuditAction.CREATE, "access_token", user.id, new={"email": user.email})
        return await self._tokens.issue(user)

    async def _record_attempt(self, email: str, proven_hash: str | None, ip_address: str | None) -> UserId | None:
        """Commit what the attempt means for the account: the user's id if it may come in, else None.

        The row decides, locked: of many guesses at the same time no more than 5 are looked at, even if one is right.
        """
        async with self._database.begin(replace(SYSTEM, ip_address=ip_address)) as work:
            account = (await work.execute(select(users).where(has_address(email)).with_for_update())).one_or_none()
            if account is None or (account.locked_until is not None and account.locked_until > work.now):
                return None
            if proven_hash is None or proven_hash != account.password_hash or not account.is_active:
                await _record_failure(work, account)
                return None
            await work.execute(
                update(users)
                .where(users.c.id == account.id)
                .values(last_login_at=work.now, last_login_ip=ip_address, failed_login_attempts=0, locked_until=None)
            )
            user_id = UserId(account.id)
            who = Actor(ActorKind.USER, user_id, account.email, Role(account.role), ip_address=ip_address)
            work.audit(AuditAction.UPDATE, "user", user_id, new={"last_login_at": work.now}, actor=who)
            return user_id


async def _record_failure(work: UnitOfWork, account: Row[tuple[object, ...]]) -> None:
    """Count one more failure; the fifth locks the account, and the count begins anew."""
    failures = account.failed_login_attempts + 1
    is_locked = failures >= FAILURES_UNTIL_LOCKED
    change = {
        "failed_login_attempts": 0 if is_locked else failures,
        "locked_until": work.now + LOCKED if is_locked else None,
    }
    await work.execute(update(users).where(users.c.id == account.id).values(change))
    old = {"failed_login_attempts": account.failed_login_attempts}
    work.audit(AuditAction.UPDATE, "user", account.id, old=old, new=change)


def _directory_id(text: str) -> str:
    """The id as directories write it: lower case, with dashes."""
    try:
        return str(UUID(text.strip()))
    except ValueError as error:
        raise InvalidInput("A directory id is a UUID.", field="directory_id") from error


def _check(new: NewUser) -> None:
    """Raise InvalidInput for what the database cannot check."""
    if len(new.email) > LONGEST_EMAIL or not _EMAIL.fullmatch(new.email):
        raise InvalidInput("This is no mail address.", field="email")
    for name in ("first_name", "last_name"):
        if not 1 <= len(getattr(new, name).strip()) <= LONGEST_NAME:
            raise InvalidInput(f"A name has 1 to {LONGEST_NAME} characters.", field=name)
    if new.language not in LANGUAGES:
        raise InvalidInput(f"The language must be among {', '.join(LANGUAGES)}.", field="language")
    try:
        ZoneInfo(new.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput("There is no such time zone.", field="timezone") from error
    if new.role.is_customer != (new.customer_id is not None):
        raise InvalidInput("Customer roles need a customer, others have none.", field="customer_id")
    if new.password is not None:
        check_password(new.password, email=new.email, first_name=new.first_name, last_name=new.last_name)
