"""Writes what was decided: ticket, message, contact, receipt and cursor, all in the intake's unit of work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import update

from core.actor import Actor, ActorKind
from core.audit.model import AuditAction
from core.customers.events import ContactCreated
from core.customers.model import contacts
from core.database.unit_of_work import UnitOfWork
from core.ids import ContactId, MessageId, RawMailId, ReceiptId, TicketId, TicketNumber, new_uuid
from core.mail.bounces import record_bounce
from core.mail.mailboxes import Cursor, advance
from core.mail.model import ReceiptOutcome, mail_receipts, raw_mails
from core.tickets.model import ticket_links
from core.tickets.rules import (
    LinkKind,
    MessageKind,
    ThreadStrength,
    TicketPriority,
    TicketSource,
    TicketStatus,
    status_after_customer_reply,
)
from core.tickets.writing import NewAttachment, NewMessage, NewTicket, TicketRef, add_message, open_ticket
from ingest.arrival import IncomingMail, PreparedMail
from ingest.deciding.decision import (
    AddReply,
    Author,
    Decision,
    Duplicate,
    FileAutomatic,
    Finding,
    OpenTicket,
    Park,
    Quarantine,
    RecordBounce,
    Rule,
)
from ingest.deciding.facts import Facts, KnownContact, KnownTicket, ThreadEdge
from ingest.parsing.mail import MailAddress, ParsedMail


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a mail; `reference` is what the sender's server is told."""

    raw_mail_id: RawMailId
    outcome: ReceiptOutcome
    ticket_number: TicketNumber | None = None

    @property
    def reference(self) -> str:
        return f"ticket #{self.ticket_number}" if self.ticket_number else self.outcome.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A prepared mail, the keys of its raw bytes and files, and what was found out about the files.

    `kept` is done once the blobs are durable: wait for it before the commit of what refers to them.
    """

    prepared: PreparedMail
    kept: asyncio.Task[list[str]]
    sha256: str
    attachments: tuple[NewAttachment, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a decision did, for the receipt."""

    outcome: ReceiptOutcome
    ticket: TicketRef | None = None
    message_id: MessageId | None = None
    contact: KnownContact | None = None
    duplicate_of: RawMailId | None = None


async def record_decision(
    work: UnitOfWork, stored: StoredMail, decision: Decision, facts: Facts, number: TicketNumber | None
) -> Recorded:
    """Write a decision and what it teaches into `facts`, so that later mails of the batch see it.

    `number` is the fresh ticket number for a decision that opens a ticket. Raises VersionConflict where another
    transaction changed the ticket meanwhile: decide again.
    """
    incoming, mail = stored.prepared.incoming, stored.prepared.mail
    raw_mail_id = incoming.replay_of or RawMailId(new_uuid())
    action = decision.action
    holds_key = not isinstance(action, Duplicate)
    if incoming.replay_of is None:
        _write_raw_mail(work, raw_mail_id, stored, holds_key=holds_key)
    elif holds_key:
        await work.execute(
            update(raw_mails).where(raw_mails.c.id == raw_mail_id).values(dedup_key=stored.prepared.arrival.dedup_key)
        )
    match action:
        case Duplicate(of=first):
            effect = _Effect(ReceiptOutcome.DUPLICATE, duplicate_of=first)
        case FileAutomatic():
            effect = _Effect(ReceiptOutcome.AUTOMATIC_FILED)
        case Park():
            effect = _Effect(ReceiptOutcome.PARKED)
        case Quarantine():
            effect = _Effect(ReceiptOutcome.QUARANTINED)
        case RecordBounce(ticket=ticket):
            effect = await _record_bounce(work, stored, ticket, raw_mail_id, facts)
        case OpenTicket(author=author, follows=follows):
            if number is None:
                raise ValueError("a ticket cannot be opened without a number")
            effect = _open(work, stored, raw_mail_id, author, follows, number, facts)
        case AddReply():
            effect = await _reply(work, stored, raw_mail_id, action, facts)
    facts.duplicates.setdefault(stored.prepared.arrival.dedup_key, raw_mail_id)
    facts.repeats[stored.prepared.arrival.loop_key] = facts.repeats.get(stored.prepared.arrival.loop_key, 0) + 1
    _write_receipt(work, raw_mail_id, effect, (*decision.findings, *stored.findings, *_mail_findings(mail)))
    return Recorded(raw_mail_id, effect.outcome, effect.ticket.number if effect.ticket else None)


def record_fault(work: UnitOfWork, stored: StoredMail, detail: str) -> Recorded:
    """Keep a mail that cannot be decided on: nothing is lost, and `psa mail replay` tries it again."""
    raw_mail_id = stored.prepared.incoming.replay_of or RawMailId(new_uuid())
    if stored.prepared.incoming.replay_of is None:
        _write_raw_mail(work, raw_mail_id, stored, holds_key=False)
    _write_receipt(work, raw_mail_id, _Effect(ReceiptOutcome.FAILED), (Finding(Rule.FAULT, detail), *stored.findings))
    return Recorded(raw_mail_id, ReceiptOutcome.FAILED)


