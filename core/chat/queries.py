"""What became of what the desk sent: by mail and in chat, and what of it is stuck or dead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.chat.model import chat_arrivals, chat_conversations, chat_deliveries
from core.chat.rules import ArrivalState, ConversationPurpose, DeliveryState, Surface
from core.database.page import RowPage, read_page
from core.identity.roles import Permission
from core.mail.model import outgoing_mails
from core.tickets.model import tickets
from core.tickets.queries import TicketReference, get_ticket

MAIL = "mail"
"""`via` of a delivery that is no surface's."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which chat deliveries are wanted: all that is given must hold."""

    states: tuple[DeliveryState, ...] = ()
    surface: Surface | None = None


async def find_deliveries(
    connection: AsyncConnection, actor: Actor, reference: TicketReference, *, limit: int = 20, offset: int = 0
) -> RowPage:
    """What was sent of the ticket, by mail and in chat, newest first.

    Each with `via` (`mail` or the surface), `place` (an address or the conversation's name), what kind it is, its
    state, attempts and last error. Raises PermissionDenied unless the actor sees all tickets, NotFound for the ticket.
    """
    actor.require(Permission.TICKET_VIEW_ALL)
    ticket = await get_ticket(connection, actor, reference)
    o = outgoing_mails.c
    mails = select(
        o.id,
        literal(MAIL, Text).label("via"),
        o.recipient.label("place"),
        literal("post", Text).label("kind"),
        o.state,
        o.attempts,
        o.last_error,
        o.message_id,
        o.created_at,
        o.sent_at,
    ).where(o.ticket_id == ticket["id"])
    every = union_all(mails, _in_chat().where(chat_deliveries.c.ticket_id == ticket["id"])).subquery()
    newest = (every.c.created_at.desc(), every.c.id.desc())
    return await read_page(connection, select(every), order_by=newest, limit=limit, offset=offset)


async def list_chat_deliveries(connection: AsyncConnection, wanted: DeliveryFilter, *, limit: int = 20) -> RowPage:
    """Chat deliveries with the numbers of their tickets, newest first."""
    d, c = chat_deliveries.c, chat_conversations.c
    statement = _in_chat().add_columns(tickets.c.number).outerjoin(tickets, tickets.c.id == d.ticket_id)
    if wanted.states:
        statement = statement.where(d.state.in_([state.value for state in wanted.states]))
    if wanted.surface is not None:
        statement = statement.where(c.surface == wanted.surface.value)
    return await read_page(connection, statement, order_by=(d.created_at.desc(), d.id), limit=limit, offset=0)


async def list_failed_arrivals(connection: AsyncConnection, *, limit: int = 20) -> RowPage:
    """What arrived and could not be done, newest first, without its bodies."""
    a = chat_arrivals.c
    statement = select(a.id, a.surface, a.natural_key, a.attempts, a.last_error, a.received_at).where(
        a.state == ArrivalState.FAILED.value
    )
    return await read_page(connection, statement, order_by=(a.received_at.desc(), a.id), limit=limit, offset=0)


@dataclass(frozen=True, slots=True)
class ChatHealth:
    """How chat is: what failed and waits for a person, and since when the oldest due work waits.

    `lost` names the conversations with a purpose where the desk may not write any more.
    """

    failed_arrivals: int
    oldest_arrival: datetime | None
    failed_deliveries: int
    oldest_delivery: datetime | None
    lost: tuple[str, ...]


async def get_chat_health(connection: AsyncConnection, now: datetime, *, since: datetime) -> ChatHealth:
    """What failed from `since` on, and what is due at `now` and was not done."""
    a, d = chat_arrivals.c, chat_deliveries.c
    waiting_arrivals = select(func.min(a.received_at)).where(a.state == ArrivalState.WAITING.value)
    waiting_deliveries = select(func.min(d.created_at)).where(
        d.state == DeliveryState.QUEUED.value, or_(d.next_attempt_at <= now, d.last_error.is_not(None))
    )
    failed_arrivals = select(func.count()).where(a.state == ArrivalState.FAILED.value, a.received_at > since)
    failed_deliveries = select(func.count()).where(d.state == DeliveryState.FAILED.value, d.created_at > since)
    row = (
        await connection.execute(
            select(
                failed_arrivals.scalar_subquery(),
                waiting_arrivals.scalar_subquery(),
                failed_deliveries.scalar_subquery(),
                waiting_deliveries.scalar_subquery(),
            )
        )
    ).one()
    c = chat_conversations.c
    lost = await connection.execute(
        select(c.surface, func.coalesce(func.nullif(c.name, ""), c.external_id).label("name"))
        .where(c.dropped_at.is_not(None), c.purpose != ConversationPurpose.TALK.value)
        .order_by(c.surface, c.name, c.id)
    )
    return ChatHealth(*row, lost=tuple(f"{each.name} ({each.surface})" for each in lost))


def _in_chat() -> Select[Any]:
    d, c = chat_deliveries.c, chat_conversations.c
    return (
        select(
            d.id,
            c.surface.label("via"),
            func.coalesce(func.nullif(c.name, ""), c.external_id).label("place"),
            d.kind,
            d.state,
            d.attempts,
            d.last_error,
            d.message_id,
            d.created_at,
            d.sent_at,
        )
        .select_from(chat_deliveries)
        .join(chat_conversations, c.id == d.conversation_id)
    )
