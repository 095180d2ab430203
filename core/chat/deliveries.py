"""The queue of what is to be shown in chat: filled in the use case that wants it, emptied by a sender elsewhere.

A living card is queued as its view and drawn when it is sent; `content` is a neutral card as JSON that never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert

from core.chat.model import chat_conversations, chat_deliveries, posted_card_tickets, posted_cards
from core.chat.rules import DeliveryKind, DeliveryState, Surface
from core.database.unit_of_work import UnitOfWork
from core.errors import NotFound
from core.ids import CardId, ChatDeliveryId, ConversationId, MessageId, TicketId, UserId, new_uuid

CHAT_CHANNEL = "psa_chat"
"""The LISTEN/NOTIFY channel that wakes the senders."""

KEPT = timedelta(days=90)
FIRST_CARD = "first:"
"""Begins the `coalesce_key` of a ticket's card that is posted only where none stands."""

_COALESCED = text("state = 'queued' AND coalesce_key IS NOT NULL")
"""The partial unique index; with bound values PostgreSQL would not see that it is meant."""

_NO_ADDRESS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class ShownView:
    """A view that a posted card shows, and the tickets whose changes redraw it.

    `ticket_id` is set for a ticket's own card: what is said in its thread belongs to the ticket. `user_id` is for whom
    it is drawn; None: for the conversation as a whole.
    """

    view: str
    arguments: Mapping[str, str]
    language: str
    tickets: tuple[TicketId, ...] = ()
    ticket_id: TicketId | None = None
    user_id: UserId | None = None


async def queue_view(
    work: UnitOfWork,
    conversation_id: ConversationId,
    shown: ShownView,
    *,
    thread: str | None = None,
    recipient: str | None = None,
    address: Mapping[str, object] = _NO_ADDRESS,
) -> CardId:
    """Post a living card. `thread` is the root of the thread to post in, `recipient` the account that alone sees it."""
    card_id = CardId(new_uuid())
    _write_card(work, card_id, conversation_id, shown, thread=thread)
    await _queue(
        work,
        conversation_id,
        DeliveryKind.POST,
        card_id=card_id,
        thread=thread,
        recipient=recipient,
        address=dict(address),
        ticket_id=shown.ticket_id,
    )
    return card_id


async def queue_first_card(
    work: UnitOfWork, conversation_id: ConversationId, shown: ShownView, *, delay: timedelta
) -> CardId:
    """Post a ticket's own card after `delay`, unless by then one stands there, because somebody asked for it."""
    card_id = CardId(new_uuid())
    _write_card(work, card_id, conversation_id, shown)
    await _queue(
        work,
        conversation_id,
        DeliveryKind.POST,
        card_id=card_id,
        ticket_id=shown.ticket_id,
        coalesce_key=f"{FIRST_CARD}{conversation_id}:{shown.ticket_id}",
        next_attempt_at=work.now + delay,
    )
    return card_id


async def queue_content(
    work: UnitOfWork,
    conversation_id: ConversationId,
    content: Mapping[str, Any],
    *,
    thread: str | None = None,
    under: CardId | None = None,
    recipient: str | None = None,
    address: Mapping[str, object] = _NO_ADDRESS,
    ticket_id: TicketId | None = None,
    message_id: MessageId | None = None,
) -> ChatDeliveryId:
    """Post a card that never changes; `under` a posted card, in its thread.

    `ticket_id` is the ticket that it tells of, `message_id` the message that it carries.
    """
    return await _queue(
        work,
        conversation_id,
        DeliveryKind.POST,
        content=dict(content),
        thread=thread,
        under_card_id=under,
        recipient=recipient,
        address=dict(address),
        ticket_id=ticket_id,
        message_id=message_id,
    )


