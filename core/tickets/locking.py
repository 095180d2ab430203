"""Tickets held for a change: whoever wants to change the same one waits until the unit of work ends."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, NotFound
from core.ids import TicketId, TicketNumber
from core.tickets.model import tickets
from core.tickets.queries import TicketReference, named, ticket_scope
from core.tickets.rules import TicketStatus
from core.tickets.writing import TicketRef


async def hold_ticket(work: UnitOfWork, reference: TicketReference) -> Row[Any]:
    """The ticket, held. Raises NotFound, also for one that the actor may not see."""
    statement = select(tickets).where(ticket_scope(work.actor), named(reference)).with_for_update()
    row = (await work.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("ticket", reference)
    return row


async def hold_both(work: UnitOfWork, first: TicketReference, second: TicketReference) -> tuple[Row[Any], Row[Any]]:
    """Two tickets, held in an order of their own, so that two who want them do not wait for each other forever."""
    ids = [await find_id(work, reference) for reference in (first, second)]
    rows = {ticket_id: await hold_ticket(work, ticket_id) for ticket_id in sorted(set(ids))}
    return rows[ids[0]], rows[ids[1]]


async def find_id(work: UnitOfWork, reference: TicketReference) -> TicketId:
    """The id of a ticket that the actor may see; raises NotFound."""
    statement = select(tickets.c.id).where(ticket_scope(work.actor), named(reference))
    found = (await work.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("ticket", reference)
    return TicketId(found)


def ref_of(row: Row[Any]) -> TicketRef:
    """The row as it is named when something is written on it."""
    return TicketRef(TicketId(row.id), TicketNumber(row.number), row.version, TicketStatus(row.status))


def refuse_merged(row: Row[Any]) -> None:
    """Raise Conflict for a ticket that goes on elsewhere."""
    if row.merged_into_id is not None:
        raise Conflict(f"Ticket #{row.number} was merged into another one; go on there.")
