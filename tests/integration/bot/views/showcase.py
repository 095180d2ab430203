"""A help desk on a November afternoon, always the same: what the golden cards are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Table, text

from bot.person import Person
from core.actor import SYSTEM, Actor, ActorKind
from core.customers.model import contacts, customer_domains, customers
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.identity.roles import Role
from core.ids import CustomerId, UserId
from core.mail.model import mail_receipts, outgoing_mails, raw_mails
from core.tickets.model import (
    attachments,
    messages,
    reply_drafts,
    ticket_links,
    ticket_participants,
    ticket_watchers,
    tickets,
)
from core.tickets.rules import MessageKind, TicketPriority, TicketStatus

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
HOUR, DAY = 60, 24 * 60
"""In minutes."""

PUBLIC_URL = "https://desk.example"
DESK_ADDRESS = "support@desk.example"

_SPACE = UUID("7d6f0c7e-8f0a-4f3e-9d62-0c8b5d1f2a30")
_LONG_TEXT = (
    "Guten Tag,\n\nseit heute früh druckt der Drucker im Büro (HP LaserJet, 1. Stock) nicht mehr. Die Anzeige sagt "
    "„Papierstau Fach 2“, aber da ist keiner. Wir haben ihn schon zweimal aus- und eingeschaltet.\n\n"
    "Die Rechnungen müssen heute noch raus – können Sie bitte rasch schauen?\n\nDanke und liebe Grüße\nAnna Hofer"
)


def showcase_id(name: str) -> UUID:
    """The id of the thing of this name, always the same."""
    return uuid5(_SPACE, name)


class StoppedClock:
    """It is always NOW."""

    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True, slots=True)
class Showcase:
    """The desk's database, and who looks at it."""

    database: Database

    def technician(self, language: str) -> Person:
        return _person("toni", Role.TECHNICIAN_L1, "Toni Leitner", language)

    def manager(self, language: str) -> Person:
        return _person("maria", Role.SERVICE_MANAGER, "Maria Steiner", language)

    @property
    def hofer(self) -> CustomerId:
        return CustomerId(showcase_id("hofer"))


async def make_showcase(database: Database) -> Showcase:
    """Fill a fresh database."""
    async with database.begin(SYSTEM) as work:
        _people(work)
        await work.flush()
        _tickets(work)
        await work.flush()
        _printer(work)
        _mails(work)
        await work.flush()
        await work.execute(text("ANALYZE"))
    return Showcase(database)


