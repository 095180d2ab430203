"""Carries cards into console conversations: an entry of the transcript, and word to the pages that are open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, null, select, update
from sqlalchemy.dialects.postgresql import insert

from bot.channel import ConversationGone, Destination, MessageGone, PersonalConversation, TryLater
from bot.console.transcript import tell_entry
from bot.views.card import Card
from core.actor import SYSTEM
from core.chat.conversations import find_conversation
from core.chat.model import chat_conversations, chat_deliveries, console_entries
from core.chat.rules import Surface
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Unavailable
from core.ids import new_uuid

ON = "on"
ON_PAGE = "page"
"""In a destination's address: the answer was shown where it was asked for, outside of the chat, and stands nowhere."""

KEY = "key"
"""In a destination's address: the key of the form that is answered."""


class ConsoleChannel:
    """A `bot.channel.Channel` whose far end is our own database. Pages draw living cards for who looks at them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def surface(self) -> Surface:
        return Surface.CONSOLE

    async def post(self, destination: Destination, card: Card) -> str | None:
        if destination.address.get(ON) == ON_PAGE:
            return None
        entry_id = destination.delivery_id or new_uuid()
        try:
            async with self._database.begin(SYSTEM) as work:
                conversation = await find_conversation(
                    work.connection, Surface.CONSOLE, destination.tenant, destination.conversation
                )
                if conversation is None:
                    raise ConversationGone(f"There is no console conversation {destination.conversation}.")
                key = destination.address.get(KEY)
                await work.execute(
                    insert(console_entries)
                    .values(
                        id=entry_id,
                        conversation_id=conversation.id,
                        key=key if isinstance(key, str) else None,
                        created_at=work.now,
                        **await _what(work, destination, card),
                    )
                    .on_conflict_do_nothing(index_elements=[console_entries.c.id])
                )
                await tell_entry(work, destination.conversation, entry_id)
        except Unavailable as error:
            # A second attempt writes the same entry.
            raise TryLater(str(error)) from error
        return str(entry_id)

    async def update(self, destination: Destination, external_id: str, card: Card) -> None:
        try:
            async with self._database.begin(SYSTEM) as work:
                shown = await _what(work, destination, card)
                changed = await work.execute(
                    update(console_entries)
                    .where(_entry_of(destination, external_id))
                    .values(**{"said": None, "card_id": None, "content": null()} | dict(shown))
                )
                if not changed.rowcount:
                    raise MessageGone(f"There is no entry {external_id}.")
                await tell_entry(work, destination.conversation, _entry_id(external_id))
        except Unavailable as error:
            raise TryLater(str(error)) from error

    async def delete(self, destination: Destination, external_id: str) -> None:
        try:
            async with self._database.begin(SYSTEM) as work:
                entry_id = _entry_id(external_id)
                gone = await work.execute(delete(console_entries).where(_entry_of(destination, external_id)))
                if not gone.rowcount:
                    raise MessageGone(f"There is no entry {external_id}.")
                await tell_entry(work, destination.conversation, entry_id)
        except Unavailable as error:
            raise TryLater(str(error)) from error

    async def open_personal(self, tenant: str, account: str) -> PersonalConversation:
        return PersonalConversation(account, {})


async def _what(work: UnitOfWork, destination: Destination, card: Card) -> Mapping[str, Any]:
    """The delivery's posted card, which pages draw themselves; else the card as it is."""
    statement = select(chat_deliveries.c.card_id).where(chat_deliveries.c.id == destination.delivery_id)
    card_id = (await work.execute(statement)).scalar_one_or_none()
    return {"content": card.model_dump(mode="json")} if card_id is None else {"card_id": card_id}


def _entry_of(destination: Destination, external_id: str) -> ColumnElement[bool]:
    """The entry, if it stands in that conversation."""
    c = chat_conversations.c
    there = select(c.id).where(
        c.surface == Surface.CONSOLE.value,
        c.tenant == destination.tenant,
        c.external_id == destination.conversation,
    )
    e = console_entries.c
    return (e.id == _entry_id(external_id)) & e.conversation_id.in_(there)


def _entry_id(external_id: str) -> UUID:
    try:
        return UUID(external_id)
    except ValueError as error:
        raise MessageGone(f"There is no entry {external_id}.") from error
