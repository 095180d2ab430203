"""Use cases on tickets: open, change, speak, delete, merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from sqlalchemy import Row, select, text, update

from core.actor import Actor
from core.audit.model import AuditAction
from core.customers.model import customers
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, VersionConflict
from core.identity.roles import Permission
from core.ids import ContactId, CustomerId, MessageId, TicketId, TicketNumber, UserId
from core.tickets.events import TicketAssigned, TicketDeleted, TicketUpdated
from core.tickets.model import idempotency_keys, tickets
from core.tickets.people import find_contact_of, get_contact, make_contact_of, name_of, require_assignable
from core.tickets.queries import TicketReference, named, ticket_scope
from core.tickets.rules import (
    MessageKind,
    TicketPriority,
    TicketSource,
    TicketStatus,
    check_change,
    resolve_merge,
    status_after_assignment,
    status_after_customer_reply,
)
from core.tickets.writing import (
    NewMessage,
    NewTicket,
    SaidIn,
    TicketRef,
    add_message,
    open_ticket,
    take_ticket_numbers,
    tell_status,
    touch_ticket,
)

_MERGING_LOCK = 4_601_983
"""The advisory lock under which tickets are merged: one at a time, so that merges side by side cannot make a circle."""


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """What someone wants help with. Staff say for which customer, and for which of its contacts if they know."""

    title: str
    description: str
    customer_id: CustomerId | None = None
    contact_id: ContactId | None = None
    priority: TicketPriority = TicketPriority.MEDIUM
    category: str | None = None
    tags: tuple[str, ...] = ()
    source: TicketSource = TicketSource.API
    said_in: SaidIn | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The caller's mark on a request that it may send again, and a digest of what it sent."""

    key: str
    body_digest: str


class TicketChanges(TypedDict, total=False):
    """What is to change; what is left out stays. None empties `category` and `assigned_to`."""

    title: str
    description: str
    priority: TicketPriority
    category: str | None
    tags: tuple[str, ...]
    assigned_to: UserId | None
    status: TicketStatus


