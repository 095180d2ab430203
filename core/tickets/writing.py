"""How a ticket and its messages are written into a unit of work; every way in (mail, API, chat) comes through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, text, update

from core.actor import Actor
from core.audit.model import AuditAction
from core.chat.model import chat_messages
from core.database.unit_of_work import UnitOfWork
from core.errors import VersionConflict
from core.ids import (
    ContactId,
    ConversationId,
    CustomerId,
    MessageId,
    RawMailId,
    TicketId,
    TicketNumber,
    UserId,
    new_uuid,
)
from core.tickets.events import TicketCreated, TicketReplied, TicketStatusChanged
from core.tickets.model import TITLE_LIMIT, attachments, messages, thread_ids, ticket_participants, tickets
from core.tickets.rules import (
    MessageKind,
    ParticipantKind,
    ThreadStrength,
    TicketPriority,
    TicketSource,
    TicketStatus,
    title_from,
)


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file whose content is in the blob store already. `set_aside` says why it is not offered, if it is not."""

    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    is_inline: bool = False
    content_id: str | None = None
    set_aside: str | None = None


@dataclass(frozen=True, slots=True)
class SaidIn:
    """The chat message by which something was said: what is told of it elsewhere does not come back there."""

    conversation_id: ConversationId
    external_id: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be written. `internet_message_id` and `referred_ids` (without angle brackets) thread later mails."""

    kind: MessageKind
    source: TicketSource
    text: str
    author_name: str
    is_inbound: bool
    author_address: str | None = None
    author_user_id: UserId | None = None
    author_contact_id: ContactId | None = None
    is_automatic: bool = False
    subject: str | None = None
    quoted: str = ""
    signature: str = ""
    html: str | None = None
    internet_message_id: str | None = None
    referred_ids: tuple[str, ...] = ()
    raw_mail_id: RawMailId | None = None
    sent_at: datetime | None = None
    copied_addresses: tuple[str, ...] = ()
    attachments: tuple[NewAttachment, ...] = ()
    said_in: SaidIn | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened by its first message."""

    customer_id: CustomerId
    contact_id: ContactId | None
    title: str
    priority: TicketPriority
    source: TicketSource
    opening: NewMessage
    category: str | None = None
    tags: tuple[str, ...] = ()
    source_reference: str | None = None


@dataclass(frozen=True, slots=True)
class TicketRef:
    """What must be known of a ticket to write on it."""

    id: TicketId
    number: TicketNumber
    version: int
    status: TicketStatus


async def take_ticket_numbers(work: UnitOfWork, count: int) -> list[TicketNumber]:
    """Fresh ticket numbers from the sequence; numbers of transactions that fail are skipped, never reused."""
    rows = await work.execute(text("SELECT nextval('ticket_number_seq') FROM generate_series(1, :n)"), {"n": count})
    return [TicketNumber(row[0]) for row in rows]


def open_ticket(
    work: UnitOfWork,
    draft: NewTicket,
    number: TicketNumber,
    actor: Actor | None = None,
    *,
    opening_id: MessageId | None = None,
) -> tuple[TicketRef, MessageId]:
    """Queue a new ticket with its first message, audit record and `ticket.created`.

    With an `opening_id` the first message is there already, on another ticket; the caller moves it.
    """
    ref = TicketRef(TicketId(new_uuid()), number, version=1, status=TicketStatus.NEW)
    title = title_from(draft.title, TITLE_LIMIT) or "(no subject)"
    work.insert(
        tickets,
        {
            "id": ref.id,
            "number": number,
            "customer_id": draft.customer_id,
            "contact_id": draft.contact_id,
            "title": title,
            "description": draft.opening.text,
            "status": ref.status.value,
            "priority": draft.priority.value,
            "category": draft.category,
            "tags": list(draft.tags),
            "source": draft.source.value,
            "source_reference": draft.source_reference,
            "version": ref.version,
            "created_at": work.now,
            "updated_at": work.now,
        },
    )
    if opening_id is None:
        message_id = _write_message(work, ref, draft.opening, ParticipantKind.REQUESTER)
    else:
        message_id = opening_id
        _write_participants(work, ref, draft.opening, ParticipantKind.REQUESTER)
    work.audit(
        AuditAction.CREATE,
        "ticket",
        ref.id,
        new={"number": number, "title": title, "customer_id": draft.customer_id, "source": draft.source.value},
        actor=actor,
    )
    work.record(
        TicketCreated(
            subject_id=ref.id,
            subject_version=ref.version,
            number=number,
            customer_id=draft.customer_id,
            contact_id=draft.contact_id,
            title=title,
            priority=draft.priority,
            source=draft.source,
            message_id=message_id,
            requester_address=draft.opening.author_address,
            is_automatic=draft.opening.is_automatic,
        )
    )
    return ref, message_id


async def add_message(
    work: UnitOfWork,
    ticket: TicketRef,
    message: NewMessage,
    *,
    status: TicketStatus | None = None,
    actor: Actor | None = None,
) -> tuple[TicketRef, MessageId]:
    """Add a message to a ticket, and change its status if `status` says so. Returns the ticket as it is then.

    The desk's first public reply by a person is the ticket's first response. Raises VersionConflict if the ticket is
    not at `ticket.version` any more.
    """
    new_status = status or ticket.status
    answers = message.kind is MessageKind.PUBLIC and not message.is_inbound and not message.is_automatic
    answered = {"first_response_at": func.coalesce(tickets.c.first_response_at, work.now)} if answers else {}
    after = await touch_ticket(work, ticket, status=new_status, changes=answered)
    message_id = _write_message(work, ticket, message, ParticipantKind.COPIED)
    work.audit(
        AuditAction.CREATE, "message", message_id, new={"ticket_id": ticket.id, "kind": message.kind}, actor=actor
    )
    work.record(
        TicketReplied(
            subject_id=ticket.id,
            subject_version=after.version,
            number=ticket.number,
            message_id=message_id,
            kind=message.kind,
            is_inbound=message.is_inbound,
            is_automatic=message.is_automatic,
            author_user_id=message.author_user_id,
            author_address=message.author_address,
            source=message.source,
        )
    )
    if new_status is not ticket.status:
        tell_status(work, after, old=ticket.status, actor=actor)
    return after, message_id


