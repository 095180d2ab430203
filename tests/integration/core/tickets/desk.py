"""A small help desk to test on: two customers, their people, and technicians."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.actor import SYSTEM, Actor, ActorKind
from core.customers.model import CustomerStatus, contacts, customers
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.identity.roles import Role
from core.ids import ContactId, CustomerId, UserId, new_uuid
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import (
    NewAttachment,
    NewMessage,
    NewTicket,
    TicketRef,
    add_message,
    open_ticket,
    take_ticket_numbers,
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Anna (contact and customer_user) and Ben (contact only) belong to Hofer; Carla administers Linde's tickets."""

    database: Database
    hofer: CustomerId
    linde: CustomerId
    anna: Actor
    anna_contact: ContactId
    ben_contact: ContactId
    hofer_admin: Actor
    linde_admin: Actor
    technician: Actor
    manager: Actor
    security: Actor

    async def open(
        self,
        title: str,
        *,
        text: str = "Bitte um Hilfe.",
        customer: CustomerId | None = None,
        contact: ContactId | None = None,
        address: str | None = None,
        priority: TicketPriority = TicketPriority.MEDIUM,
        copied: tuple[str, ...] = (),
        attachments: tuple[NewAttachment, ...] = (),
    ) -> TicketRef:
        """A ticket as a mail would open it."""
        opening = NewMessage(
            kind=MessageKind.PUBLIC,
            source=TicketSource.EMAIL,
            text=text,
            author_name="Somebody",
            author_address=address,
            is_inbound=True,
            copied_addresses=copied,
            attachments=attachments,
        )
        async with self.database.begin(SYSTEM) as work:
            (number,) = await take_ticket_numbers(work, 1)
            draft = NewTicket(customer or self.hofer, contact, title, priority, TicketSource.EMAIL, opening)
            ref, _ = open_ticket(work, draft, number)
        return ref

    async def say(self, ticket: TicketRef, text: str, kind: MessageKind = MessageKind.PUBLIC) -> TicketRef:
        """A message of the desk on a ticket."""
        said = NewMessage(kind=kind, source=TicketSource.API, text=text, author_name="Toni", is_inbound=False)
        async with self.database.begin(SYSTEM) as work:
            after, _ = await add_message(work, ticket, said)
        return after


async def make_desk(database: Database) -> Desk:
    async with database.begin(SYSTEM) as work:
        hofer, linde = _customer(work, "Tischlerei Hofer"), _customer(work, "Gasthof zur Linde")
        await work.flush()
        return Desk(
            database=database,
            hofer=hofer,
            linde=linde,
            anna=_user(work, Role.CUSTOMER_USER, "Anna.Hofer@hofer.example", hofer),
            anna_contact=_contact(work, "Anna", "anna.hofer@hofer.example", hofer),
            ben_contact=_contact(work, "Ben", "ben@hofer.example", hofer),
            hofer_admin=_user(work, Role.CUSTOMER_ADMIN, "admin@hofer.example", hofer),
            linde_admin=_user(work, Role.CUSTOMER_ADMIN, "carla@linde.example", linde),
            technician=_user(work, Role.TECHNICIAN_L1, "toni@msp.example"),
            manager=_user(work, Role.SERVICE_MANAGER, "maria@msp.example"),
            security=_user(work, Role.SECURITY_ADMIN, "sam@msp.example"),
        )


def _customer(work: UnitOfWork, name: str) -> CustomerId:
    customer_id = CustomerId(new_uuid())
    work.insert(customers, {"id": customer_id, "name": name, "status": CustomerStatus.ACTIVE.value, **_stamps(work)})
    return customer_id


def _contact(work: UnitOfWork, first: str, email: str, customer_id: CustomerId) -> ContactId:
    contact_id = ContactId(new_uuid())
    name = {"first_name": first, "last_name": "Hofer"}
    work.insert(contacts, {"id": contact_id, "customer_id": customer_id, "email": email, **name, **_stamps(work)})
    return contact_id


def _user(work: UnitOfWork, role: Role, email: str, customer_id: CustomerId | None = None) -> Actor:
    user_id = UserId(new_uuid())
    name = {"first_name": email.partition("@")[0].partition(".")[0].title(), "last_name": "Muster"}
    row: dict[str, str | UUID | None] = {"id": user_id, "email": email, "role": role.value, "customer_id": customer_id}
    work.insert(users, {**row, **name, **_stamps(work)})
    return Actor(kind=ActorKind.USER, user_id=user_id, email=email, role=role, customer_id=customer_id)


def _stamps(work: UnitOfWork) -> dict[str, object]:
    return {"created_at": work.now, "updated_at": work.now}
