"""What stands in console conversations: read for a page, written by who says something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from bot.console.calling import CONSOLE_TENANT, account_of, place_of
from bot.views.card import Card
from core.actor import SYSTEM
from core.chat.accounts import ChatAccounts
from core.chat.conversations import Conversation, find_conversation, keep_conversation
from core.chat.model import chat_conversations, console_entries, posted_card_tickets, posted_cards
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.identity.queries import User
from core.ids import TicketId, new_uuid

CONSOLE_CHANNEL = "psa_console"
"""The LISTEN/NOTIFY channel that tells open pages what changed: a ticket's id, or `entry <conversation> <entry id>`."""

DESK = "desk"
"""The conversation that all staff share: new tickets are shown there."""


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A living card: which view it shows, of what."""

    view: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was said, a living card, or a card that never changes: one of `said`, `shown` and `content`.

    `key` is that of the form by which it was said, or of what it answers. `tickets` are those whose changes redraw it.
    """

    id: UUID
    said: str | None
    shown: ShownCard | None
    content: Card | None
    key: str | None
    tickets: tuple[TicketId, ...]
    created_at: datetime


class Transcripts:
    """The transcripts of all users, and the desk's."""

    def __init__(self, database: Database, accounts: ChatAccounts, *, language: str) -> None:
        self._database = database
        self._accounts = accounts
        self._language = language

    async def open_own(self, user: User) -> Conversation:
        """The user's conversation with the desk, in which it can write by itself; begun if need be."""
        account, place = account_of(user), place_of(user, {})
        await self._accounts.recognise(
            account.surface,
            account.tenant,
            account.account,
            display_name=account.display_name,
            address=account.address,
        )
        async with self._database.begin(SYSTEM) as work:
            return await keep_conversation(
                work,
                place.surface,
                place.tenant,
                place.conversation,
                place.kind,
                name=place.name,
                language=user.language,
                account=account.account,
            )

    async def open_desk(self) -> None:
        """Make sure that there is the conversation that all staff share."""
        async with self._database.begin(SYSTEM) as work:
            row = {"surface": Surface.CONSOLE.value, "tenant": CONSOLE_TENANT, "external_id": DESK, "name": DESK}
            row |= {"kind": ConversationKind.CHANNEL.value, "purpose": ConversationPurpose.TRIAGE.value}
            stamps = {"created_at": work.now, "updated_at": work.now}
            await work.execute(
                insert(chat_conversations)
                .values(id=new_uuid(), language=self._language, **row, **stamps)
                .on_conflict_do_nothing()
            )

    async def read(self, name: str, *, limit: int, before: UUID | None = None) -> Sequence[Entry]:
        """The last entries of the conversation `name`, the oldest first; with `before` the last ones before that."""
        e = console_entries.c
        statement = _entries(name).order_by(e.created_at.desc(), e.id.desc()).limit(limit)
        if before is not None:
            edge = select(e.created_at).where(e.id == before).scalar_subquery()
            statement = statement.where(tuple_(e.created_at, e.id) < tuple_(edge, literal(before, e.id.type)))
        async with self._database.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return [_entry(row) for row in reversed(rows)]

    async def find(self, name: str, entry_id: UUID) -> Entry | None:
        """One entry of the conversation `name`."""
        async with self._database.connect() as connection:
            row = (await connection.execute(_entries(name).where(console_entries.c.id == entry_id))).one_or_none()
        return None if row is None else _entry(row)

    async def say(self, user: User, key: str, said: str) -> None:
        """Write down what the user said, once for a `key`."""
        async with self._database.connect() as connection:
            conversation = await find_conversation(connection, Surface.CONSOLE, CONSOLE_TENANT, str(user.id))
        if conversation is None:
            conversation = await self.open_own(user)
        async with self._database.begin(SYSTEM) as work:
            written = await work.execute(
                insert(console_entries)
                .values(id=new_uuid(), conversation_id=conversation.id, said=said, key=key, created_at=work.now)
                .on_conflict_do_nothing()
                .returning(console_entries.c.id)
            )
            entry_id = written.scalar_one_or_none()
            if entry_id is not None:
                await tell_entry(work, str(user.id), entry_id)


async def tell_entry(work: UnitOfWork, conversation: str, entry_id: UUID) -> None:
    """Tell open pages, once this is committed, that an entry is new or changed."""
    await work.flush()
    payload = f"entry {conversation} {entry_id}"
    await work.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CONSOLE_CHANNEL, "payload": payload})


def _entries(name: str) -> Select[Any]:
    c, e, p, t = chat_conversations.c, console_entries.c, posted_cards.c, posted_card_tickets.c
    shows = select(func.array_agg(t.ticket_id)).where(t.card_id == e.card_id).scalar_subquery()
    return (
        select(console_entries, p.view, p.arguments, shows.label("tickets"))
        .select_from(console_entries)
        .join(chat_conversations, c.id == e.conversation_id)
        .outerjoin(posted_cards, p.id == e.card_id)
        .where(c.surface == Surface.CONSOLE.value, c.tenant == CONSOLE_TENANT, c.external_id == name)
    )


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        said=row.said,
        shown=ShownCard(row.view, row.arguments) if row.card_id else None,
        content=Card.model_validate(row.content) if row.content else None,
        key=row.key,
        tickets=tuple(TicketId(each) for each in row.tickets or ()),
        created_at=row.created_at,
    )