def ago(minutes: int) -> str:
    """The instant so long before NOW, as PostgreSQL reads it."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def _person(name: str, role: Role, full_name: str, language: str) -> Person:
    user_id = UserId(showcase_id(name))
    actor = Actor(kind=ActorKind.USER, user_id=user_id, email=f"{name}@desk.example", role=role)
    return Person(actor=actor, name=full_name, language=language)


def _add(work: UnitOfWork, table: Table, name: str, /, **row: object) -> None:
    stamps = {column: ago(90 * DAY) for column in ("created_at", "updated_at") if column in table.c}
    values: dict[str, object] = {"id": showcase_id(name), **stamps}
    work.insert(table, {**values, **row})


def _people(work: UnitOfWork) -> None:
    for name, title, tier in (
        ("hofer", "Tischlerei Hofer", "A"),
        ("linde", "Gasthof zur Linde", "B"),
        ("wagner", "Ordination Dr. Wagner", "C"),
    ):
        legal = f"{title} GmbH" if name == "hofer" else None
        _add(work, customers, name, name=title, legal_name=legal, tier=tier, status="active")
    _add(
        work,
        customer_domains,
        "d1",
        customer_id=showcase_id("hofer"),
        domain="hofer.example",
        verified_at=ago(60 * DAY),
    )
    _add(work, customer_domains, "d2", customer_id=showcase_id("hofer"), domain="tischler.example", verified_at=None)
    for name, first, last, role in (
        ("toni", "Toni", "Leitner", Role.TECHNICIAN_L1),
        ("nina", "Nina", "Berger", Role.TECHNICIAN_L2),
        ("maria", "Maria", "Steiner", Role.SERVICE_MANAGER),
    ):
        row = {"email": f"{name}@desk.example", "first_name": first, "last_name": last, "role": role.value}
        _add(work, users, name, customer_id=None, **row)
    for name, first, last, company, phone in (
        ("anna", "Anna", "Hofer", "hofer", "+43 662 1234-10"),
        ("ben", "Ben", "Hofer", "hofer", None),
        ("lisa", "Lisa", "Linde", "linde", "+43 6245 777"),
        ("otto", "Otto", "Wagner", "wagner", None),
    ):
        known = {"first_name": first, "last_name": last, "email": f"{name}@{company}.example", "phone": phone}
        bounced = ago(3 * DAY) if name == "ben" else None
        _add(work, contacts, name, customer_id=showcase_id(company), bounced_at=bounced, **known)


def _tickets(work: UnitOfWork) -> None:
    s, p = TicketStatus, TicketPriority
    _ticket(work, 1001, "hofer", "anna", "Drucker im Büro druckt nicht", s.IN_PROGRESS, p.HIGH, "toni", age=3 * HOUR)
    _ticket(work, 1002, "linde", "lisa", "WLAN im Gastgarten fällt ständig aus", s.NEW, p.MEDIUM, None, age=2 * HOUR)
    _ticket(
        work, 1003, "wagner", "otto", "Server nicht erreichbar – Ordination steht!", s.NEW, p.CRITICAL, None, age=12
    )
    _ticket(
        work, 1004, "hofer", "ben", "Neuer Laptop für die Werkstatt", s.WAITING_CUSTOMER, p.LOW, "toni", age=6 * DAY
    )
    _ticket(work, 1005, "linde", "lisa", "Kassa bucht doppelt", s.ASSIGNED, p.HIGH, "nina", age=DAY)
    _ticket(
        work,
        1006,
        "wagner",
        "otto",
        "Outlook fragt ständig nach dem Kennwort",
        s.IN_PROGRESS,
        p.MEDIUM,
        "nina",
        age=2 * DAY,
    )
    _ticket(work, 1007, "hofer", "anna", "Drucker: Toner bestellen", s.RESOLVED, p.LOW, "toni", age=9 * DAY)
    _ticket(
        work, 1008, "hofer", "anna", "Der Drucker druckt immer noch nicht", s.CLOSED, p.MEDIUM, "toni", age=2 * HOUR
    )
    for number, title in (
        (1009, "VPN trennt nach einer Stunde"),
        (1010, "Bildschirm flackert"),
        (1011, "Zugriff auf das Laufwerk P:"),
        (1012, "Telefonanlage: Ansage ändern"),
        (1013, "Lizenz für Adobe Acrobat"),
        (1014, "Backup meldet Fehler 0x8004230f"),
    ):
        _ticket(work, number, "linde", "lisa", title, s.ASSIGNED, p.MEDIUM, "toni", age=(number - 1000) * DAY)


def _ticket(
    work: UnitOfWork,
    number: int,
    customer: str,
    contact: str,
    title: str,
    status: TicketStatus,
    priority: TicketPriority,
    assignee: str | None,
    age: int,
) -> None:
    is_printer = number == 1001
    row = {
        "number": number,
        "customer_id": showcase_id(customer),
        "contact_id": showcase_id(contact),
        "assigned_to": showcase_id(assignee) if assignee else None,
        "title": title,
        "description": title,
        "status": status.value,
        "priority": priority.value,
        "tags": ["drucker", "büro"] if is_printer else [],
        "source": "email",
        "merged_into_id": showcase_id("1001") if number == 1008 else None,
        "resolved_at": ago(DAY) if status in (TicketStatus.RESOLVED, TicketStatus.CLOSED) else None,
        "closed_at": ago(DAY) if status is TicketStatus.CLOSED else None,
        "created_at": ago(age),
    }
    _add(work, tickets, str(number), **row)
    text = _LONG_TEXT if is_printer else f"{title}. Bitte um Hilfe!"
    _message(work, f"{number}-1", number, MessageKind.PUBLIC, contact, text, is_inbound=True, age=age)
    participant = {"ticket_id": showcase_id(str(number)), "address": f"{contact}@{customer}.example"}
    work.insert(ticket_participants, {**participant, "kind": "requester", "created_at": ago(age)})


def _message(
    work: UnitOfWork,
    name: str,
    number: int,
    kind: MessageKind,
    author: str,
    said: str,
    *,
    is_inbound: bool = False,
    edited_at: str | None = None,
    age: int,
) -> None:
    names = {
        "anna": "Anna Hofer",
        "ben": "Ben Hofer",
        "lisa": "Lisa Linde",
        "otto": "Otto Wagner",
        "toni": "Toni Leitner",
    }
    row = {
        "ticket_id": showcase_id(str(number)),
        "kind": kind.value,
        "is_inbound": is_inbound,
        "author_user_id": None if is_inbound else showcase_id(author),
        "author_contact_id": showcase_id(author) if is_inbound else None,
        "author_name": names[author],
        "author_address": f"{author}@{'hofer' if is_inbound else 'desk'}.example",
        "text": said,
        "source": "email",
        "edited_at": edited_at,
        "created_at": ago(age),
    }
    _add(work, messages, name, **row)


def _printer(work: UnitOfWork) -> None:
    """What happened around ticket 1001."""
    ticket_id = showcase_id("1001")
    _message(work, "1001-2", 1001, MessageKind.PUBLIC, "toni", "Ich schaue mir das gleich an.", age=2 * HOUR)
    _message(
        work, "1001-3", 1001, MessageKind.PUBLIC, "anna", "Danke! Er druckt jetzt wieder, aber nur *sehr* langsam.",
        is_inbound=True, age=HOUR,
    )  # fmt: skip
    _message(
        work, "1001-4", 1001, MessageKind.NOTE, "toni", "Seriennummer VNB3K12345,\nErsatzteil bestellt.",
        edited_at=ago(5), age=20,
    )  # fmt: skip
    for position, name in enumerate(("drucker.jpg", "rechnung.pdf")):
        row = {"filename": name, "content_type": "image/jpeg", "size_bytes": 1000, "sha256": "0" * 64}
        message_id = showcase_id("1001-1")
        _add(work, attachments, name, message_id=message_id, position=position, is_inline=False, **row)
    for user in ("nina", "maria"):
        watcher = {"ticket_id": ticket_id, "user_id": showcase_id(user)}
        work.insert(ticket_watchers, {**watcher, "created_at": ago((2 if user == "nina" else 1) * HOUR)})
    link = {"ticket_id": ticket_id, "other_id": showcase_id("1007"), "kind": "related", "created_at": ago(2 * HOUR)}
    work.insert(ticket_links, link)
    copied = {"ticket_id": ticket_id, "address": "buero@hofer.example", "kind": "copied", "created_at": ago(3 * HOUR)}
    work.insert(ticket_participants, copied)
    for name, state, error in (
        ("o1", "sent", None),
        ("o2", "failed", "550 5.1.1 mailbox unknown"),
        ("o3", "queued", None),
    ):
        row = {
            "internet_message_id": f"{name}@desk.example",
            "ticket_id": ticket_id,
            "recipient": "anna@hofer.example",
            "envelope_from": DESK_ADDRESS,
            "subject": "Drucker",
            "content": "…",
            "state": state,
            "next_attempt_at": ago(HOUR),
            "last_error": error,
        }
        _add(work, outgoing_mails, name, **row)
    draft = {"ticket_id": ticket_id, "user_id": showcase_id("toni"), "created_at": ago(1)}
    reply = "Grüß Gott Frau Hofer,\n\ndas Ersatzteil kommt morgen; bis dahin bitte Fach 1 benutzen.\n\nToni Leitner"
    _add(work, reply_drafts, "draft", text=reply, **draft)


def _mails(work: UnitOfWork) -> None:
    """The mails behind 1001, and those that are held."""
    _mail(
        work, "m1", "anna@hofer.example", "Drucker im Büro druckt nicht", "ticket_opened", "1001", "1001-1",
        ("sender", "anna@hofer.example is a known contact."),
        ("new_ticket", "Nothing leads to a ticket that it may continue."),
        ("folded", "212 characters of signature were folded."),
        age=3 * HOUR,
    )  # fmt: skip
    _mail(
        work, "m2", "anna@hofer.example", "AW: [#1001] Drucker im Büro druckt nicht", "reply_added", "1001", "1001-3",
        ("sender", "anna@hofer.example is a known contact."),
        ("thread", "Our signed reply token leads to #1001."),
        ("attachment", "virus.exe was set aside: larger than 26214400 bytes."),
        age=HOUR,
    )  # fmt: skip
    _mail(
        work, "m3", "toni@desk.example", "Dringend: Bitte Kennwort zurücksetzen", "quarantined", None, None,
        ("authentication", "Claims to come from staff; SPF fail (203.0.113.9); DKIM none; DMARC fail"),
        age=40,
    )  # fmt: skip
    _mail(
        work, "m4", "alarm@hofer.example", "USV: Batterie schwach", "parked", None, None,
        ("loop", "The sender said the same 10 times already: set aside for a person."),
        age=5 * HOUR,
    )  # fmt: skip


def _mail(
    work: UnitOfWork,
    name: str,
    sender: str,
    subject: str,
    outcome: str,
    ticket: str | None,
    message: str | None,
    *findings: tuple[str, str],
    age: int,
) -> None:
    raw = {"sha256": "0" * 64, "size_bytes": 4321, "channel": "smtp", "envelope_to": [DESK_ADDRESS]}
    _add(work, raw_mails, name, sender_address=sender, subject=subject, received_at=ago(age), **raw)
    row = {
        "raw_mail_id": showcase_id(name),
        "outcome": outcome,
        "ticket_id": showcase_id(ticket) if ticket else None,
        "message_id": showcase_id(message) if message else None,
        "findings": [{"rule": rule, "detail": detail} for rule, detail in findings],
        "created_at": ago(age),
    }
    _add(work, mail_receipts, f"receipt-{name}", **row)
