"""Where people chat with the desk: kept as it becomes known, told by managers what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Row, Select, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.audit.model import AuditAction
from core.chat.deliveries import queue_redraw_for_readers
from core.chat.model import chat_accounts, chat_conversations, chat_deliveries, posted_cards
from core.chat.rules import ConversationKind, ConversationPurpose, DeliveryState, Surface
from core.customers.model import customers
from core.database.engine import Database
from core.database.page import RowPage, read_page
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput, NotFound
from core.identity.roles import Permission
from core.ids import ChatAccountId, ConversationId, CustomerId, new_uuid

UNOPENED = "unopened:"
"""Begins the `external_id` of a personal conversation that the desk has yet to begin, before the account's id."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """As in `core.chat.model.chat_conversations`."""

    id: ConversationId
    surface: Surface
    tenant: str
    external_id: str
    kind: ConversationKind
    purpose: ConversationPurpose
    customer_id: CustomerId | None
    account_id: ChatAccountId | None
    language: str
    reference: Mapping[str, Any]
    dropped_at: datetime | None
    name: str


class ConversationChanges(TypedDict, total=False):
    """What a manager changes. CUSTOMER needs `customer_id`, the other purposes have none."""

    purpose: ConversationPurpose
    customer_id: CustomerId | None
    language: str


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations are wanted: all that is given must hold. `is_dropped` None wants both."""

    surface: Surface | None = None
    purpose: ConversationPurpose | None = None
    customer_id: CustomerId | None = None
    is_dropped: bool | None = False


async def find_conversation(
    connection: AsyncConnection, surface: Surface, tenant: str, external_id: str
) -> Conversation | None:
    """The conversation, also one where the desk may not write any more."""
    row = (await connection.execute(_named(surface, tenant, external_id))).one_or_none()
    return None if row is None else conversation_of(row)


async def keep_conversation(
    work: UnitOfWork,
    surface: Surface,
    tenant: str,
    external_id: str,
    kind: ConversationKind,
    *,
    name: str = "",
    reference: Mapping[str, object] | None = None,
    language: str = "de",
    account: str | None = None,
) -> Conversation:
    """The conversation, with what is known of it now; one that was dropped is back, for something came from there.

    `language` is for a new one. `account` is whose personal conversation it is; other kinds have none.
    """
    c = chat_conversations.c
    found = (await work.execute(_named(surface, tenant, external_id))).one_or_none()
    account_id = None
    if account is not None and kind is ConversationKind.PERSONAL:
        account_id = await find_account_id(work, surface, tenant, account)
    if found is None:
        await work.execute(
            insert(chat_conversations)
            .values(
                id=new_uuid(),
                surface=surface.value,
                tenant=tenant,
                external_id=external_id,
                kind=kind.value,
                purpose=ConversationPurpose.TALK.value,
                name=name,
                account_id=account_id,
                language=language,
                reference=dict(reference or {}),
                created_at=work.now,
                updated_at=work.now,
            )
            .on_conflict_do_nothing()
        )
        found = (await work.execute(_named(surface, tenant, external_id))).one()
    new = {
        "kind": kind.value,
        "name": name or found.name,
        "account_id": account_id or (found.account_id if kind is ConversationKind.PERSONAL else None),
        "reference": dict(reference or {}) or found.reference,
        "dropped_at": None,
    }
    if all(found._mapping[column] == value for column, value in new.items()):
        return conversation_of(found)
    changed = await work.execute(
        update(chat_conversations)
        .where(c.id == found.id)
        .values(**new, updated_at=work.now)
        .returning(chat_conversations)
    )
    return conversation_of(changed.one())


async def find_account_id(work: UnitOfWork, surface: Surface, tenant: str, account: str) -> ChatAccountId | None:
    """The account, if something came from it before."""
    a = chat_accounts.c
    named = select(a.id).where(a.surface == surface.value, a.tenant == tenant, a.account == account)
    found = (await work.execute(named)).scalar_one_or_none()
    return None if found is None else ChatAccountId(found)


async def keep_personal_conversation(work: UnitOfWork, account_id: ChatAccountId) -> Conversation | None:
    """The conversation with this account alone; begun by the sender if there is none yet.

    None where the account ended it: who blocked the desk is not written to.
    """
    c = chat_conversations.c
    newest = (
        select(chat_conversations)
        .where(c.account_id == account_id, c.kind == ConversationKind.PERSONAL.value)
        .order_by(c.dropped_at.is_(None).desc(), c.updated_at.desc())
        .limit(1)
    )
    found = (await work.execute(newest)).one_or_none()
    if found is not None:
        return None if found.dropped_at is not None else conversation_of(found)
    account = (await work.execute(select(chat_accounts).where(chat_accounts.c.id == account_id))).one()
    surface = Surface(account.surface)
    return await keep_conversation(
        work,
        surface,
        account.tenant,
        account.account if surface is Surface.CONSOLE else f"{UNOPENED}{account.account}",
        ConversationKind.PERSONAL,
        name=account.display_name,
        account=account.account,
    )


async def open_conversation(
    work: UnitOfWork, conversation: Conversation, external_id: str, reference: Mapping[str, object]
) -> Conversation:
    """A personal conversation was begun on its surface. What waits for it goes on where the surface knows it."""
    c = chat_conversations.c
    known = await find_conversation(work.connection, conversation.surface, conversation.tenant, external_id)
    if known is None:
        opened = await work.execute(
            update(chat_conversations)
            .where(c.id == conversation.id)
            .values(external_id=external_id, reference=dict(reference), updated_at=work.now)
            .returning(chat_conversations)
        )
        return conversation_of(opened.one())
    # It became known in the meantime, by what came from there.
    for table in (posted_cards, chat_deliveries):
        await work.execute(
            update(table).where(table.c.conversation_id == conversation.id).values(conversation_id=known.id)
        )
    await work.execute(update(chat_conversations).where(c.id == conversation.id).values(dropped_at=work.now))
    return known


async def drop_conversation(work: UnitOfWork, conversation_id: ConversationId) -> None:
    """The desk may not write there any more; what waits for it is dropped."""
    c = chat_conversations.c
    await work.execute(
        update(chat_conversations)
        .where(c.id == conversation_id, c.dropped_at.is_(None))
        .values(dropped_at=work.now, updated_at=work.now)
    )
    await _drop_deliveries(work, conversation_id)


class Conversations:
    """What managers do with conversations. Every method raises PermissionDenied."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_conversations(
        self, actor: Actor, wanted: ConversationFilter, *, limit: int = 20, offset: int = 0
    ) -> RowPage:
        """Conversations with the names of their customers, by surface and name."""
        actor.require(Permission.CHAT_MANAGE)
        c = chat_conversations.c
        conditions = [
            column == value
            for column, value in (
                (c.surface, wanted.surface),
                (c.purpose, wanted.purpose),
                (c.customer_id, wanted.customer_id),
            )
            if value is not None
        ]
        if wanted.is_dropped is not None:
            conditions.append(c.dropped_at.is_not(None) if wanted.is_dropped else c.dropped_at.is_(None))
        async with self._database.connect() as connection:
            return await read_page(
                connection,
                _with_customer().where(*conditions),
                order_by=(c.surface, func.lower(c.name), c.id),
                limit=limit,
                offset=offset,
            )

    async def get_conversation(self, actor: Actor, conversation_id: ConversationId) -> dict[str, Any]:
        """One conversation with its customer's name. Raises NotFound."""
        actor.require(Permission.CHAT_MANAGE)
        async with self._database.connect() as connection:
            found = await connection.execute(_with_customer().where(chat_conversations.c.id == conversation_id))
            row = found.one_or_none()
        if row is None:
            raise NotFound("conversation", conversation_id)
        return dict(row._mapping)

    async def change_conversation(
        self, actor: Actor, conversation_id: ConversationId, changes: ConversationChanges
    ) -> None:
        """Say what a conversation is for, or in which language the desk speaks there.

        When a conversation comes to be shared with a customer, or with another one, or no more, what waits for it is
        dropped: it was meant for other eyes. Cards that stand there are redrawn for the customer; in one that is shared
        no more they stay as they are, for the customer's people may still be there.
        Raises NotFound, InvalidInput for a customer that does not fit and for a purpose of a personal conversation.
        """
        actor.require(Permission.CHAT_MANAGE)
        c = chat_conversations.c
        async with self._database.begin(actor) as work:
            statement = select(chat_conversations).where(c.id == conversation_id).with_for_update()
            row = (await work.execute(statement)).one_or_none()
            if row is None:
                raise NotFound("conversation", conversation_id)
            old = {"purpose": row.purpose, "customer_id": row.customer_id, "language": row.language}
            new = {**old, **changes}
            await _check(work, ConversationKind(row.kind), new)
            told = {name: value for name, value in new.items() if old[name] != value}
            if not told:
                return
            await work.execute(
                update(chat_conversations).where(c.id == conversation_id).values(**told, updated_at=work.now)
            )
            if "customer_id" in told:
                await _drop_deliveries(work, conversation_id)
                p = posted_cards.c
                meant_for_others = p.external_id.is_(None) if new["customer_id"] else true()
                await work.execute(
                    update(posted_cards)
                    .where(p.conversation_id == conversation_id, p.dropped_at.is_(None), meant_for_others)
                    .values(dropped_at=work.now)
                )
                if new["customer_id"]:
                    await queue_redraw_for_readers(work, conversation_id)
            was = {name: old[name] for name in told}
            work.audit(AuditAction.UPDATE, "chat_conversation", conversation_id, old=was, new=told)


