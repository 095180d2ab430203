"""What stands around a ticket: found as one types, linked, watched, drafted, revised. Within what the actor may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.customers.model import customers
from core.errors import NotFound
from core.identity.model import users
from core.ids import DraftId, MessageId, TicketId, TicketNumber
from core.tickets.model import (
    message_revisions,
    messages,
    reply_drafts,
    ticket_links,
    ticket_participants,
    ticket_watchers,
    tickets,
)
from core.tickets.queries import LONGEST_NUMBER, TicketReference, get_ticket, message_scope, ticket_scope
from core.tickets.rules import LinkKind, ParticipantKind

_SHOWN = (
    tickets.c.id,
    tickets.c.number,
    tickets.c.title,
    tickets.c.status,
    tickets.c.priority,
    customers.c.name.label("customer_name"),
)


async def find_ticket_numbers(
    connection: AsyncConnection, actor: Actor, typed: str, limit: int = 10
) -> list[dict[str, Any]]:
    """Tickets for what was typed so far: the beginning of a number, or a part of a title; the newest first.

    Rows have `id`, `number`, `title`, `status`, `priority` and `customer_name`. Nothing typed: the newest open ones.
    """
    typed = typed.strip().removeprefix("#")
    statement = select(*_SHOWN).join(customers, customers.c.id == tickets.c.customer_id).where(ticket_scope(actor))
    if not typed:
        statement = statement.where(tickets.c.status.not_in(("resolved", "closed")))
    elif typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_NUMBER:
        statement = statement.where(_begins_with(typed))
    else:
        statement = statement.where(tickets.c.title.icontains(typed, autoescape=True))
    order = (tickets.c.created_at.desc(), tickets.c.id.desc())
    return [row._asdict() for row in await connection.execute(statement.order_by(*order).limit(limit))]


async def find_living_number(connection: AsyncConnection, ticket_id: TicketId) -> TicketNumber | None:
    """The number of the ticket, or of the one in which it goes on after all merges; None if that was deleted."""
    t = tickets.alias()
    chain = select(tickets.c.id, tickets.c.merged_into_id).where(tickets.c.id == ticket_id).cte(recursive=True)
    chain = chain.union(select(t.c.id, t.c.merged_into_id).join(chain, chain.c.merged_into_id == t.c.id))
    statement = (
        select(tickets.c.number)
        .join(chain, chain.c.id == tickets.c.id)
        .where(tickets.c.merged_into_id.is_(None), tickets.c.deleted_at.is_(None))
    )
    number = (await connection.execute(statement)).scalar_one_or_none()
    return None if number is None else TicketNumber(number)


async def find_linked_tickets(
    connection: AsyncConnection, actor: Actor, reference: TicketReference
) -> list[dict[str, Any]]:
    """The tickets that this one is linked to, in either direction, with the link's `kind`. Raises NotFound."""
    ticket = await get_ticket(connection, actor, reference)
    links = ticket_links.c
    other = or_(
        (links.ticket_id == ticket["id"]) & (links.other_id == tickets.c.id),
        (links.other_id == ticket["id"]) & (links.ticket_id == tickets.c.id),
    )
    statement = (
        select(*_SHOWN, links.kind)
        .select_from(tickets.join(ticket_links, other))
        .join(customers, customers.c.id == tickets.c.customer_id)
        .where(ticket_scope(actor))
        .order_by(links.created_at, tickets.c.id)
    )
    return [row._asdict() | {"kind": LinkKind(row.kind)} for row in await connection.execute(statement)]


async def find_watchers(connection: AsyncConnection, actor: Actor, reference: TicketReference) -> list[dict[str, Any]]:
    """Who watches the ticket: `id`, `first_name`, `last_name`; customers see nobody. Raises NotFound."""
    ticket = await get_ticket(connection, actor, reference)
    if not actor.is_staff:
        return []
    statement = (
        select(users.c.id, users.c.first_name, users.c.last_name)
        .join(ticket_watchers, ticket_watchers.c.user_id == users.c.id)
        .where(ticket_watchers.c.ticket_id == ticket["id"], users.c.deleted_at.is_(None))
        .order_by(ticket_watchers.c.created_at, users.c.id)
    )
    return [row._asdict() for row in await connection.execute(statement)]


async def get_draft(connection: AsyncConnection, actor: Actor, draft_id: DraftId) -> dict[str, Any]:
    """One's own draft with its ticket's `number`, `title` and `status`. Raises NotFound, also for another's.

    `settled_at` is set once it was sent (then as `message_id`) or thrown away.
    """
    statement = (
        select(*reply_drafts.c, tickets.c.number, tickets.c.title, tickets.c.status)
        .join(tickets, tickets.c.id == reply_drafts.c.ticket_id)
        .where(reply_drafts.c.id == draft_id, reply_drafts.c.user_id == actor.user_id, ticket_scope(actor))
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("draft", draft_id)
    return row._asdict()


async def find_open_draft(
    connection: AsyncConnection, actor: Actor, reference: TicketReference, text: str
) -> DraftId | None:
    """One's newest draft of this text that is neither sent nor thrown away; None if there is none. Raises NotFound."""
    ticket = await get_ticket(connection, actor, reference)
    d = reply_drafts.c
    statement = (
        select(d.id)
        .where(d.ticket_id == ticket["id"], d.user_id == actor.user_id, d.text == text, d.settled_at.is_(None))
        .order_by(d.created_at.desc(), d.id.desc())
        .limit(1)
    )
    found = (await connection.execute(statement)).scalar_one_or_none()
    return None if found is None else DraftId(found)


async def find_revisions(connection: AsyncConnection, actor: Actor, message_id: MessageId) -> list[dict[str, Any]]:
    """What a message said besides what it says now, oldest first, with who changed it; for staff only."""
    if not actor.is_staff:
        return []
    statement = (
        select(message_revisions, users.c.first_name, users.c.last_name)
        .join(messages, messages.c.id == message_revisions.c.message_id)
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .outerjoin(users, users.c.id == message_revisions.c.author_user_id)
        .where(message_revisions.c.message_id == message_id, message_scope(actor), ticket_scope(actor))
        .order_by(message_revisions.c.created_at, message_revisions.c.id)
    )
    return [row._asdict() for row in await connection.execute(statement)]


def _begins_with(digits: str) -> ColumnElement[bool]:
    """Numbers that begin with these digits, as ranges, so that the index on numbers finds them."""
    ranges = [
        tickets.c.number.between(int(digits) * 10**more, (int(digits) + 1) * 10**more - 1)
        for more in range(LONGEST_NUMBER - len(digits) + 1)
    ]
    return or_(*ranges)


async def find_participants(
    connection: AsyncConnection, actor: Actor, reference: TicketReference
) -> list[dict[str, Any]]:
    """Who takes part by mail: `address`, `kind`; who asked comes first. Raises NotFound."""
    ticket = await get_ticket(connection, actor, reference)
    p = ticket_participants.c
    statement = select(p.address, p.kind).where(p.ticket_id == ticket["id"]).order_by(p.kind.desc(), p.address)
    return [row._asdict() | {"kind": ParticipantKind(row.kind)} for row in await connection.execute(statement)]
