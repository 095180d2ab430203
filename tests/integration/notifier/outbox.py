"""Mails in the outgoing queue, with as little as possible around them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from core.actor import SYSTEM
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database
from core.ids import CustomerId, new_uuid
from core.mail.compose import Desk, Draft, compose
from core.mail.model import outgoing_mails
from core.mail.outgoing import queue_mail
from core.mail.reply_token import ReplyTokens
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, open_ticket, take_ticket_numbers
from tests.integration.notifier.desk import DESK_ADDRESS

DESK = Desk(ReplyTokens(b"a key of sixteen bytes", DESK_ADDRESS), "Beispiel IT", DESK_ADDRESS)


async def queue(database: Database, *recipients: str) -> UUID:
    """Queue a mail to each, on a ticket of their own; returns its id."""
    async with database.begin(SYSTEM) as work:
        customer_id = CustomerId(await ensure_triage_customer(work))
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.CONSOLE, "Hallo", "Anna", is_inbound=True)
        (number,) = await take_ticket_numbers(work, 1)
        ticket = NewTicket(customer_id, None, "Drucker", TicketPriority.MEDIUM, TicketSource.CONSOLE, opening)
        ref, _ = open_ticket(work, ticket, number)
        for recipient in recipients:
            draft = Draft(number, "Drucker", "Bitte neu starten.", (recipient,))
            await queue_mail(work, compose(DESK, draft, new_uuid(), work.now), recipient, ref.id, None)
    return ref.id


async def list_states(database: Database) -> dict[str, str]:
    """What became of the mails, by recipient."""
    async with database.connect() as connection:
        rows = await connection.execute(select(outgoing_mails.c.recipient, outgoing_mails.c.state))
        return {row.recipient: row.state for row in rows}