async def queue_update(
    work: UnitOfWork,
    conversation_id: ConversationId,
    external_id: str,
    content: Mapping[str, Any],
    *,
    address: Mapping[str, object] = _NO_ADDRESS,
) -> None:
    """Put a card that never changes in the place of a message. Was a living card there, it is none any more."""
    p, d = posted_cards.c, chat_deliveries.c
    await work.flush()
    await work.execute(
        update(posted_cards)
        .where(p.conversation_id == conversation_id, p.external_id == external_id, p.dropped_at.is_(None))
        .values(dropped_at=work.now)
    )
    row = insert(chat_deliveries).values(
        id=new_uuid(),
        conversation_id=conversation_id,
        kind=DeliveryKind.UPDATE.value,
        content=dict(content),
        target=external_id,
        address=dict(address),
        coalesce_key=f"message:{conversation_id}:{external_id}",
        wanted=1,
        state=DeliveryState.QUEUED.value,
        next_attempt_at=work.now,
        created_at=work.now,
    )
    await work.execute(
        row.on_conflict_do_update(
            index_elements=[d.coalesce_key],
            index_where=_COALESCED,
            set_={
                "content": row.excluded.content,
                "address": row.excluded.address,
                "wanted": d.wanted + 1,
                "next_attempt_at": _next_attempt(row),
            },
        )
    )
    await _notify(work)


async def queue_view_in_place(
    work: UnitOfWork,
    conversation_id: ConversationId,
    external_id: str,
    shown: ShownView,
) -> CardId:
    """Show a view in the place of a message; a living card there shows this one from now on."""
    p = posted_cards.c
    await work.flush()
    there = (p.conversation_id == conversation_id) & (p.external_id == external_id)
    changed = await work.execute(
        update(posted_cards)
        .where(there)
        .values(
            view=shown.view,
            arguments=dict(shown.arguments),
            language=shown.language,
            user_id=shown.user_id,
            ticket_id=shown.ticket_id,
            drawn_digest=None,
            dropped_at=None,
        )
        .returning(p.id)
    )
    known = changed.scalar_one_or_none()
    card_id = CardId(new_uuid() if known is None else known)
    if known is None:
        _write_card(work, card_id, conversation_id, shown, external_id=external_id)
    else:
        _write_tickets(work, card_id, shown)
    await work.flush()
    await _queue_redraws(work, [p.id == card_id], timedelta())
    return card_id


async def queue_delete(work: UnitOfWork, conversation_id: ConversationId, external_id: str) -> ChatDeliveryId:
    """Take a message of ours away."""
    p = posted_cards.c
    await work.execute(
        update(posted_cards)
        .where(p.conversation_id == conversation_id, p.external_id == external_id, p.dropped_at.is_(None))
        .values(dropped_at=work.now)
    )
    return await _queue(work, conversation_id, DeliveryKind.DELETE, target=external_id)


async def queue_redraw(
    work: UnitOfWork, ticket_id: TicketId, *, delay: timedelta, surface: Surface | None = None
) -> int:
    """Redraw the posted cards (of one surface) that show the ticket after `delay`; returns how many.

    One redraw of a card waits at a time: what changes meanwhile is in it, for it draws what is true when it is sent.
    What changes while it is being drawn has it drawn once more.
    """
    await work.flush()
    t = posted_card_tickets.c
    shows: list[ColumnElement[bool]] = [posted_cards.c.id.in_(select(t.card_id).where(t.ticket_id == ticket_id))]
    if surface is not None:
        shows.append(chat_conversations.c.surface == surface.value)
    return await _queue_redraws(work, shows, delay)


async def queue_redraw_for_readers(work: UnitOfWork, conversation_id: ConversationId) -> int:
    """Redraw all cards that stand in a conversation, because others read it now; returns how many."""
    p = posted_cards.c
    await work.flush()
    return await _queue_redraws(work, [p.conversation_id == conversation_id, p.external_id.is_not(None)], timedelta())


async def retry_delivery(work: UnitOfWork, delivery_id: ChatDeliveryId) -> None:
    """Send a failed delivery once more. Raises NotFound where none of this id failed.

    A redraw of a card for which another one waits by now is needless.
    """
    d, p = chat_deliveries.c, posted_cards.c
    waiting = chat_deliveries.alias("waiting")
    is_needless = exists().where(
        waiting.c.coalesce_key == d.coalesce_key, waiting.c.state == DeliveryState.QUEUED.value
    )
    revived = await work.execute(
        update(chat_deliveries)
        .where(d.id == delivery_id, d.state == DeliveryState.FAILED.value)
        .values(
            state=case((is_needless, DeliveryState.DROPPED.value), else_=DeliveryState.QUEUED.value),
            attempts=0,
            next_attempt_at=work.now,
            created_at=work.now,
            last_error=None,
        )
        .returning(d.card_id, d.kind)
    )
    row = revived.one_or_none()
    if row is None:
        raise NotFound("failed chat delivery", delivery_id)
    if row.card_id is not None and row.kind == DeliveryKind.POST.value:
        await work.execute(update(posted_cards).where(p.id == row.card_id).values(dropped_at=None))
    await _notify(work)


