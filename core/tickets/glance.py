"""A ticket at a glance: what a card shows of it, in three queries, within what the actor may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.chat.model import chat_deliveries
from core.chat.rules import DeliveryState
from core.customers.model import CustomerTier, customers
from core.identity.model import users
from core.ids import TicketId, TicketNumber
from core.mail.model import OutgoingState, outgoing_mails
from core.tickets.model import attachments, messages, ticket_links, ticket_watchers, tickets
from core.tickets.queries import TicketReference, get_ticket, message_scope, search_query, ticket_scope
from core.tickets.rules import MessageKind

TEXT_CHARACTERS = 4000
"""Of a message's text."""

EXCERPT_SOURCE_CHARACTERS = 50_000


@dataclass(frozen=True, slots=True)
class LastMessage:
    """What was said last, by a person or by us; `text` is its beginning, and empty where it was taken back."""

    kind: MessageKind
    is_inbound: bool
    author_name: str
    text: str
    created_at: datetime
    is_deleted: bool
    is_edited: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """The ticket as `get_ticket` has it, and what stands around it.

    `tier`, `watchers`, `linked` and the deliveries are the desk's own: customers get none of them. `mail_error` is what
    the mail server said to the newest mail that failed.
    """

    ticket: Mapping[str, Any]
    last_message: LastMessage | None
    message_count: int
    attachment_count: int
    merged_into: TicketNumber | None
    tier: CustomerTier | None = None
    watchers: tuple[str, ...] = ()
    is_watching: bool = False
    linked: tuple[TicketNumber, ...] = ()
    mails_queued: int = 0
    mails_failed: int = 0
    mail_error: str = ""
    chats_failed: int = 0


async def glance_at_ticket(connection: AsyncConnection, actor: Actor, reference: TicketReference) -> Glance:
    """The ticket with what stands around it. Raises NotFound, also if it is not theirs."""
    ticket = await get_ticket(connection, actor, reference)
    ticket_id = TicketId(ticket["id"])
    parts = {
        "message_count": _count_messages(actor, ticket_id),
        "attachment_count": _count_attachments(actor, ticket_id),
        "merged_into": select(tickets.c.number).where(tickets.c.id == ticket["merged_into_id"]).scalar_subquery(),
    }
    if actor.is_staff:
        parts |= _desk_parts(actor, ticket_id, ticket["customer_id"])
    row = (await connection.execute(select(*(part.label(name) for name, part in parts.items())))).one()
    around = row._asdict()
    if actor.is_staff:
        around["tier"] = CustomerTier(around["tier"]) if around["tier"] else None
        around["watchers"] = tuple(around["watchers"] or ())
        around["linked"] = tuple(TicketNumber(number) for number in around["linked"] or ())
        around["is_watching"] = around["is_watching"] > 0
        around["mail_error"] = around["mail_error"] or ""
    return Glance(ticket=ticket, last_message=await _find_last_message(connection, actor, ticket_id), **around)


async def find_excerpts(
    connection: AsyncConnection, actor: Actor, ticket_ids: Sequence[TicketId], words: str
) -> dict[TicketId, str]:
    """Where the words stand in the tickets' messages: of each ticket a few words around its newest hit."""
    if not ticket_ids:
        return {}
    query = search_query(words)
    source = func.left(messages.c.text, EXCERPT_SOURCE_CHARACTERS)
    options = 'MaxFragments=1, MaxWords=16, MinWords=6, StartSel="", StopSel=""'
    hits = (
        select(messages.c.ticket_id, source.label("text"))
        .ext(distinct_on(messages.c.ticket_id))
        .where(messages.c.ticket_id.in_(ticket_ids), messages.c.search_vector.bool_op("@@")(query))
        .where(message_scope(actor))
        .order_by(messages.c.ticket_id, messages.c.created_at.desc(), messages.c.id.desc())
        .subquery()
    )
    statement = select(hits.c.ticket_id, func.ts_headline("german", hits.c.text, query, options).label("excerpt"))
    return {TicketId(row.ticket_id): row.excerpt for row in await connection.execute(statement)}


def _count_messages(actor: Actor, ticket_id: TicketId) -> ScalarSelect[int]:
    return select(func.count()).where(messages.c.ticket_id == ticket_id, message_scope(actor)).scalar_subquery()


def _count_attachments(actor: Actor, ticket_id: TicketId) -> ScalarSelect[int]:
    return (
        select(func.count(attachments.c.id))
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(messages.c.ticket_id == ticket_id, message_scope(actor), attachments.c.is_inline.is_(False))
        .scalar_subquery()
    )


def _desk_parts(actor: Actor, ticket_id: TicketId, customer_id: object) -> dict[str, ScalarSelect[Any]]:
    """What only the desk sees, each as a subquery."""
    watching, mails, chats, links = ticket_watchers.c, outgoing_mails.c, chat_deliveries.c, ticket_links.c
    name = func.trim(users.c.first_name + " " + users.c.last_name)
    watchers = (
        select(func.array_agg(aggregate_order_by(name, watching.created_at)))
        .select_from(ticket_watchers.join(users, users.c.id == watching.user_id))
        .where(watching.ticket_id == ticket_id, users.c.deleted_at.is_(None))
    )
    other = or_(
        (links.ticket_id == ticket_id) & (links.other_id == tickets.c.id),
        (links.other_id == ticket_id) & (links.ticket_id == tickets.c.id),
    )
    linked = (
        select(func.array_agg(aggregate_order_by(tickets.c.number, tickets.c.number)))
        .select_from(ticket_links.join(tickets, other))
        .where(ticket_scope(actor))
    )
    of_mails = select(func.count()).where(mails.ticket_id == ticket_id)
    error = (
        select(mails.last_error)
        .where(mails.ticket_id == ticket_id, mails.state == OutgoingState.FAILED.value)
        .order_by(mails.id.desc())
        .limit(1)
    )
    own = literal(actor.user_id) if actor.user_id is not None else null()
    return {
        "tier": select(customers.c.tier).where(customers.c.id == customer_id).scalar_subquery(),
        "watchers": watchers.scalar_subquery(),
        "is_watching": select(func.count())
        .where(watching.ticket_id == ticket_id, watching.user_id == own)
        .scalar_subquery(),
        "linked": linked.scalar_subquery(),
        "mails_queued": of_mails.where(mails.state == OutgoingState.QUEUED.value).scalar_subquery(),
        "mails_failed": of_mails.where(mails.state == OutgoingState.FAILED.value).scalar_subquery(),
        "mail_error": error.scalar_subquery(),
        "chats_failed": select(func.count())
        .where(chats.ticket_id == ticket_id, chats.state == DeliveryState.FAILED.value)
        .scalar_subquery(),
    }


async def _find_last_message(connection: AsyncConnection, actor: Actor, ticket_id: TicketId) -> LastMessage | None:
    said = messages.c
    statement = (
        select(
            said.kind,
            said.is_inbound,
            said.author_name,
            func.left(said.text, TEXT_CHARACTERS).label("text"),
            said.created_at,
            said.deleted_at,
            said.edited_at,
        )
        .where(said.ticket_id == ticket_id, message_scope(actor))
        .order_by(said.created_at.desc(), said.id.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    is_deleted = row.deleted_at is not None
    return LastMessage(
        kind=MessageKind(row.kind),
        is_inbound=row.is_inbound,
        author_name=row.author_name,
        text="" if is_deleted else row.text,
        created_at=row.created_at,
        is_deleted=is_deleted,
        is_edited=row.edited_at is not None,
    )
