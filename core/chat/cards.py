"""Posted cards: which of the desk's messages show what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.chat.model import posted_cards
from core.database.unit_of_work import UnitOfWork
from core.ids import CardId, ConversationId, TicketId, UserId


@dataclass(frozen=True, slots=True)
class PostedCard:
    """A living card in a conversation. `external_id` is None until it is posted, `thread` where it stands in none."""

    id: CardId
    conversation_id: ConversationId
    external_id: str | None
    thread: str | None
    view: str
    arguments: Mapping[str, str]
    language: str
    user_id: UserId | None
    ticket_id: TicketId | None
    drawn_digest: str | None
    is_dropped: bool


async def find_card(
    connection: AsyncConnection, conversation_id: ConversationId, external_id: str
) -> PostedCard | None:
    """The living card that this message is or was."""
    p = posted_cards.c
    here = select(posted_cards).where(p.conversation_id == conversation_id, p.external_id == external_id)
    row = (await connection.execute(here)).one_or_none()
    return None if row is None else card_of(row._asdict())


async def find_ticket_of_thread(
    connection: AsyncConnection, conversation_id: ConversationId, thread: str
) -> TicketId | None:
    """The ticket to which a thread belongs: its root is the ticket's own card, or its first own card stands in it."""
    p = posted_cards.c
    own = (
        select(p.ticket_id)
        .where(
            p.conversation_id == conversation_id,
            or_(p.external_id == thread, p.thread == thread),
            p.ticket_id.is_not(None),
        )
        .order_by(p.external_id.is_not_distinct_from(thread).desc(), p.id)
        .limit(1)
    )
    found = (await connection.execute(own)).scalar_one_or_none()
    return None if found is None else TicketId(found)


async def find_own_card(
    connection: AsyncConnection, conversation_id: ConversationId, ticket_id: TicketId, *, besides: CardId | None = None
) -> CardId | None:
    """The first of the ticket's own cards that stand in the conversation, or are about to."""
    p = posted_cards.c
    own = (
        select(p.id)
        .where(
            p.conversation_id == conversation_id,
            p.ticket_id == ticket_id,
            p.dropped_at.is_(None),
            p.id.is_distinct_from(besides),
        )
        .order_by(p.id)
        .limit(1)
    )
    found = (await connection.execute(own)).scalar_one_or_none()
    return None if found is None else CardId(found)


async def drop_card(work: UnitOfWork, card_id: CardId) -> None:
    """The card is not redrawn any more."""
    p = posted_cards.c
    await work.execute(update(posted_cards).where(p.id == card_id, p.dropped_at.is_(None)).values(dropped_at=work.now))


def card_of(row: Mapping[str, Any]) -> PostedCard:
    """A row of `posted_cards`, by column name."""
    return PostedCard(
        id=CardId(row["id"]),
        conversation_id=ConversationId(row["conversation_id"]),
        external_id=row["external_id"],
        thread=row["thread"],
        view=row["view"],
        arguments=row["arguments"],
        language=row["language"],
        user_id=UserId(row["user_id"]) if row["user_id"] else None,
        ticket_id=TicketId(row["ticket_id"]) if row["ticket_id"] else None,
        drawn_digest=row["drawn_digest"],
        is_dropped=row["dropped_at"] is not None,
    )