async def touch_ticket(
    work: UnitOfWork, ticket: TicketRef, *, status: TicketStatus, changes: Mapping[str, object] = MappingProxyType({})
) -> TicketRef:
    """Raise the ticket's version, set its status with the instants that go with it, and `changes` by column.

    Returns the ticket as it is then. Raises VersionConflict if the ticket is not at `ticket.version` any more.
    """
    values: dict[str, object] = {
        **changes,
        "version": ticket.version + 1,
        "updated_at": work.now,
        "status": status.value,
    }
    if status is not ticket.status:
        done = status in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
        if not done:
            values |= {"resolved_at": None, "closed_at": None}
        elif status is TicketStatus.RESOLVED:
            values |= {"resolved_at": work.now, "closed_at": None}
        else:
            values |= {"closed_at": work.now}
    changed = await work.execute(
        update(tickets).where(tickets.c.id == ticket.id, tickets.c.version == ticket.version).values(**values)
    )
    if changed.rowcount != 1:
        actual = await work.execute(
            tickets.select().with_only_columns(tickets.c.version).where(tickets.c.id == ticket.id)
        )
        raise VersionConflict("ticket", ticket.version, actual.scalar_one())
    return replace(ticket, version=ticket.version + 1, status=status)


def remark(text: str, source: TicketSource = TicketSource.API) -> NewMessage:
    """What the product itself says on a ticket; customers do not see it."""
    return NewMessage(kind=MessageKind.SYSTEM, source=source, text=text, author_name="System", is_inbound=False)


def tell_status(work: UnitOfWork, after: TicketRef, *, old: TicketStatus, actor: Actor | None = None) -> None:
    """Queue the audit record and `ticket.status_changed` of a ticket whose status was `old`."""
    work.audit(AuditAction.UPDATE, "ticket", after.id, old={"status": old}, new={"status": after.status}, actor=actor)
    work.record(
        TicketStatusChanged(
            subject_id=after.id, subject_version=after.version, number=after.number, old=old, new=after.status
        )
    )


def _write_message(
    work: UnitOfWork, ticket: TicketRef, message: NewMessage, author_takes_part_as: ParticipantKind
) -> MessageId:
    message_id = MessageId(new_uuid())
    work.insert(
        messages,
        {
            "id": message_id,
            "ticket_id": ticket.id,
            "kind": message.kind.value,
            "is_inbound": message.is_inbound,
            "is_automatic": message.is_automatic,
            "author_user_id": message.author_user_id,
            "author_contact_id": message.author_contact_id,
            "author_name": message.author_name,
            "author_address": message.author_address,
            "subject": message.subject,
            "text": message.text,
            "quoted": message.quoted,
            "signature": message.signature,
            "html": message.html,
            "source": message.source.value,
            "internet_message_id": message.internet_message_id,
            "raw_mail_id": message.raw_mail_id,
            "sent_at": message.sent_at,
            "created_at": work.now,
        },
    )
    for position, file in enumerate(message.attachments):
        work.insert(
            attachments,
            {
                "id": new_uuid(),
                "message_id": message_id,
                "position": position,
                "filename": file.filename,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
                "is_inline": file.is_inline,
                "content_id": file.content_id,
                "set_aside": file.set_aside,
                "created_at": work.now,
            },
        )
    if message.said_in is not None:
        work.insert(
            chat_messages,
            {
                "conversation_id": message.said_in.conversation_id,
                "external_id": message.said_in.external_id,
                "message_id": message_id,
                "is_origin": True,
                "created_at": work.now,
            },
        )
    if message.internet_message_id:
        _write_thread_id(work, ticket, message.internet_message_id, ThreadStrength.STRONG)
    for referred in message.referred_ids:
        _write_thread_id(work, ticket, referred, ThreadStrength.WEAK)
    _write_participants(work, ticket, message, author_takes_part_as)
    return message_id


def _write_participants(
    work: UnitOfWork, ticket: TicketRef, message: NewMessage, author_takes_part_as: ParticipantKind
) -> None:
    if message.is_inbound and message.author_address:
        _write_participant(work, ticket, message.author_address, author_takes_part_as)
    for address in message.copied_addresses:
        _write_participant(work, ticket, address, ParticipantKind.COPIED)


def _write_thread_id(work: UnitOfWork, ticket: TicketRef, message_id: str, strength: ThreadStrength) -> None:
    work.insert(
        thread_ids,
        {
            "internet_message_id": message_id,
            "ticket_id": ticket.id,
            "strength": strength.value,
            "created_at": work.now,
        },
    )


def _write_participant(work: UnitOfWork, ticket: TicketRef, address: str, kind: ParticipantKind) -> None:
    work.insert(
        ticket_participants,
        {"ticket_id": ticket.id, "address": address.lower(), "kind": kind.value, "created_at": work.now},
    )
