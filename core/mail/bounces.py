"""A delivery report on a mail of ours: shown on its ticket, the address marked where it failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from core.audit.model import AuditAction
from core.customers.events import ContactBounced
from core.customers.model import contacts
from core.database.unit_of_work import UnitOfWork
from core.ids import MessageId, RawMailId
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.writing import NewMessage, TicketRef, add_message

REPORTER = "Mail delivery"


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """What a report says of one recipient: `is_permanent` means that the address does not take mail."""

    address: str
    is_permanent: bool
    reason: str


async def record_bounce(
    work: UnitOfWork, ticket: TicketRef, recipients: Sequence[ReportedRecipient], raw_mail_id: RawMailId
) -> tuple[TicketRef, MessageId]:
    """Add a system message to the ticket and mark the contacts whose address failed for good.

    Raises VersionConflict if the ticket is not at `ticket.version` any more.
    """
    lines = [f"{each.address}: {each.reason}" for each in recipients] or ["The report names no recipient."]
    message = NewMessage(
        kind=MessageKind.SYSTEM,
        source=TicketSource.EMAIL,
        text="Our mail could not be delivered.\n" + "\n".join(lines),
        author_name=REPORTER,
        is_inbound=False,
        is_automatic=True,
        raw_mail_id=raw_mail_id,
    )
    after, message_id = await add_message(work, ticket, message)
    for each in recipients:
        if each.is_permanent:
            await mark_bounced(work, each.address, each.reason)
    return after, message_id


async def mark_bounced(work: UnitOfWork, address: str, reason: str) -> None:
    """Mark the contact of an address that does not take mail; nothing if there is none or it is marked already."""
    marked = await work.execute(
        update(contacts)
        .where(contacts.c.email == address.lower(), contacts.c.deleted_at.is_(None), contacts.c.bounced_at.is_(None))
        .values(bounced_at=work.now, bounce_reason=reason[:500], version=contacts.c.version + 1, updated_at=work.now)
        .returning(contacts.c.id, contacts.c.version)
    )
    for row in marked:
        contact_id, version = row.id, row.version
        work.audit(
            AuditAction.UPDATE, "contact", contact_id, new={"bounced_at": work.now, "bounce_reason": reason[:500]}
        )
        work.record(
            ContactBounced(subject_id=contact_id, subject_version=version, email=address.lower(), reason=reason[:500])
        )
