"""Who an account on a surface is: a user or a customer's contact, by the directory, an address, or a one-time code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import AuditAction
from core.chat.link_codes import LinkCode, WrongCodes, digest_of, new_code
from core.chat.model import chat_accounts, link_codes
from core.chat.rules import LinkedBy, Surface
from core.customers.model import contacts
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from core.identity.model import users
from core.identity.queries import User, find_user, has_address
from core.identity.roles import Permission
from core.ids import ChatAccountId, ContactId, CustomerId, UserId, new_uuid

_A = chat_accounts.c


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A person at a customer."""

    id: ContactId
    customer_id: CustomerId
    name: str
    address: str | None
    language: str


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account, and who it is; neither user nor contact for someone whom nobody knows."""

    id: ChatAccountId
    user: User | None
    contact: KnownContact | None


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """One of a user's accounts."""

    surface: Surface
    tenant: str
    account: str
    display_name: str
    linked_by: LinkedBy
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class _Link:
    user_id: UserId | None = None
    contact_id: ContactId | None = None
    linked_by: LinkedBy | None = None


_NOBODY = _Link()


@dataclass(frozen=True, slots=True)
class _Proof:
    """What the surface vouches for: an entry of the directory, as a condition on `users`, and an address."""

    entry: ColumnElement[bool] | None
    address: str | None


class ChatAccounts:
    """The accounts that the desk has heard of. `link_by_address`: an address that the surface vouches for is proof.

    `directory_tenant` is the Teams tenant whose directory ours is; None: whichever may talk to the desk.
    """

    def __init__(self, database: Database, *, link_by_address: bool, directory_tenant: str | None = None) -> None:
        self._database = database
        self._link_by_address = link_by_address
        self._directory_tenant = directory_tenant

    async def recognise(
        self, surface: Surface, tenant: str, account: str, *, display_name: str, address: str | None
    ) -> KnownAccount:
        """Who this is now. Keeps the account, and links it by the directory, else by the address, where it can be.

        What a code linked, or someone unlinked, only a code links anew. A user who is not active is not recognised.
        """
        proof = _Proof(
            entry=_directory_entry(surface, account) if self._is_own_directory(surface, tenant) else None,
            address=address.strip().lower() if address and self._link_by_address else None,
        )
        # What the surface does not say this time is as it was.
        told = {"display_name": display_name, "address": address}
        said = {name: value for name, value in told.items() if value}
        async with self._database.connect() as connection:
            row = await _find(connection, surface, tenant, account)
            if (
                row is not None
                and all(row._mapping[name] == value for name, value in said.items())
                and await _wanted_link(connection, row, proof) == _link_of(row)
            ):
                return await _known(connection, row)
        async with self._database.begin(SYSTEM) as work:
            row = await _hold(work, surface, tenant, account)
            await work.execute(update(chat_accounts).where(_A.id == row.id).values(said | {"updated_at": work.now}))
            wanted = await _wanted_link(work.connection, row, proof)
            if wanted != _link_of(row):
                await _link(work, row, wanted)
            return await _known(work.connection, await _get(work.connection, row.id))

    def _is_own_directory(self, surface: Surface, tenant: str) -> bool:
        return surface is not Surface.TEAMS or self._directory_tenant in (None, tenant)

    async def issue_code(self, actor: Actor) -> LinkCode:
        """A code by which the user links an account within ten minutes. An earlier one is good no more."""
        if actor.user_id is None:
            raise PermissionDenied("Only users have codes.")
        async with self._database.begin(actor) as work:
            code = new_code(work.now)
            unused = link_codes.c.user_id == actor.user_id, link_codes.c.used_at.is_(None)
            await work.execute(delete(link_codes).where(*unused))
            row = {"code_digest": digest_of(code.code), "user_id": actor.user_id, "expires_at": code.expires_at}
            work.insert(link_codes, row | {"created_at": work.now})
            work.audit(AuditAction.CREATE, "link_code", actor.user_id, new={"expires_at": code.expires_at})
        return code

    async def link_by_code(self, surface: Surface, tenant: str, account: str, code: str) -> User:
        """Link the account to the user who was given the code.

        Raises InvalidInput for a code that is wrong, used or expired, LimitExceeded after five of them in 15 minutes.
        """
        async with self._database.begin(SYSTEM) as work:
            row = await _hold(work, surface, tenant, account)
            wrong = WrongCodes(row.wrong_codes, row.wrong_codes_since)
            wrong.check(work.now)
            user = await _redeem(work, row, code)
            # A wrong code is committed as well: it counts.
            after = wrong.one_more(work.now) if user is None else WrongCodes(0, None)
            counted = {"wrong_codes": after.count, "wrong_codes_since": after.since}
            await work.execute(update(chat_accounts).where(_A.id == row.id).values(counted))
        if user is None:
            raise InvalidInput("This code is wrong, or was used, or is too old. Get a new one.", field="code")
        return user

    async def unlink(self, actor: Actor, surface: Surface, tenant: str, account: str) -> None:
        """Forget who an account is: one's own, or with `user:manage` another's. Only a code links it again.

        Raises NotFound, PermissionDenied, InvalidInput for the console, where everyone is who logged in.
        """
        if surface is Surface.CONSOLE:
            raise InvalidInput("In the console you are who logged in; log out instead.")
        async with self._database.begin(actor) as work:
            row = await _find(work.connection, surface, tenant, account, is_held=True)
            if row is None or _link_of(row) == _NOBODY:
                raise NotFound("linked account", account)
            if actor.user_id is None or row.user_id != actor.user_id:
                actor.require(Permission.USER_MANAGE)
            await _link(work, row, _NOBODY, is_on_purpose=True)

    async def list_accounts(self, actor: Actor) -> list[LinkedAccount]:
        """One's own accounts on other surfaces, the oldest link first."""
        mine = _A.user_id == actor.user_id, _A.surface != Surface.CONSOLE.value
        async with self._database.connect() as connection:
            rows = await connection.execute(select(chat_accounts).where(*mine).order_by(_A.linked_at, _A.id))
            return [
                LinkedAccount(
                    surface=Surface(row.surface),
                    tenant=row.tenant,
                    account=row.account,
                    display_name=row.display_name,
                    linked_by=LinkedBy(row.linked_by),
                    linked_at=row.linked_at,
                )
                for row in rows
            ]