class Tickets:
    """The tickets of the desk. Every method raises PermissionDenied, and NotFound for what the actor may not see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_ticket(self, actor: Actor, request: TicketRequest, key: IdempotencyKey | None = None) -> TicketRef:
        """Open a ticket. The same user with the same `key` gets the ticket that the first request opened.

        A customer's people open tickets for their own company; their contact is found by their address, or made.
        Raises InvalidInput for a customer or contact that does not fit, Conflict for a key used with another body.
        """
        actor.require(Permission.TICKET_CREATE)
        async with self._database.begin(actor) as work:
            if key is not None:
                earlier = await _find_earlier(work, key)
                if earlier is not None:
                    return earlier
            draft = await _draft_by_staff(work, request) if actor.is_staff else await _draft_by_customer(work, request)
            (number,) = await take_ticket_numbers(work, 1)
            ref, _ = open_ticket(work, draft, number)
            if key is not None:
                work.insert(
                    idempotency_keys,
                    {
                        "user_id": actor.user_id,
                        "key": key.key,
                        "body_digest": key.body_digest,
                        "ticket_id": ref.id,
                        "created_at": work.now,
                    },
                )
            return ref

    async def change_ticket(
        self, actor: Actor, reference: TicketReference, expected_version: int, changes: TicketChanges
    ) -> TicketRef:
        """Change fields of a ticket. Taking a new ticket makes it assigned; a change to what is there already is none.

        Raises VersionConflict unless the ticket is at `expected_version`, Conflict for a status that cannot follow,
        InvalidInput for an assignee who is not of the desk.
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            row = await _take(work, reference)
            if row.version != expected_version:
                raise VersionConflict("ticket", expected_version, row.version)
            _refuse_merged(row)
            before = _ref(row)
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
            await touch_ticket(work, before, status=status, changes=new)
            after = TicketRef(before.id, before.number, before.version + 1, status)
            _tell_changes(work, after, row, new)
            if status is not before.status:
                tell_status(work, after, old=before.status)
            return after

    async def add_message(
        self,
        actor: Actor,
        reference: TicketReference,
        kind: MessageKind,
        text: str,
        *,
        source: TicketSource = TicketSource.API,
        said_in: SaidIn | None = None,
    ) -> MessageId:
        """Reply in public or leave a note. A customer's reply reopens what waited for it or was done.

        Raises PermissionDenied for a note by a customer, Conflict on a merged ticket.
        """
        actor.require(Permission.TICKET_REPLY)
        if kind is MessageKind.SYSTEM or (kind is MessageKind.NOTE and not actor.is_staff):
            raise PermissionDenied(f"You cannot write a {kind} message.")
        async with self._database.begin(actor) as work:
            row = await _take(work, reference)
            _refuse_merged(row)
            ticket = _ref(row)
            message = NewMessage(
                kind=kind,
                source=source,
                text=text,
                author_name=await name_of(work, actor),
                author_address=actor.email,
                author_user_id=actor.user_id,
                author_contact_id=None if actor.is_staff else await find_contact_of(work, actor),
                is_inbound=not actor.is_staff,
                said_in=said_in,
            )
            status = ticket.status if actor.is_staff else status_after_customer_reply(ticket.status)
            _, message_id = await add_message(work, ticket, message, status=status)
            return message_id

    async def delete_ticket(self, actor: Actor, reference: TicketReference) -> None:
        """Put a ticket out of everyone's sight. Its rows stay, for the audit."""
        actor.require(Permission.TICKET_DELETE)
        async with self._database.begin(actor) as work:
            ticket = _ref(await _take(work, reference))
            await touch_ticket(work, ticket, status=ticket.status, changes={"deleted_at": work.now})
            work.audit(AuditAction.DELETE, "ticket", ticket.id, old={"number": ticket.number})
            work.record(TicketDeleted(subject_id=ticket.id, subject_version=ticket.version + 1, number=ticket.number))

    async def merge(self, actor: Actor, reference: TicketReference, into: TicketReference) -> TicketRef:
        """Close a ticket and let it point to another one, where it goes on. Messages stay where they were written.

        Returns the ticket that lives on, where earlier merges of `into` are followed. Raises Conflict for a ticket that
        was merged already, a circle, or tickets of two customers (what came from unknown senders fits every customer).
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            await work.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MERGING_LOCK})
            row = await _take(work, reference)
            target_id = (await work.execute(select(tickets.c.id).where(ticket_scope(actor), named(into)))).scalar()
            if target_id is None:
                raise NotFound("ticket", into)
            source = _ref(row)
            living = await _take(
                work, resolve_merge(source.id, target_id, await _merges_from(work, source.id, target_id))
            )
            await _refuse_strangers(work, row, living)
            await work.execute(update(tickets).where(tickets.c.id == source.id).values(merged_into_id=living.id))
            gone = _remark(f"Merged into ticket #{living.number}.")
            await add_message(work, source, gone, status=TicketStatus.CLOSED)
            after, _ = await add_message(
                work, _ref(living), _remark(f"Ticket #{source.number} was merged into this one.")
            )
            work.audit(AuditAction.UPDATE, "ticket", source.id, new={"merged_into_id": living.id})
            return after


async def _take(work: UnitOfWork, reference: TicketReference) -> Row[Any]:
    """The ticket, locked until the unit of work ends. Raises NotFound."""
    statement = select(tickets).where(ticket_scope(work.actor), named(reference)).with_for_update()
    row = (await work.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("ticket", reference)
    return row


def _ref(row: Row[Any]) -> TicketRef:
    return TicketRef(TicketId(row.id), TicketNumber(row.number), row.version, TicketStatus(row.status))


def _refuse_merged(row: Row[Any]) -> None:
    if row.merged_into_id is not None:
        raise Conflict(f"Ticket #{row.number} was merged into another one; go on there.")


async def _find_earlier(work: UnitOfWork, key: IdempotencyKey) -> TicketRef | None:
    """The ticket that this user opened with the key; requests with one key wait for each other."""
    lock = {"lock": f"{work.actor.user_id} {key.key}"}
    await work.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"), lock)
    statement = (
        select(tickets, idempotency_keys.c.body_digest)
        .join(idempotency_keys, idempotency_keys.c.ticket_id == tickets.c.id)
        .where(idempotency_keys.c.user_id == work.actor.user_id, idempotency_keys.c.key == key.key)
    )
    row = (await work.execute(statement)).one_or_none()
    if row is None:
        return None
    if row.body_digest != key.body_digest:
        raise Conflict("This Idempotency-Key was used for another request.")
    return _ref(row)


async def _draft_by_customer(work: UnitOfWork, request: TicketRequest) -> NewTicket:
    actor = work.actor
    if actor.customer_id is None:
        raise PermissionDenied("You belong to no customer.")
    if request.customer_id not in (None, actor.customer_id):
        raise InvalidInput("You open tickets for your own company only.", field="customer_id")
    if request.contact_id is not None:
        raise InvalidInput("Your own contact is taken.", field="contact_id")
    name = await name_of(work, actor)
    contact_id = await find_contact_of(work, actor) or await make_contact_of(work, actor)
    return _draft(request, actor.customer_id, contact_id, _opening(request, work.actor, name, actor.email, contact_id))


async def _draft_by_staff(work: UnitOfWork, request: TicketRequest) -> NewTicket:
    """The opening message is the contact's, as on the phone; without a contact it is the desk's own."""
    if request.customer_id is None:
        raise InvalidInput("Say for which customer.", field="customer_id")
    there = select(customers.c.id).where(customers.c.id == request.customer_id, customers.c.deleted_at.is_(None))
    if (await work.execute(there)).one_or_none() is None:
        raise InvalidInput("There is no such customer.", field="customer_id")
    if request.contact_id is None:
        opening = _opening(request, work.actor, await name_of(work, work.actor), None, None)
        return _draft(request, request.customer_id, None, opening)
    contact = await get_contact(work, request.contact_id, request.customer_id)
    name = f"{contact.first_name} {contact.last_name}".strip()
    opening = _opening(request, work.actor, name, contact.email, request.contact_id)
    return _draft(request, request.customer_id, request.contact_id, opening)


def _opening(
    request: TicketRequest, actor: Actor, author_name: str, address: str | None, contact_id: ContactId | None
) -> NewMessage:
    return NewMessage(
        kind=MessageKind.PUBLIC,
        source=request.source,
        text=request.description,
        author_name=author_name,
        author_address=address,
        author_user_id=actor.user_id,
        author_contact_id=contact_id,
        is_inbound=not actor.is_staff or contact_id is not None,
        said_in=request.said_in,
    )


def _draft(
    request: TicketRequest, customer_id: CustomerId, contact_id: ContactId | None, opening: NewMessage
) -> NewTicket:
    return NewTicket(
        customer_id=customer_id,
        contact_id=contact_id,
        title=request.title,
        priority=request.priority,
        source=request.source,
        opening=opening,
        category=request.category,
        tags=request.tags,
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
        work.record(
            TicketUpdated(subject_id=after.id, subject_version=after.version, number=after.number, fields=fields)
        )


async def _merges_from(work: UnitOfWork, *starts: TicketId) -> dict[TicketId, TicketId]:
    """Where the tickets were merged, and where those were, as far as it goes."""
    chain = select(tickets.c.id, tickets.c.merged_into_id).where(tickets.c.id.in_(starts)).cte(recursive=True)
    following = select(tickets.c.id, tickets.c.merged_into_id).join(chain, chain.c.merged_into_id == tickets.c.id)
    rows = await work.execute(select(chain.union(following)))
    return {TicketId(row.id): TicketId(row.merged_into_id) for row in rows if row.merged_into_id is not None}


async def _refuse_strangers(work: UnitOfWork, source: Row[Any], into: Row[Any]) -> None:
    if source.customer_id == into.customer_id:
        return
    triage = await work.execute(select(customers.c.is_triage).where(customers.c.id == source.customer_id))
    if not triage.scalar_one():
        raise Conflict(f"Tickets #{source.number} and #{into.number} belong to different customers.")


def _remark(text: str) -> NewMessage:
    return NewMessage(
        kind=MessageKind.SYSTEM, source=TicketSource.API, text=text, author_name="System", is_inbound=False
    )
