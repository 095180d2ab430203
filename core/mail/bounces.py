"""A mail of ours came back: the ticket says so, and an address that is dead is marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, update

from core.audit.model import AuditAction
from core.customers.events import ContactBounced
from core.customers.model import contacts
from core.database.unit_of_work import UnitOfWork
from core.ids import MessageId, RawMailId
from core.mail.model import outgoing_mails
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.writing import NewMessage, TicketRef, add_message

REASON_LIMIT = 500

_DEAD_ADDRESS = re.compile(r"5\.(1\.([12346]|10)|2\.1)")
"""RFC 3463 and 7505: the mailbox or its domain does not exist, has moved, takes no mail, or is disabled."""


class ReportedRecipient(Protocol):
    """One recipient of a delivery report (RFC 3464): Action, Status and Diagnostic-Code as they were given."""

    @property
    def address(self) -> str: ...
    @property
    def action(self) -> str | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def diagnostic(self) -> str | None: ...


class DeliveryReport(Protocol):
    """A delivery report. `original_message_id` is without angle brackets."""

    @property
    def recipients(self) -> Sequence[ReportedRecipient]: ...
    @property
    def original_message_id(self) -> str | None: ...


def is_dead(recipient: ReportedRecipient) -> bool:
    """The address is to blame for good: not a full mailbox, a policy, a delay, or a report that gives no reason."""
    return recipient.action in (None, "failed") and bool(_DEAD_ADDRESS.fullmatch((recipient.status or "").strip()))


async def record_bounce(
    work: UnitOfWork, ticket: TicketRef, report: DeliveryReport, raw_mail_id: RawMailId | None
) -> MessageId:
    """Add a system message to the ticket, and mark the contact whose address is dead. Returns the message's id.

    Anyone can send a report, so a contact is marked only if the report names a Message-ID of ours and an address that
    this very mail went to. Raises VersionConflict if the ticket is not at `ticket.version` any more.
    """
    _, message_id = await add_message(
        work,
        ticket,
        NewMessage(
            kind=MessageKind.SYSTEM,
            source=TicketSource.EMAIL,
            text="\n".join(_line(each) for each in report.recipients) or "Mail could not be delivered.",
            author_name="Mail delivery",
            is_inbound=True,
            is_automatic=True,
            raw_mail_id=raw_mail_id,
        ),
    )
    found = await work.execute(
        select(outgoing_mails.c.recipient).where(outgoing_mails.c.internet_message_id == report.original_message_id)
    )
    sent_to = {row.recipient.lower() for row in found}
    for recipient in report.recipients:
        if recipient.address.lower() in sent_to and is_dead(recipient):
            await _mark(work, recipient)
    return message_id


async def _mark(work: UnitOfWork, recipient: ReportedRecipient) -> None:
    reason = (recipient.diagnostic or recipient.status or "")[:REASON_LIMIT]
    marked = await work.execute(
        update(contacts)
        .where(
            contacts.c.email == recipient.address.lower(),
            contacts.c.deleted_at.is_(None),
            contacts.c.bounced_at.is_(None),
        )
        .values(bounced_at=work.now, bounce_reason=reason, version=contacts.c.version + 1, updated_at=work.now)
        .returning(contacts.c.id, contacts.c.version, contacts.c.customer_id, contacts.c.email)
    )
    for row in marked:
        # The driver's own UUID class cannot be written as JSON.
        contact_id = UUID(bytes=row.id.bytes)
        work.audit(AuditAction.UPDATE, "contact", contact_id, new={"bounced_at": work.now, "bounce_reason": reason})
        work.record(
            ContactBounced(
                subject_id=contact_id,
                subject_version=row.version,
                customer_id=row.customer_id,
                email=row.email,
                reason=reason,
            )
        )


def _line(recipient: ReportedRecipient) -> str:
    said = " ".join((recipient.diagnostic or recipient.status or "no reason given").split())
    return f"Mail to {recipient.address}: {recipient.action or 'failed'} ({said[:REASON_LIMIT]})"