async def link_contact(
    work: UnitOfWork, account_id: ChatAccountId, contact_id: ContactId, linked_by: LinkedBy = LinkedBy.CHANNEL
) -> None:
    """Link an account to a contact, as of one who writes in a customer's channel.

    Raises NotFound, Conflict where the account is someone already.
    """
    row = await _get(work.connection, account_id, is_held=True)
    wanted = _Link(contact_id=contact_id, linked_by=linked_by)
    if (row.user_id, row.contact_id) == (None, contact_id):
        return
    if _link_of(row) != _NOBODY:
        raise Conflict("This account is linked already.")
    await _link(work, row, wanted)


async def _find(
    connection: AsyncConnection, surface: Surface, tenant: str, account: str, *, is_held: bool = False
) -> Row[Any] | None:
    key = (_A.surface == surface.value) & (_A.tenant == tenant) & (_A.account == account)
    statement = select(chat_accounts).where(key)
    return (await connection.execute(statement.with_for_update() if is_held else statement)).one_or_none()


async def _get(connection: AsyncConnection, account_id: ChatAccountId, *, is_held: bool = False) -> Row[Any]:
    statement = select(chat_accounts).where(_A.id == account_id)
    row = (await connection.execute(statement.with_for_update() if is_held else statement)).one_or_none()
    if row is None:
        raise NotFound("account", account_id)
    return row


async def _hold(work: UnitOfWork, surface: Surface, tenant: str, account: str) -> Row[Any]:
    """The account, held; made where it is heard of for the first time."""
    row = {"id": new_uuid(), "surface": surface.value, "tenant": tenant, "account": account}
    stamps = {"created_at": work.now, "updated_at": work.now}
    await work.execute(insert(chat_accounts).values(row | stamps).on_conflict_do_nothing())
    held = await _find(work.connection, surface, tenant, account, is_held=True)
    if held is None:
        raise NotFound("account", account)
    return held


def _link_of(row: Row[Any]) -> _Link:
    return _Link(row.user_id, row.contact_id, LinkedBy(row.linked_by) if row.linked_by else None)


