"""Mails of ours that came back."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import insert, select

from core.actor import SYSTEM
from core.customers.model import contacts
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database
from core.ids import CustomerId, new_uuid
from core.mail.bounces import record_bounce
from core.mail.model import outgoing_mails
from core.messaging.model import outbox
from core.tickets.model import messages
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, open_ticket, take_ticket_numbers
from ingest.parsing.mail import Bounce, BouncedRecipient


@pytest.mark.parametrize(
    ("message_id", "status", "marked"),
    [("ours@x", "5.1.1", True), ("forged@x", "5.1.1", False), ("ours@x", "5.2.2", False)],
)
async def test_only_a_dead_address_of_a_mail_of_ours_is_marked(
    database: Database, message_id: str, status: str, marked: bool
) -> None:
    async with database.begin(SYSTEM) as work:
        customer = CustomerId(UUID(bytes=(await ensure_triage_customer(work)).bytes))
        await work.flush()
        now = {"created_at": work.now, "updated_at": work.now}
        person = {
            "id": new_uuid(),
            "customer_id": customer,
            "first_name": "A",
            "last_name": "B",
            "email": "a@b.example",
        }
        await work.execute(insert(contacts).values(**person, **now))
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.EMAIL, "Hallo", "A", True)
        number = (await take_ticket_numbers(work, 1))[0]
        draft = NewTicket(customer, None, "Drucker", TicketPriority.MEDIUM, TicketSource.EMAIL, opening)
        ref, _ = open_ticket(work, draft, number)
        await work.flush()
        mail = {"id": new_uuid(), "internet_message_id": "ours@x", "ticket_id": ref.id, "recipient": "a@b.example"}
        rest = {"envelope_from": "d@x", "subject": "s", "content": "c", "state": "sent", "next_attempt_at": work.now}
        await work.execute(insert(outgoing_mails).values(**mail, **rest, created_at=work.now))
    async with database.begin(SYSTEM) as work:
        back = BouncedRecipient("A@b.example", "failed", status, "550 no such user")
        note = await record_bounce(work, ref, Bounce((back,), message_id), None)
    async with database.connect() as connection:
        assert (await connection.execute(select(messages.c.kind).where(messages.c.id == note))).scalar_one() == "system"
        bounced_at = (await connection.execute(select(contacts.c.bounced_at))).scalar_one()
        events = (await connection.execute(select(outbox.c.name).where(outbox.c.name == "contact.bounced"))).all()
    assert (bounced_at is not None, len(events)) == (marked, int(marked))
