"""Where tickets belong: linked to each other, moved to another customer, split in two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core.audit.model import AuditAction
from core.customers.model import customers
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import ContactId, CustomerId, MessageId, TicketId, UserId
from core.mail.model import mail_receipts, outgoing_mails
from core.tickets.changing import customer_fields, tell_update
from core.tickets.locking import hold_both, hold_ticket, ref_of, refuse_merged
from core.tickets.merging import refuse_strangers
from core.tickets.model import messages, thread_ids, ticket_links, ticket_watchers
from core.tickets.opening import require_customer
from core.tickets.queries import TicketReference
from core.tickets.rules import LinkKind, MessageKind, ThreadStrength, TicketPriority, TicketSource
from core.tickets.writing import (
    NewMessage,
    NewTicket,
    TicketRef,
    add_message,
    open_ticket,
    remark,
    take_ticket_numbers,
    touch_ticket,
)


async def link(work: UnitOfWork, reference: TicketReference, other: TicketReference) -> TicketRef:
    """Note that two tickets have to do with each other; returns the first one."""
    first, second = await hold_both(work, reference, other)
    if first.id == second.id:
        raise InvalidInput("A ticket cannot be linked to itself.", field="other")
    await _refuse_unrelated(work, first, second)
    one, two = ref_of(first), ref_of(second)
    links = ticket_links.c
    either = or_(
        and_(links.ticket_id == one.id, links.other_id == two.id),
        and_(links.ticket_id == two.id, links.other_id == one.id),
    )
    if (await work.execute(select(links.kind).where(either))).first() is not None:
        return one
    _write_link(work, one.id, two.id)
    after = await touch_ticket(work, one, status=one.status)
    other_after = await touch_ticket(work, two, status=two.status)
    for ticket, linked in ((after, two), (other_after, one)):
        work.audit(AuditAction.UPDATE, "ticket", ticket.id, new={"linked": linked.number})
        tell_update(work, ticket, "links")
    return after


async def watch(work: UnitOfWork, reference: TicketReference, user_id: UserId, *, is_watching: bool) -> TicketRef:
    """Add a user to those who want to hear of a ticket, or take them off."""
    ticket = ref_of(await hold_ticket(work, reference))
    w = ticket_watchers.c
    if is_watching:
        row = {"ticket_id": ticket.id, "user_id": user_id, "created_at": work.now}
        changed = await work.execute(insert(ticket_watchers).values(row).on_conflict_do_nothing())
    else:
        changed = await work.execute(ticket_watchers.delete().where(w.ticket_id == ticket.id, w.user_id == user_id))
    if not changed.rowcount:
        return ticket
    after = await touch_ticket(work, ticket, status=ticket.status)
    work.audit(AuditAction.UPDATE, "ticket", ticket.id, new={"watched" if is_watching else "unwatched": user_id})
    tell_update(work, after, "watchers")
    return after


async def move(
    work: UnitOfWork, reference: TicketReference, customer_id: CustomerId, source: TicketSource
) -> TicketRef:
    """Give a ticket to another customer, with a remark on it."""
    row = await hold_ticket(work, reference)
    refuse_merged(row)
    before = ref_of(row)
    name = await require_customer(work, customer_id)
    if row.customer_id == customer_id:
        return before
    old_name = (await work.execute(select(customers.c.name).where(customers.c.id == row.customer_id))).scalar_one()
    changes = await customer_fields(work, row, customer_id)
    after = await touch_ticket(work, before, status=before.status, changes=changes)
    was = {field: row._mapping[field] for field in changes}
    work.audit(AuditAction.UPDATE, "ticket", after.id, old=was, new=changes)
    tell_update(work, after, *sorted(changes))
    after, _ = await add_message(work, after, remark(f"Moved from {old_name} to {name}.", source))
    return after


async def split(work: UnitOfWork, row: Row[Any], said: Row[Any], title: str | None, source: TicketSource) -> TicketRef:
    """Take a message off the held ticket: it opens a new one of the same customer. Both say so."""
    refuse_merged(row)
    if said.kind == MessageKind.SYSTEM.value or said.deleted_at is not None:
        raise Conflict("Only what somebody said can be split off.")
    first = select(messages.c.id).where(messages.c.ticket_id == row.id).order_by(messages.c.created_at, messages.c.id)
    if (await work.execute(first.limit(1))).scalar_one() == said.id:
        raise Conflict(f"Ticket #{row.number} begins with this message; it stays there.")
    old = ref_of(row)
    (number,) = await take_ticket_numbers(work, 1)
    ref, message_id = open_ticket(work, _draft_of(row, said, title, source), number, opening_id=MessageId(said.id))
    _write_link(work, ref.id, old.id)
    await work.flush()
    await _carry_over(work, said, old.id, ref.id)
    await add_message(work, old, remark(f"A message was split off into ticket #{number}.", source))
    after, _ = await add_message(work, ref, remark(f"Split off from ticket #{old.number}.", source))
    work.audit(AuditAction.UPDATE, "message", message_id, old={"ticket_id": old.id}, new={"ticket_id": ref.id})
    return after


async def get_said(work: UnitOfWork, row: Row[Any], message_id: MessageId) -> Row[Any]:
    """A message of the held ticket. Raises NotFound."""
    statement = select(messages).where(messages.c.id == message_id, messages.c.ticket_id == row.id)
    said = (await work.execute(statement)).one_or_none()
    if said is None:
        raise NotFound("message", message_id)
    return said


def _draft_of(row: Row[Any], said: Row[Any], title: str | None, source: TicketSource) -> NewTicket:
    opening = NewMessage(
        kind=MessageKind(said.kind),
        source=TicketSource(said.source),
        text=said.text,
        author_name=said.author_name,
        is_inbound=said.is_inbound,
        author_address=said.author_address,
    )
    contact_id = said.author_contact_id or row.contact_id
    return NewTicket(
        customer_id=CustomerId(row.customer_id),
        contact_id=ContactId(contact_id) if contact_id else None,
        title=title or said.subject or said.text.strip().partition("\n")[0],
        priority=TicketPriority(row.priority),
        source=source,
        opening=opening,
        category=row.category,
    )


async def _carry_over(work: UnitOfWork, said: Row[Any], old: TicketId, new: TicketId) -> None:
    """The message, what came with it and what leads to it: an answer to its mail goes on the new ticket."""
    await work.execute(update(messages).where(messages.c.id == said.id).values(ticket_id=new))
    for table in (mail_receipts, outgoing_mails):
        of_message = and_(table.c.message_id == said.id, table.c.ticket_id == old)
        await work.execute(update(table).where(of_message).values(ticket_id=new))
    own = select(outgoing_mails.c.internet_message_id).where(outgoing_mails.c.message_id == said.id)
    edges = thread_ids.c
    leads_there = or_(edges.internet_message_id == said.internet_message_id, edges.internet_message_id.in_(own))
    is_strong = edges.strength == ThreadStrength.STRONG.value
    await work.execute(update(thread_ids).where(edges.ticket_id == old, is_strong, leads_there).values(ticket_id=new))


async def _refuse_unrelated(work: UnitOfWork, first: Row[Any], second: Row[Any]) -> None:
    """As for a merge, but triage fits on either side."""
    try:
        await refuse_strangers(work, first, second)
    except Conflict:
        await refuse_strangers(work, second, first)


def _write_link(work: UnitOfWork, ticket_id: TicketId, other_id: TicketId) -> None:
    work.insert(
        ticket_links,
        {
            "ticket_id": ticket_id,
            "other_id": other_id,
            "kind": LinkKind.RELATED.value,
            "created_at": work.now,
        },
    )