async def _wanted_link(connection: AsyncConnection, row: Row[Any], proof: _Proof) -> _Link:
    """What the account should be linked to by what is known now."""
    current = _link_of(row)
    was_taken_off = current == _NOBODY and row.linked_at is not None
    if current.linked_by is LinkedBy.CODE or was_taken_off:
        return current
    if proof.entry is not None and (user := await find_user(connection, proof.entry)) is not None:
        return _Link(user_id=user.id, linked_by=LinkedBy.DIRECTORY)
    if current.linked_by is LinkedBy.DIRECTORY or not await _is_there(connection, current):
        current = _NOBODY
    if current.user_id is not None or proof.address is None:
        return current
    user = await find_user(connection, has_address(proof.address))
    if user is not None:
        # Whoever was deactivated does not come back as a contact of the same address.
        return _Link(user_id=user.id, linked_by=LinkedBy.ADDRESS) if user.is_active else _NOBODY
    if current.contact_id is not None:
        return current
    by_address = select(contacts.c.id).where(contacts.c.email == proof.address, contacts.c.deleted_at.is_(None))
    contact_id = (await connection.execute(by_address)).scalar_one_or_none()
    return _NOBODY if contact_id is None else _Link(contact_id=ContactId(contact_id), linked_by=LinkedBy.ADDRESS)


def _directory_entry(surface: Surface, account: str) -> ColumnElement[bool] | None:
    """The user whom the directory of the surface names by this account: Entra ID's for Teams, ours for the console."""
    try:
        entry = UUID(account)
    except ValueError:
        return None
    if surface is Surface.TEAMS:
        return users.c.directory_id == str(entry)
    return users.c.id == entry if surface is Surface.CONSOLE else None


async def _is_there(connection: AsyncConnection, link: _Link) -> bool:
    """The person was not deleted meanwhile."""
    if link.user_id is not None:
        return await find_user(connection, users.c.id == link.user_id) is not None
    return await _find_contact(connection, link.contact_id) is not None


async def _find_contact(connection: AsyncConnection, contact_id: ContactId | None) -> KnownContact | None:
    if contact_id is None:
        return None
    statement = select(contacts).where(contacts.c.id == contact_id, contacts.c.deleted_at.is_(None))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    name = f"{row.first_name} {row.last_name}".strip()
    return KnownContact(ContactId(row.id), CustomerId(row.customer_id), name, row.email, row.language)


async def _known(connection: AsyncConnection, row: Row[Any]) -> KnownAccount:
    user = None if row.user_id is None else await find_user(connection, users.c.id == row.user_id)
    contact = await _find_contact(connection, row.contact_id)
    return KnownAccount(ChatAccountId(row.id), user if user is not None and user.is_active else None, contact)


async def _redeem(work: UnitOfWork, row: Row[Any], code: str) -> User | None:
    """Use the code up, and link the account to its user. None if it is good for nothing."""
    c = link_codes.c
    held = select(link_codes).where(c.code_digest == digest_of(code)).with_for_update()
    issued = (await work.execute(held)).one_or_none()
    if issued is None or issued.expires_at <= work.now:
        return None
    user = await find_user(work.connection, users.c.id == issued.user_id)
    if user is None or not user.is_active:
        return None
    wanted = _Link(user_id=user.id, linked_by=LinkedBy.CODE)
    if issued.used_at is not None:
        return user if _link_of(row) == wanted else None  # the same message, arriving twice
    await work.execute(update(link_codes).where(c.code_digest == issued.code_digest).values(used_at=work.now))
    actor = Actor(ActorKind.USER, user.id, user.email, user.role, customer_id=user.customer_id)
    await _link(work, row, wanted, actor=actor)
    return user


async def _link(
    work: UnitOfWork, row: Row[Any], wanted: _Link, *, actor: Actor | None = None, is_on_purpose: bool = False
) -> None:
    def told(link: _Link) -> dict[str, object]:
        return {"user_id": link.user_id, "contact_id": link.contact_id, "linked_by": link.linked_by}

    linked_at = work.now if wanted != _NOBODY or is_on_purpose else None
    change = told(wanted) | {"linked_at": linked_at, "updated_at": work.now}
    await work.execute(update(chat_accounts).where(_A.id == row.id).values(change))
    name = {"surface": row.surface, "tenant": row.tenant, "account": row.account}
    old, new = told(_link_of(row)), told(wanted)
    work.audit(AuditAction.UPDATE, "chat_account", row.id, old=old, new=new | name, actor=actor)