async def advance_cursors(work: UnitOfWork, mails: Sequence[IncomingMail]) -> None:
    """Note for each mailbox folder the last mail that this unit of work took in."""
    last = {(mail.place.mailbox_id, mail.place.folder): mail.place for mail in mails if mail.place}
    for place in last.values():
        await advance(work, place.mailbox_id, place.folder, Cursor(place.uidvalidity, place.uid))


def _write_raw_mail(work: UnitOfWork, raw_mail_id: RawMailId, stored: StoredMail, *, holds_key: bool) -> None:
    incoming, arrival = stored.prepared.incoming, stored.prepared.arrival
    sender = arrival.mail.sender
    work.insert(
        raw_mails,
        {
            "id": raw_mail_id,
            "dedup_key": arrival.dedup_key if holds_key else None,
            "loop_key": arrival.loop_key,
            "sha256": stored.sha256,
            "size_bytes": len(incoming.raw),
            "channel": incoming.channel.value,
            "mailbox_id": incoming.place.mailbox_id if incoming.place else None,
            "envelope_from": incoming.envelope_from,
            "envelope_to": list(incoming.envelope_to),
            "client_ip": incoming.client_ip,
            "helo": incoming.helo,
            "internet_message_id": arrival.mail.message_id,
            "sender_address": sender.address.lower() if sender else None,
            "subject": arrival.mail.subject[:998],
            "received_at": incoming.received_at,
        },
    )


def _write_receipt(work: UnitOfWork, raw_mail_id: RawMailId, effect: _Effect, findings: Sequence[Finding]) -> None:
    work.insert(
        mail_receipts,
        {
            "id": ReceiptId(new_uuid()),
            "raw_mail_id": raw_mail_id,
            "outcome": effect.outcome.value,
            "ticket_id": effect.ticket.id if effect.ticket else None,
            "message_id": effect.message_id,
            "contact_id": effect.contact.id if effect.contact else None,
            "customer_id": effect.contact.customer_id if effect.contact else None,
            "duplicate_of_id": effect.duplicate_of,
            "findings": [{"rule": finding.rule.value, "detail": finding.detail} for finding in findings],
            "created_at": work.now,
        },
    )


def _mail_findings(mail: ParsedMail) -> list[Finding]:
    findings = [Finding(Rule.CHARSET, problem) for problem in mail.charset_problems]
    if mail.body.quoted:
        findings.append(Finding(Rule.FOLDED, f"{len(mail.body.quoted)} characters of quoted history were folded."))
    if mail.body.signature:
        findings.append(Finding(Rule.FOLDED, f"{len(mail.body.signature)} characters of signature were folded."))
    return findings


async def _record_bounce(
    work: UnitOfWork, stored: StoredMail, ticket: KnownTicket | None, raw_mail_id: RawMailId, facts: Facts
) -> _Effect:
    bounce = stored.prepared.mail.bounce
    if bounce is None or ticket is None:
        return _Effect(ReceiptOutcome.BOUNCE_RECORDED)
    await _ensure_written(work, ticket, facts)
    ref = _ref(ticket)
    message_id = await record_bounce(work, ref, bounce, raw_mail_id)
    facts.tickets[ticket.id] = replace(ticket, version=ref.version + 1)
    return _Effect(ReceiptOutcome.BOUNCE_RECORDED, ticket=ref, message_id=message_id)


def _open(
    work: UnitOfWork,
    stored: StoredMail,
    raw_mail_id: RawMailId,
    author: Author,
    follows: KnownTicket | None,
    number: TicketNumber,
    facts: Facts,
) -> _Effect:
    mail = stored.prepared.mail
    contact = _known_contact(work, author, facts)
    draft = NewTicket(
        customer_id=author.customer_id,
        contact_id=contact.id if contact else None,
        title=mail.subject or mail.body.text.partition("\n")[0],
        priority=TicketPriority.MEDIUM,
        source=TicketSource.EMAIL,
        opening=_message(stored, raw_mail_id, author, contact),
        source_reference=mail.message_id,
    )
    ref, message_id = open_ticket(work, draft, number, _actor(author, stored))
    if follows is not None:
        work.insert(
            ticket_links,
            {
                "ticket_id": ref.id,
                "other_id": follows.id,
                "kind": LinkKind.FOLLOW_UP.value,
                "created_at": work.now,
            },
        )
    facts.tickets[ref.id] = KnownTicket(
        id=ref.id,
        number=number,
        version=ref.version,
        status=ref.status,
        customer_id=author.customer_id,
        closed_at=None,
        merged_into_id=None,
        participants=frozenset((*draft.opening.copied_addresses, *((author.address,) if author.address else ()))),
    )
    facts.unwritten.add(ref.id)
    _learn_edges(stored, ref.id, facts)
    return _Effect(ReceiptOutcome.TICKET_OPENED, ref, message_id, contact)


