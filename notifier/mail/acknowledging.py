"""Tells a customer that the mail arrived, and under which number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, and_, func, select

from core.customers.model import contacts
from core.database.unit_of_work import UnitOfWork
from core.ids import TicketId, TicketNumber, new_uuid
from core.mail.compose import Draft, compose
from core.mail.model import MailChannel, outgoing_mails, raw_mails
from core.mail.outgoing import queue_mail
from core.messaging.event import Envelope
from core.tickets.events import TicketCreated
from core.tickets.model import messages
from core.tickets.rules import TicketSource
from notifier.mail.mail_out import MailOut
from notifier.mail.policy import is_answerable
from notifier.mail.wording import language_of, wording

log = structlog.get_logger(__name__)

ACKNOWLEDGEMENTS_LIMIT = 5
ACKNOWLEDGEMENTS_WINDOW = timedelta(hours=1)
"""Two machines that answer each other are stopped after so many, however they disguise themselves."""

NULL_SENDERS = ("", "<>")


async def acknowledge_ticket(mails: MailOut, envelope: Envelope, work: UnitOfWork) -> None:
    """Answer a person's mail that opened a ticket (`ticket.created`). Automatic mail is never answered (RFC 3834)."""
    event = envelope.read(TicketCreated)
    address = (event.requester_address or "").lower()
    if event.source is not TicketSource.EMAIL or event.is_automatic or not is_answerable(address, mails.desk_address):
        return
    opening = (await work.execute(_opening(event.message_id, address))).one_or_none()
    if opening is None or not opening.is_inbound or opening.channel == MailChannel.IMPORT.value:
        return
    if opening.envelope_from in NULL_SENDERS or opening.bounced_at or opening.notify_ticket_created is False:
        return
    if not await _is_within_budget(work, address):
        log.warning("acknowledgement_withheld", ticket=event.number, limit=ACKNOWLEDGEMENTS_LIMIT)
        return
    text = wording(
        "acknowledgement",
        language_of(opening.language, mails.desk_language),
        number=event.number,
        title=event.title,
        desk_name=mails.desk_name,
    )
    draft = Draft(
        number=TicketNumber(event.number),
        subject=event.title,
        text=text,
        to=(address,),
        in_reply_to=opening.internet_message_id,
        is_automatic=True,
    )
    composed = compose(mails.desk, draft, new_uuid(), work.now)
    await queue_mail(work, composed, address, TicketId(event.subject_id), None)


def _opening(message_id: UUID, address: str) -> Select[Any]:
    """The message that opened the ticket, the mail it came in, and the contact who has the address."""
    return (
        select(
            messages.c.internet_message_id,
            messages.c.is_inbound,
            raw_mails.c.channel,
            raw_mails.c.envelope_from,
            contacts.c.notify_ticket_created,
            contacts.c.bounced_at,
            contacts.c.language,
        )
        .select_from(messages)
        .outerjoin(raw_mails, raw_mails.c.id == messages.c.raw_mail_id)
        .outerjoin(contacts, and_(contacts.c.email == address, contacts.c.deleted_at.is_(None)))
        .where(messages.c.id == message_id)
    )


async def _is_within_budget(work: UnitOfWork, address: str) -> bool:
    """Counts under a lock on the address, which is held until this unit of work has added its own."""
    await work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"acknowledgement {address}", 0))))
    o = outgoing_mails.c
    sent = await work.execute(
        select(func.count())
        .select_from(outgoing_mails)
        .where(o.recipient == address, o.created_at > work.now - ACKNOWLEDGEMENTS_WINDOW, o.message_id.is_(None))
    )
    return int(sent.scalar_one()) < ACKNOWLEDGEMENTS_LIMIT
