"""A ticket's own fields: what changes, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import Row, select

from core.audit.model import AuditAction
from core.customers.model import contacts
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput
from core.ids import CustomerId, UserId
from core.tickets.events import TicketAssigned, TicketUpdated
from core.tickets.locking import ref_of
from core.tickets.people import require_assignable
from core.tickets.rules import TicketPriority, TicketStatus, check_change, status_after_assignment
from core.tickets.writing import TicketRef, tell_status, touch_ticket

TAGS_LIMIT = 20
TAG_LIMIT = 50


class TicketChanges(TypedDict, total=False):
    """What is to change; what is left out stays. None empties `category` and `assigned_to`."""

    title: str
    description: str
    priority: TicketPriority
    category: str | None
    tags: tuple[str, ...]
    assigned_to: UserId | None
    status: TicketStatus


async def change_fields(work: UnitOfWork, row: Row[Any], changes: TicketChanges) -> TicketRef:
    """Change the held ticket, and tell of it; what is there already is no change."""
    before = ref_of(row)
    status = changes.get("status", before.status)
    check_change(before.status, status)
    wanted: dict[str, object] = {name: value for name, value in changes.items() if name != "status"}
    if "tags" in changes:
        wanted["tags"] = list(changes["tags"])
    if "priority" in changes:
        wanted["priority"] = changes["priority"].value
    new: dict[str, Any] = {name: value for name, value in wanted.items() if row._mapping[name] != value}
    if "assigned_to" in new:
        await require_assignable(work, changes["assigned_to"])
        if "status" not in changes:
            status = status_after_assignment(status, is_assigned=new["assigned_to"] is not None)
    if not new and status is before.status:
        return before
    after = await touch_ticket(work, before, status=status, changes=new)
    _tell_changes(work, after, row, new)
    if status is not before.status:
        tell_status(work, after, old=before.status)
    return after


async def customer_fields(work: UnitOfWork, row: Row[Any], customer_id: CustomerId) -> dict[str, object]:
    """The columns of a ticket that goes to another customer: it keeps a contact who belongs there."""
    stays = select(contacts.c.id).where(contacts.c.id == row.contact_id, contacts.c.customer_id == customer_id)
    is_theirs = row.contact_id is not None and (await work.execute(stays)).one_or_none() is not None
    return {"customer_id": customer_id} | ({} if is_theirs else {"contact_id": None})


def tags_after(tags: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
    """The tags in their order, each once whatever its case. Raises InvalidInput for too many or too long ones."""
    gone = {each.strip().casefold() for each in removed}
    wanted: dict[str, str] = {}
    for tag in (*tags, *(each.strip() for each in added)):
        if tag.casefold() not in gone:
            wanted.setdefault(tag.casefold(), tag)
    if len(wanted) > TAGS_LIMIT:
        raise InvalidInput(f"A ticket has at most {TAGS_LIMIT} tags.", field="tags")
    if any(not 1 <= len(tag.strip()) <= TAG_LIMIT for tag in added):
        raise InvalidInput(f"A tag has 1 to {TAG_LIMIT} characters.", field="tags")
    return tuple(wanted.values())


def tell_update(work: UnitOfWork, after: TicketRef, *fields: str) -> None:
    """Queue `ticket.updated`."""
    work.record(
        TicketUpdated(subject_id=after.id, subject_version=after.version, number=after.number, fields=list(fields))
    )


def _tell_changes(work: UnitOfWork, after: TicketRef, old: Row[Any], new: dict[str, Any]) -> None:
    if not new:
        return
    # The description is a body: the audit says that it changed, not to what.
    told = {name: value for name, value in new.items() if name != "description"}
    was = {name: old._mapping[name] for name in told}
    work.audit(AuditAction.UPDATE, "ticket", after.id, old=was, new={**told, "fields": sorted(new)})
    if "assigned_to" in new:
        work.record(
            TicketAssigned(
                subject_id=after.id,
                subject_version=after.version,
                number=after.number,
                old=was["assigned_to"],
                new=new["assigned_to"],
                by=work.actor.user_id,
            )
        )
    fields = sorted(name for name in new if name != "assigned_to")
    if fields:
        tell_update(work, after, *fields)