def conversation_of(row: Row[Any]) -> Conversation:
    """A row of `chat_conversations`."""
    return Conversation(
        id=ConversationId(row.id),
        surface=Surface(row.surface),
        tenant=row.tenant,
        external_id=row.external_id,
        kind=ConversationKind(row.kind),
        purpose=ConversationPurpose(row.purpose),
        customer_id=CustomerId(row.customer_id) if row.customer_id else None,
        account_id=ChatAccountId(row.account_id) if row.account_id else None,
        language=row.language,
        reference=row.reference,
        dropped_at=row.dropped_at,
        name=row.name,
    )


def _named(surface: Surface, tenant: str, external_id: str) -> Select[Any]:
    c = chat_conversations.c
    return select(chat_conversations).where(
        c.surface == surface.value, c.tenant == tenant, c.external_id == external_id
    )


def _with_customer() -> Select[Any]:
    return select(chat_conversations, customers.c.name.label("customer_name")).outerjoin(
        customers, customers.c.id == chat_conversations.c.customer_id
    )


async def _drop_deliveries(work: UnitOfWork, conversation_id: ConversationId) -> None:
    d = chat_deliveries.c
    await work.execute(
        update(chat_deliveries)
        .where(d.conversation_id == conversation_id, d.state == DeliveryState.QUEUED.value)
        .values(state=DeliveryState.DROPPED.value, lease_token=None, leased_until=None)
    )


async def _check(work: UnitOfWork, kind: ConversationKind, new: Mapping[str, Any]) -> None:
    purpose = ConversationPurpose(new["purpose"])
    if kind is ConversationKind.PERSONAL and purpose is not ConversationPurpose.TALK:
        raise InvalidInput("A personal conversation is for talking only.", field="purpose")
    if (purpose is ConversationPurpose.CUSTOMER) != (new["customer_id"] is not None):
        raise InvalidInput("A channel that is shared with a customer needs one, others have none.", field="customer_id")
    if new["language"] not in ("de", "en"):
        raise InvalidInput("The languages are de and en.", field="language")
    if new["customer_id"] is not None:
        there = (customers.c.id == new["customer_id"]) & customers.c.deleted_at.is_(None)
        if (await work.execute(select(customers.c.id).where(there))).one_or_none() is None:
            raise InvalidInput("There is no such customer.", field="customer_id")