async def _reply(
    work: UnitOfWork, stored: StoredMail, raw_mail_id: RawMailId, action: AddReply, facts: Facts
) -> _Effect:
    ticket, author = action.ticket, action.author
    contact = _known_contact(work, author, facts)
    message = _message(stored, raw_mail_id, author, contact)
    status = status_after_customer_reply(ticket.status) if action.reopens else ticket.status
    await _ensure_written(work, ticket, facts)
    after, message_id = await add_message(work, _ref(ticket), message, status=status, actor=_actor(author, stored))
    taking_part = {*message.copied_addresses, *((author.address,) if author.address and not author.is_staff else ())}
    facts.tickets[ticket.id] = replace(
        ticket,
        version=after.version,
        status=after.status,
        closed_at=ticket.closed_at if after.status is TicketStatus.CLOSED else None,
        participants=ticket.participants | taking_part,
    )
    _learn_edges(stored, ticket.id, facts)
    return _Effect(ReceiptOutcome.REPLY_ADDED, after, message_id, contact)


async def _ensure_written(work: UnitOfWork, ticket: KnownTicket, facts: Facts) -> None:
    """A ticket that was opened earlier in this batch must be there before it is changed."""
    if ticket.id in facts.unwritten:
        await work.flush()
        facts.unwritten.clear()


def _learn_edges(stored: StoredMail, ticket_id: TicketId, facts: Facts) -> None:
    arrival = stored.prepared.arrival
    own = ((arrival.mail.message_id, ThreadStrength.STRONG),) if arrival.mail.message_id else ()
    for message_id, strength in (*own, *((each, ThreadStrength.WEAK) for each in arrival.evidence.message_ids)):
        facts.edges.setdefault(message_id, []).append(ThreadEdge(ticket_id, strength, arrival.received_at))


def _known_contact(work: UnitOfWork, author: Author, facts: Facts) -> KnownContact | None:
    """The author's contact; a sender nobody knew becomes one. Staff and nameless mails have none."""
    if author.contact is not None or author.is_staff or author.address is None:
        return author.contact
    known = facts.contacts.get(author.address)
    if known is not None:
        return known if known.customer_id == author.customer_id else None
    if not _is_plausible_address(author.address):
        return None
    first, _, last = author.name.rpartition(" ") if author.name != author.address else ("", "", author.address)
    contact = KnownContact(ContactId(new_uuid()), author.customer_id, author.name)
    work.insert(
        contacts,
        {
            "id": contact.id,
            "customer_id": contact.customer_id,
            "first_name": first[:100],
            "last_name": last[:100],
            "email": author.address,
            "created_at": work.now,
            "updated_at": work.now,
        },
    )
    work.audit(AuditAction.CREATE, "contact", contact.id, new={"email": author.address})
    work.record(
        ContactCreated(subject_id=contact.id, subject_version=1, customer_id=contact.customer_id, email=author.address)
    )
    facts.contacts[author.address] = contact
    return contact


def _is_plausible_address(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and len(address) <= 254 and address.isprintable()


def _message(stored: StoredMail, raw_mail_id: RawMailId, author: Author, contact: KnownContact | None) -> NewMessage:
    mail, body = stored.prepared.mail, stored.prepared.mail.body
    return NewMessage(
        kind=MessageKind.PUBLIC,
        source=TicketSource.EMAIL,
        text=body.text,
        quoted=body.quoted,
        signature=body.signature,
        html=stored.prepared.html,
        author_name=author.name,
        author_address=author.address,
        author_user_id=author.user.id if author.user else None,
        author_contact_id=contact.id if contact else None,
        is_inbound=not author.is_staff,
        is_automatic=mail.automatic is not None,
        subject=mail.subject,
        internet_message_id=mail.message_id,
        referred_ids=tuple(each for each in stored.prepared.arrival.evidence.message_ids if each != mail.message_id),
        raw_mail_id=raw_mail_id,
        sent_at=mail.date,
        copied_addresses=_copied(stored, author),
        attachments=stored.attachments,
    )


_MOST_COPIED = 50


def _copied(stored: StoredMail, author: Author) -> tuple[str, ...]:
    """Those in To and Cc besides the author and ourselves: they take part (osTicket#1426)."""
    envelope = {address.lower() for address in stored.prepared.incoming.envelope_to}
    everyone: list[MailAddress] = [*stored.prepared.mail.to, *stored.prepared.mail.cc]
    found = dict.fromkeys(entry.address.lower() for entry in everyone if _is_plausible_address(entry.address))
    return tuple(address for address in found if address != author.address and address not in envelope)[:_MOST_COPIED]


def _actor(author: Author, stored: StoredMail) -> Actor:
    if author.user is not None:
        return Actor(
            kind=ActorKind.USER,
            user_id=author.user.id,
            email=author.address,
            ip_address=stored.prepared.incoming.client_ip,
        )
    return Actor(
        kind=ActorKind.CONTACT,
        email=author.address,
        customer_id=author.customer_id,
        ip_address=stored.prepared.incoming.client_ip,
    )


def _ref(ticket: KnownTicket) -> TicketRef:
    return TicketRef(ticket.id, ticket.number, ticket.version, ticket.status)
