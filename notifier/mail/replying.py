"""Sends what the desk wrote publicly on a ticket to the customer and to those in copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row, Text, literal, select, union_all
from sqlalchemy.sql import null

from core.blobs.store import BlobStore
from core.database.unit_of_work import UnitOfWork
from core.ids import MessageId, TicketId, TicketNumber, new_uuid
from core.mail.compose import Draft, MailFile, compose
from core.mail.model import outgoing_mails
from core.mail.outgoing import queue_mail
from core.mail.readers import find_readers
from core.messaging.event import Envelope
from core.tickets.events import TicketReplied
from core.tickets.model import attachments, messages, tickets
from core.tickets.rules import MessageKind
from notifier.mail.mail_out import MailOut
from notifier.mail.wording import language_of, wording

log = structlog.get_logger(__name__)

FILES_LIMIT_BYTES = 15 * 1024 * 1024
"""What goes along in one mail: base64 makes 20 MiB of it, which most servers still take."""

THREAD_LIMIT = 200


@dataclass(frozen=True, slots=True)
class _Thread:
    """The mails of a ticket before this one, oldest first: id, and to whom it went if it is one of ours."""

    mails: tuple[tuple[str, str | None], ...]
    last_inbound: str | None

    def as_seen_by(self, address: str) -> tuple[str, ...]:
        """Every reader has a copy with an id of its own, and knows no other."""
        return tuple(message_id for message_id, recipient in self.mails if recipient in (None, address))


async def send_public_reply(mails: MailOut, envelope: Envelope, work: UnitOfWork) -> None:
    """Mail a public reply of the desk (`ticket.replied`); notes and what customers or machines wrote stay here."""
    event = envelope.read(TicketReplied)
    if event.kind is not MessageKind.PUBLIC or event.is_inbound or event.is_automatic:
        return
    ticket_id, message_id = TicketId(event.subject_id), MessageId(event.message_id)
    message = await _get_message(work, message_id)
    readers = await find_readers(
        work.connection, ticket_id, author_address=message.author_address, desk_address=mails.desk_address
    )
    if not readers.to:
        log.info("reply_has_no_reader", ticket=event.number)
        return
    thread = await _read_thread(work, ticket_id, message)
    language = language_of(readers.language, mails.desk_language)
    files, left_out = await _files(work, message_id, mails.blobs)
    text = wording(
        "reply",
        language,
        text=message.text.rstrip(),
        author=message.author_name,
        desk_name=mails.desk_name,
        number=event.number,
    )
    if left_out:
        text = f"{text.rstrip()}\n\n{wording('files_left_out', language, names=', '.join(left_out))}"
    for address in (*readers.to, *readers.cc):
        references = thread.as_seen_by(address)
        draft = Draft(
            number=TicketNumber(event.number),
            subject=message.title,
            text=text,
            to=readers.to,
            cc=readers.cc,
            in_reply_to=thread.last_inbound or (references[-1] if references else None),
            references=references,
            files=files,
        )
        await queue_mail(work, compose(mails.desk, draft, new_uuid(), work.now), address, ticket_id, message_id)
        await work.flush()  # mails with files are large: one at a time


async def _get_message(work: UnitOfWork, message_id: MessageId) -> Row[Any]:
    found = await work.execute(
        select(
            messages.c.id,
            messages.c.text,
            messages.c.author_name,
            messages.c.author_address,
            messages.c.created_at,
            tickets.c.title,
        )
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .where(messages.c.id == message_id)
    )
    return found.one()


async def _read_thread(work: UnitOfWork, ticket_id: TicketId, message: Row[Any]) -> _Thread:
    m, o = messages.c, outgoing_mails.c
    is_from_customer = m.is_inbound & (m.kind == MessageKind.PUBLIC.value)
    edges = union_all(
        select(m.internet_message_id, null().cast(Text).label("recipient"), is_from_customer.label("in"), m.created_at)
        .where(m.ticket_id == ticket_id, m.internet_message_id.is_not(None), m.created_at <= message.created_at)
        .where(m.id != message.id),
        select(o.internet_message_id, o.recipient, literal(False), o.created_at).where(o.ticket_id == ticket_id),
    ).subquery()
    newest = await work.execute(select(edges).order_by(edges.c.created_at.desc()).limit(THREAD_LIMIT))
    rows = [tuple(row) for row in newest][::-1]
    inbound = [message_id for message_id, _, is_inbound, _ in rows if is_inbound]
    return _Thread(tuple((row[0], row[1]) for row in rows), inbound[-1] if inbound else None)


async def _files(work: UnitOfWork, message_id: MessageId, blobs: BlobStore) -> tuple[tuple[MailFile, ...], list[str]]:
    """The files that go along, and the names of those that would make the mail too large."""
    a = attachments.c
    rows = await work.execute(
        select(a.filename, a.content_type, a.size_bytes, a.sha256)
        .where(a.message_id == message_id, a.set_aside.is_(None))
        .order_by(a.position)
    )
    files: list[MailFile] = []
    left_out: list[str] = []
    room_bytes = FILES_LIMIT_BYTES
    for row in rows.all():
        if row.size_bytes > room_bytes:
            left_out.append(row.filename)
            continue
        room_bytes -= row.size_bytes
        files.append(MailFile(row.filename, row.content_type, await blobs.get(row.sha256)))
    return tuple(files), left_out
