"""What a request for a ticket becomes: whose it is, and who says its first words."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text

from core.actor import Actor, ActorKind
from core.customers.model import customers
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, PermissionDenied
from core.ids import ContactId, CustomerId
from core.tickets.locking import ref_of
from core.tickets.model import idempotency_keys, tickets
from core.tickets.people import find_contact_of, get_contact, make_contact_of, name_of
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, SaidIn, TicketRef


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """What someone wants help with. Staff say for which customer, and for which of its contacts if they know.

    `source_reference` names what it was made from where it came from; the ticket is found by it again.
    """

    title: str
    description: str
    customer_id: CustomerId | None = None
    contact_id: ContactId | None = None
    priority: TicketPriority = TicketPriority.MEDIUM
    category: str | None = None
    tags: tuple[str, ...] = ()
    source: TicketSource = TicketSource.API
    source_reference: str | None = None
    said_in: SaidIn | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The caller's mark on a request that it may send again, and a digest of what it sent."""

    key: str
    body_digest: str


async def find_earlier(work: UnitOfWork, key: IdempotencyKey) -> TicketRef | None:
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
    return ref_of(row)


async def draft_by_customer(work: UnitOfWork, request: TicketRequest) -> NewTicket:
    """A ticket of the actor's own company. Where a contact talks, the surface may know which one it is."""
    actor = work.actor
    if actor.customer_id is None:
        raise PermissionDenied("You belong to no customer.")
    if request.customer_id not in (None, actor.customer_id):
        raise InvalidInput("You open tickets for your own company only.", field="customer_id")
    if request.contact_id is None:
        contact_id = await find_contact_of(work, actor) or await make_contact_of(work, actor)
    elif actor.kind is ActorKind.CONTACT:
        await get_contact(work, request.contact_id, actor.customer_id)
        contact_id = request.contact_id
    else:
        raise InvalidInput("Your own contact is taken.", field="contact_id")
    name = await name_of(work, actor)
    return _draft(request, actor.customer_id, contact_id, _opening(request, actor, name, actor.email, contact_id))


async def draft_by_staff(work: UnitOfWork, request: TicketRequest) -> NewTicket:
    """The opening message is the contact's, as on the phone; without a contact it is the desk's own."""
    if request.customer_id is None:
        raise InvalidInput("Say for which customer.", field="customer_id")
    await require_customer(work, request.customer_id)
    if request.contact_id is None:
        opening = _opening(request, work.actor, await name_of(work, work.actor), None, None)
        return _draft(request, request.customer_id, None, opening)
    contact = await get_contact(work, request.contact_id, request.customer_id)
    name = f"{contact.first_name} {contact.last_name}".strip()
    opening = _opening(request, work.actor, name, contact.email, request.contact_id)
    return _draft(request, request.customer_id, request.contact_id, opening)


async def require_customer(work: UnitOfWork, customer_id: CustomerId) -> str:
    """The customer's name. Raises InvalidInput where there is no such customer."""
    there = select(customers.c.name).where(customers.c.id == customer_id, customers.c.deleted_at.is_(None))
    name = (await work.execute(there)).scalar_one_or_none()
    if name is None:
        raise InvalidInput("There is no such customer.", field="customer_id")
    return str(name)


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
        source_reference=request.source_reference,
    )
