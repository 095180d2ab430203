"""The running HTTP application over a real database: a user of each role, two customers, and things of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson
from sqlalchemy import select

from core.actor import SYSTEM
from core.chat.conversations import keep_conversation
from core.chat.rules import ConversationKind, Surface
from core.customers.model import CustomerStatus, contacts, customer_domains, customers
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.identity.roles import Role
from core.ids import ContactId, CustomerId, UserId, new_uuid
from core.mail.mailboxes import MailboxSecret, NewMailbox
from core.mail.model import mail_receipts, outgoing_mails, raw_mails
from core.tickets.model import attachments, messages
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
from psa.wiring import Parts

SECRET = "streng-vertraulich-nur-intern"
"""Stands in each note, its files' names and their content."""

FILE = b"Inhalt"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(orjson.loads(self.content)["error"]["code"])


@dataclass(frozen=True, slots=True)
class World:
    """`own` is the customer of the three customer users; nobody belongs to `foreign`."""

    parts: Parts
    http: aiohttp.ClientSession
    own: CustomerId
    foreign: CustomerId
    contacts: Mapping[CustomerId, ContactId]
    tokens: Mapping[Role, str]

    async def ask(
        self,
        token: str | None,
        request: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request such as `GET /api/v1/tickets`; a body as JSON, or `raw` as it is."""
        method, _, path = request.partition(" ")
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        data = raw if raw is not None else orjson.dumps(body) if body is not None else None
        async with self.http.request(method, path, data=data, headers=sent) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def make_ticket(self, customer: CustomerId, filename: str = "bild.png") -> TicketRef:
        """A ticket with a file, and a note with a secret one."""
        sha256 = await self.parts.blobs.put(FILE)
        async with self.parts.database.begin(SYSTEM) as work:
            return await _ticket(work, customer, self.contacts[customer], sha256, filename)

    async def make_things(self, customer: CustomerId) -> dict[str, str]:
        """One of each thing there is, of the customer; the names are those that the matrix uses."""
        sha256 = await self.parts.blobs.put(FILE)
        mailbox = await self.parts.mailboxes.add_mailbox(SYSTEM, _mailbox())
        ticket, other = await self.make_ticket(customer), await self.make_ticket(customer)
        mail, held, outgoing, domain, bare = (str(new_uuid()) for _ in range(5))
        async with self.parts.database.begin(SYSTEM) as work:
            stamps = {"created_at": work.now, "updated_at": work.now}
            for each in (mail, held):
                raw = {"id": each, "sha256": sha256, "size_bytes": len(FILE), "channel": "smtp"}
                work.insert(raw_mails, raw | {"received_at": work.now})
            active = CustomerStatus.ACTIVE.value
            work.insert(customers, {"id": bare, "name": f"Leer {bare}", "status": active, **stamps})
            await work.flush()
            work.insert(
                mail_receipts,
                {
                    "id": new_uuid(),
                    "raw_mail_id": mail,
                    "outcome": "ticket_opened",
                    "ticket_id": ticket.id,
                    "findings": [],
                    "created_at": work.now,
                },
            )
            receipt = {"id": new_uuid(), "raw_mail_id": held, "outcome": "quarantined", "findings": []}
            work.insert(mail_receipts, receipt | {"created_at": work.now})
            work.insert(
                customer_domains,
                {"id": domain, "customer_id": customer, "domain": f"{domain}.example", "created_at": work.now},
            )
            work.insert(
                outgoing_mails,
                {
                    "id": outgoing,
                    "internet_message_id": f"{outgoing}@desk.example",
                    "ticket_id": ticket.id,
                    "recipient": "eva@hofer.example",
                    "envelope_from": "support@desk.example",
                    "subject": "Drucker",
                    "content": "Hallo",
                    "state": "queued",
                    "next_attempt_at": work.now,
                    "created_at": work.now,
                },
            )
            shared = await keep_conversation(work, Surface.SLACK, "T1", f"C{mail}", ConversationKind.CHANNEL)
        files = await self.files(ticket)
        return {
            "customer": str(customer),
            "bare_customer": bare,
            "contact": str(self.contacts[customer]),
            "domain": domain,
            "ticket": str(ticket.id),
            "other_ticket": str(other.id),
            "attachment": files["bild.png"],
            "secret_attachment": files[f"{SECRET}.txt"],
            "mail": mail,
            "held_mail": held,
            "outgoing": outgoing,
            "mailbox": str(mailbox),
            "conversation": str(shared.id),
        }

    async def files(self, ticket: TicketRef) -> dict[str, str]:
        """The ids of the ticket's files by their names."""
        async with self.parts.database.connect() as connection:
            wanted = select(attachments.c.filename, attachments.c.id)
            statement = wanted.join_from(attachments, messages).where(messages.c.ticket_id == ticket.id)
            return {name: str(key) for name, key in await connection.execute(statement)}


async def make_world(parts: Parts, http: aiohttp.ClientSession) -> World:
    async with parts.database.begin(SYSTEM) as work:
        own, foreign = _customer(work, "Tischlerei Hofer"), _customer(work, "Gasthof zur Linde")
        await work.flush()
        for role in Role:
            _user(work, role, own if role.is_customer else None)
        people = {
            own: _contact(work, own, f"{Role.CUSTOMER_USER}@example.com"),
            foreign: _contact(work, foreign, "carla@linde.example"),
        }
    tokens = {role: await parts.users.issue_token(f"{role}@example.com") for role in Role}
    return World(parts, http, own, foreign, people, tokens)


async def _ticket(work: UnitOfWork, customer: CustomerId, contact: ContactId, sha256: str, filename: str) -> TicketRef:
    file = NewAttachment(filename, "image/png", len(FILE), sha256)
    opening = NewMessage(MessageKind.PUBLIC, TicketSource.EMAIL, "Hilfe!", "Eva", True, attachments=(file,))
    (number,) = await take_ticket_numbers(work, 1)
    draft = NewTicket(customer, contact, f"Drucker von {customer}", TicketPriority.LOW, TicketSource.EMAIL, opening)
    ref, _ = open_ticket(work, draft, number)
    await work.flush()
    secret = NewAttachment(f"{SECRET}.txt", "text/plain", len(FILE), sha256)
    note = NewMessage(MessageKind.NOTE, TicketSource.API, SECRET, "Toni", False, attachments=(secret,))
    after, _ = await add_message(work, ref, note)
    return after


def _mailbox() -> NewMailbox:
    return NewMailbox(
        name=f"m-{new_uuid()}", host="imap.example", username="m", secret=MailboxSecret(password="geheim")
    )


def _customer(work: UnitOfWork, name: str) -> CustomerId:
    customer_id = CustomerId(new_uuid())
    work.insert(customers, {"id": customer_id, "name": name, "status": CustomerStatus.ACTIVE.value, **_stamps(work)})
    return customer_id


def _contact(work: UnitOfWork, customer_id: CustomerId, email: str) -> ContactId:
    contact_id = ContactId(new_uuid())
    name = {"first_name": "Eva", "last_name": "Muster"}
    work.insert(contacts, {"id": contact_id, "customer_id": customer_id, "email": email, **name, **_stamps(work)})
    return contact_id


def _user(work: UnitOfWork, role: Role, customer_id: CustomerId | None) -> None:
    who = {"id": UserId(new_uuid()), "email": f"{role}@example.com", "first_name": "Toni", "last_name": role.value}
    work.insert(users, {**who, "role": role.value, "customer_id": customer_id, **_stamps(work)})


def _stamps(work: UnitOfWork) -> dict[str, object]:
    return {"created_at": work.now, "updated_at": work.now}