async def purge_deliveries(work: UnitOfWork, *, kept: timedelta = KEPT) -> int:
    """Forget what was sent, failed or dropped longer ago than `kept`; returns how many."""
    d = chat_deliveries.c
    gone = await work.execute(
        delete(chat_deliveries).where(d.state != DeliveryState.QUEUED.value, d.created_at < work.now - kept)
    )
    return int(gone.rowcount)


async def _queue_redraws(work: UnitOfWork, shows: Sequence[ColumnElement[bool]], delay: timedelta) -> int:
    p, c, d = posted_cards.c, chat_conversations.c, chat_deliveries.c
    cards = (
        await work.execute(
            select(p.id, p.conversation_id, p.ticket_id)
            .join(chat_conversations, c.id == p.conversation_id)
            .where(*shows, p.dropped_at.is_(None), c.dropped_at.is_(None))
            # Always in the same order: two that redraw the same cards wait for each other instead of in a circle.
            .order_by(p.id)
        )
    ).all()
    if not cards:
        return 0
    row = insert(chat_deliveries).values(
        [
            {
                "id": new_uuid(),
                "conversation_id": card.conversation_id,
                "kind": DeliveryKind.UPDATE.value,
                "card_id": card.id,
                "ticket_id": card.ticket_id,
                "coalesce_key": f"card:{card.id}",
                "wanted": 1,
                "state": DeliveryState.QUEUED.value,
                "next_attempt_at": work.now + delay,
                "created_at": work.now,
            }
            for card in cards
        ]
    )
    await work.execute(
        row.on_conflict_do_update(
            index_elements=[d.coalesce_key],
            index_where=_COALESCED,
            set_={"wanted": d.wanted + 1, "next_attempt_at": _next_attempt(row)},
        )
    )
    await _notify(work)
    return len(cards)


async def _queue(work: UnitOfWork, conversation_id: ConversationId, kind: DeliveryKind, **what: Any) -> ChatDeliveryId:
    delivery_id = ChatDeliveryId(new_uuid())
    work.insert(
        chat_deliveries,
        {
            "id": delivery_id,
            "conversation_id": conversation_id,
            "kind": kind.value,
            "wanted": 1,
            "attempts": 0,
            "is_uncertain": False,
            "state": DeliveryState.QUEUED.value,
            "next_attempt_at": work.now,
            "created_at": work.now,
            "address": {},
            **what,
        },
    )
    await _notify(work)
    return delivery_id


def _next_attempt(row: Insert) -> ColumnElement[Any]:
    """A row that is being sent is due again at the new instant; one that failed waits as it does; else the sooner."""
    d = chat_deliveries.c
    wanted = row.excluded.next_attempt_at
    return case(
        (d.leased_until.is_not(None), wanted),
        (d.last_error.is_not(None), d.next_attempt_at),
        else_=func.least(d.next_attempt_at, wanted),
    )


def _write_card(
    work: UnitOfWork,
    card_id: CardId,
    conversation_id: ConversationId,
    shown: ShownView,
    *,
    thread: str | None = None,
    external_id: str | None = None,
) -> None:
    work.insert(
        posted_cards,
        {
            "id": card_id,
            "conversation_id": conversation_id,
            "external_id": external_id,
            "thread": thread,
            "view": shown.view,
            "arguments": dict(shown.arguments),
            "user_id": shown.user_id,
            "language": shown.language,
            "ticket_id": shown.ticket_id,
            "created_at": work.now,
        },
    )
    _write_tickets(work, card_id, shown)


def _write_tickets(work: UnitOfWork, card_id: CardId, shown: ShownView) -> None:
    for ticket_id in dict.fromkeys((*shown.tickets, *((shown.ticket_id,) if shown.ticket_id else ()))):
        work.insert(posted_card_tickets, {"card_id": card_id, "ticket_id": ticket_id})


async def _notify(work: UnitOfWork) -> None:
    await work.execute(select(func.pg_notify(CHAT_CHANNEL, "")))
