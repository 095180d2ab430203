"""Use cases on tickets: open, change, speak, arrange, delete. Each is one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from core.actor import Actor
from core.audit.model import AuditAction
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, PermissionDenied, VersionConflict
from core.identity.roles import Permission
from core.ids import CustomerId, DraftId, MessageId, TicketId, UserId
from core.tickets import arranging, drafting
from core.tickets.changing import TicketChanges, change_fields, tags_after
from core.tickets.events import TicketDeleted
from core.tickets.locking import hold_ticket, ref_of, refuse_merged
from core.tickets.merging import merge_tickets
from core.tickets.model import idempotency_keys
from core.tickets.opening import IdempotencyKey, TicketRequest, draft_by_customer, draft_by_staff, find_earlier
from core.tickets.people import find_contact_of, name_of, name_of_user
from core.tickets.queries import TicketReference
from core.tickets.revising import revise
from core.tickets.rules import MessageKind, TicketSource, TicketStatus, check_change, status_after_customer_reply
from core.tickets.writing import (
    NewMessage,
    SaidIn,
    TicketRef,
    add_message,
    open_ticket,
    take_ticket_numbers,
    touch_ticket,
)

__all__ = ["IdempotencyKey", "TicketChanges", "TicketRequest", "Tickets"]


class Tickets:
    """The tickets of the desk. Every method raises PermissionDenied, and NotFound for what the actor may not see.

    Called for an actor with an origin, each raises AlreadyDone the second time. `source` is where the actor spoke.
    """

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
                earlier = await find_earlier(work, key)
                if earlier is not None:
                    return earlier
            draft = await draft_by_staff(work, request) if actor.is_staff else await draft_by_customer(work, request)
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
        self, actor: Actor, reference: TicketReference, expected_version: int | None, changes: TicketChanges
    ) -> TicketRef:
        """Change fields of a ticket. Taking a new ticket makes it assigned; a change to what is there already is none.

        Raises VersionConflict unless the ticket is at `expected_version` (None: whatever it is now), Conflict for a
        status that cannot follow, InvalidInput for an assignee who is not of the desk.
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            row = await hold_ticket(work, reference)
            if expected_version is not None and row.version != expected_version:
                raise VersionConflict("ticket", expected_version, row.version)
            refuse_merged(row)
            return await change_fields(work, row, changes)

    async def take_ticket(self, actor: Actor, reference: TicketReference) -> TicketRef:
        """Make a ticket that nobody has one's own. Of two who take it at once one gets it, the other Conflict.

        Taking it from someone is a change of `assigned_to`.
        """
        actor.require(Permission.TICKET_UPDATE)
        user_id = _require_user(actor)
        async with self._database.begin(actor) as work:
            row = await hold_ticket(work, reference)
            refuse_merged(row)
            if row.assigned_to not in (None, user_id):
                raise Conflict(f"Ticket #{row.number} is {await name_of_user(work, row.assigned_to)}'s already.")
            return await change_fields(work, row, {"assigned_to": user_id})

    async def tag_ticket(
        self, actor: Actor, reference: TicketReference, added: Sequence[str], removed: Sequence[str] = ()
    ) -> TicketRef:
        """Put tags on a ticket and take some off, whatever their case. Raises InvalidInput for too many or too long."""
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            row = await hold_ticket(work, reference)
            refuse_merged(row)
            return await change_fields(work, row, {"tags": tags_after(row.tags, added, removed)})

    async def add_message(
        self,
        actor: Actor,
        reference: TicketReference,
        kind: MessageKind,
        text: str,
        *,
        source: TicketSource = TicketSource.API,
        status: TicketStatus | None = None,
        said_in: SaidIn | None = None,
    ) -> MessageId:
        """Reply in public or leave a note. A customer's reply reopens what waited for it or was done.

        With a `status` the desk takes the ticket there at once, as when it is resolved with a word to the customer.
        Raises PermissionDenied for a note or a status by a customer, Conflict on a merged ticket and for a status that
        cannot follow.
        """
        _require_speaker(actor, kind, status)
        async with self._database.begin(actor) as work:
            _, message_id = await _say(work, reference, kind, text, source, status, said_in)
            return message_id

    async def revise_message(self, actor: Actor, message_id: MessageId, text: str | None) -> TicketRef:
        """Change what one said, or take it back (None). What it said before stays among its revisions.

        A public message that went out by mail keeps its text: of it the change is kept as a revision. Raises
        PermissionDenied for what another said.
        """
        actor.require(Permission.TICKET_REPLY)
        async with self._database.begin(actor) as work:
            return await revise(work, message_id, text)

    async def draft_reply(self, actor: Actor, reference: TicketReference, text: str) -> DraftId:
        """Keep a public reply that its author will look at before it goes out. Raises Conflict on a merged ticket."""
        _require_speaker(actor, MessageKind.PUBLIC, None)
        _require_user(actor)
        async with self._database.begin(actor) as work:
            return await drafting.write_draft(work, reference, text)

    async def send_draft(
        self, actor: Actor, draft_id: DraftId, source: TicketSource, status: TicketStatus | None = None
    ) -> tuple[TicketRef, MessageId]:
        """Send one's draft as `add_message` does. Raises NotFound for another's, Conflict for one that is settled."""
        _require_speaker(actor, MessageKind.PUBLIC, status)
        async with self._database.begin(actor) as work:
            draft = await drafting.hold_draft(work, draft_id)
            ticket_id = TicketId(draft.ticket_id)
            after, message_id = await _say(work, ticket_id, MessageKind.PUBLIC, draft.text, source, status)
            await drafting.settle_draft(work, draft_id, message_id)
            return after, message_id

    async def discard_draft(self, actor: Actor, draft_id: DraftId) -> None:
        """Throw one's draft away. Raises NotFound for another's, Conflict for one that is settled."""
        actor.require(Permission.TICKET_REPLY)
        async with self._database.begin(actor) as work:
            await drafting.hold_draft(work, draft_id)
            await drafting.settle_draft(work, draft_id, None)

    async def watch(self, actor: Actor, reference: TicketReference) -> TicketRef:
        """Hear of what happens on a ticket; for people of the desk."""
        user_id = _require_user(actor)
        async with self._database.begin(actor) as work:
            return await arranging.watch(work, reference, user_id, is_watching=True)

    async def unwatch(self, actor: Actor, reference: TicketReference) -> TicketRef:
        """Hear no more of a ticket than anyone else."""
        user_id = _require_user(actor)
        async with self._database.begin(actor) as work:
            return await arranging.watch(work, reference, user_id, is_watching=False)

    async def link_tickets(self, actor: Actor, reference: TicketReference, other: TicketReference) -> TicketRef:
        """Note that two tickets have to do with each other. Returns the first.

        Raises Conflict for tickets of two customers (what came from unknown senders fits every customer).
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            return await arranging.link(work, reference, other)

    async def move_ticket(
        self,
        actor: Actor,
        reference: TicketReference,
        customer_id: CustomerId,
        *,
        source: TicketSource = TicketSource.API,
    ) -> TicketRef:
        """Give a ticket to another customer; its contact stays only if it belongs there. Raises InvalidInput."""
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            return await arranging.move(work, reference, customer_id, source)

    async def split_ticket(
        self,
        actor: Actor,
        reference: TicketReference,
        message_id: MessageId,
        title: str | None = None,
        *,
        source: TicketSource = TicketSource.API,
    ) -> TicketRef:
        """Take a message off a ticket: it opens a new one of the same customer, linked to the old. Returns the new.

        Without a `title` it is the mail's subject or the first line. Raises Conflict for the message that the ticket
        begins with, and for what nobody said.
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            row = await hold_ticket(work, reference)
            return await arranging.split(work, row, await arranging.get_said(work, row, message_id), title, source)

    async def merge(
        self,
        actor: Actor,
        reference: TicketReference,
        into: TicketReference,
        *,
        source: TicketSource = TicketSource.API,
    ) -> TicketRef:
        """Close a ticket and let it point to another one, where it goes on. Messages stay where they were written.

        Returns the ticket that lives on, where earlier merges of `into` are followed. Raises Conflict for a ticket that
        was merged already, a circle, or tickets of two customers (what came from unknown senders fits every customer).
        """
        actor.require(Permission.TICKET_UPDATE)
        async with self._database.begin(actor) as work:
            return await merge_tickets(work, reference, into, source)

    async def delete_ticket(self, actor: Actor, reference: TicketReference) -> None:
        """Put a ticket out of everyone's sight. Its rows stay, for the audit."""
        actor.require(Permission.TICKET_DELETE)
        async with self._database.begin(actor) as work:
            ticket = ref_of(await hold_ticket(work, reference))
            after = await touch_ticket(work, ticket, status=ticket.status, changes={"deleted_at": work.now})
            work.audit(AuditAction.DELETE, "ticket", ticket.id, old={"number": ticket.number})
            work.record(TicketDeleted(subject_id=ticket.id, subject_version=after.version, number=ticket.number))


async def _say(
    work: UnitOfWork,
    reference: TicketReference,
    kind: MessageKind,
    text: str,
    source: TicketSource,
    status: TicketStatus | None,
    said_in: SaidIn | None = None,
) -> tuple[TicketRef, MessageId]:
    actor = work.actor
    row = await hold_ticket(work, reference)
    refuse_merged(row)
    ticket = ref_of(row)
    if status is None:
        status = ticket.status if actor.is_staff else status_after_customer_reply(ticket.status)
    else:
        check_change(ticket.status, status)
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
    return await add_message(work, ticket, message, status=status)


def _require_speaker(actor: Actor, kind: MessageKind, status: TicketStatus | None) -> None:
    actor.require(Permission.TICKET_REPLY)
    if kind is MessageKind.SYSTEM or (kind is MessageKind.NOTE and not actor.is_staff):
        raise PermissionDenied(f"You cannot write a {kind} message.")
    if status is not None:
        actor.require(Permission.TICKET_UPDATE)


def _require_user(actor: Actor) -> UserId:
    """Raise PermissionDenied unless the actor is a person of the desk."""
    if actor.user_id is None or not actor.is_staff:
        raise PermissionDenied("This is for people of the desk.")
    return actor.user_id
