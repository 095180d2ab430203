"""Closes a ticket in favour of another one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, text

from core.audit.model import AuditAction
from core.customers.model import customers
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict
from core.ids import TicketId
from core.tickets.locking import find_id, hold_both, ref_of
from core.tickets.model import tickets
from core.tickets.queries import TicketReference
from core.tickets.rules import TicketSource, TicketStatus, resolve_merge
from core.tickets.writing import TicketRef, add_message, remark

_MERGING_LOCK = 4_601_983
"""The advisory lock under which tickets are merged: one at a time, so that merges side by side cannot make a circle."""


async def merge_tickets(
    work: UnitOfWork, reference: TicketReference, into: TicketReference, source: TicketSource
) -> TicketRef:
    """Close the one and let it point to the other, or to where that was merged; both say so. Returns the living one."""
    await work.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MERGING_LOCK})
    source_id, target_id = await find_id(work, reference), await find_id(work, into)
    living_id = resolve_merge(source_id, target_id, await _merges_from(work, source_id, target_id))
    row, living = await hold_both(work, source_id, living_id)
    await refuse_strangers(work, row, living)
    gone = ref_of(row)
    await add_message(work, gone, remark(f"Merged into ticket #{living.number}.", source), status=TicketStatus.CLOSED)
    await work.execute(tickets.update().where(tickets.c.id == gone.id).values(merged_into_id=living.id))
    said = remark(f"Ticket #{gone.number} was merged into this one.", source)
    after, _ = await add_message(work, ref_of(living), said)
    work.audit(AuditAction.UPDATE, "ticket", gone.id, new={"merged_into_id": living.id})
    return after


async def refuse_strangers(work: UnitOfWork, source: Row[Any], into: Row[Any]) -> None:
    """Raise Conflict for tickets of two customers; what came from unknown senders fits every customer."""
    if source.customer_id == into.customer_id:
        return
    triage = await work.execute(select(customers.c.is_triage).where(customers.c.id == source.customer_id))
    if not triage.scalar_one():
        raise Conflict(f"Tickets #{source.number} and #{into.number} belong to different customers.")


async def _merges_from(work: UnitOfWork, *starts: TicketId) -> dict[TicketId, TicketId]:
    """Where the tickets were merged, and where those were, as far as it goes."""
    chain = select(tickets.c.id, tickets.c.merged_into_id).where(tickets.c.id.in_(starts)).cte(recursive=True)
    following = select(tickets.c.id, tickets.c.merged_into_id).join(chain, chain.c.merged_into_id == tickets.c.id)
    rows = await work.execute(select(chain.union(following)))
    return {TicketId(row.id): TicketId(row.merged_into_id) for row in rows if row.merged_into_id is not None}
