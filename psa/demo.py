"""A believable demo MSP: made once, in an empty database, through the same use cases as real data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from core.actor import SYSTEM
from core.clock import Clock
from core.customers.model import CustomerStatus, CustomerTier, contacts, customer_domains, customers
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.identity.roles import Role
from core.ids import ContactId, CustomerId, UserId, new_uuid
from core.mail.model import MailChannel
from core.tickets.model import tickets
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus
from core.tickets.writing import NewMessage, NewTicket, add_message, open_ticket, take_ticket_numbers
from ingest.arrival import IncomingMail
from ingest.receiving import MailReceiver

DEMO_DOMAIN = "demo.example"


@dataclass(frozen=True, slots=True)
class _Customer:
    name: str
    legal_name: str
    tier: CustomerTier
    industry: str
    employees: int
    domain: str
    contacts: tuple[tuple[str, str], ...]


CUSTOMERS = (
    _Customer(
        "Tischlerei Hofer", "Hofer Möbel & Innenausbau GmbH", CustomerTier.A, "Handwerk", 38, "hofer-moebel.example",
        (("Anna", "Hofer"), ("Lukas", "Steindl")),
    ),
    _Customer(
        "Steuerkanzlei Brandner", "Brandner & Partner Steuerberatung OG", CustomerTier.A, "Steuerberatung", 24,
        "kanzlei-brandner.example", (("Maria", "Brandner"), ("Jakob", "Ellinger")),
    ),
    _Customer(
        "Gasthof zur Linde", "Familie Pichler Gastronomie KG", CustomerTier.C, "Gastronomie", 15,
        "linde-pichler.example", (("Johann", "Pichler"),),
    ),
    _Customer(
        "Ordination Dr. Wimmer", "Dr. Eva Wimmer, Fachärztin für Innere Medizin", CustomerTier.B, "Gesundheit", 9,
        "ordination-wimmer.example", (("Eva", "Wimmer"), ("Petra", "Gruber")),
    ),
    _Customer(
        "Bayern Logistik", "BL Bayern Logistik GmbH", CustomerTier.B, "Logistik", 112, "bayern-logistik.example",
        (("Stefan", "Huber"), ("Claudia", "Maier")),
    ),
)  # fmt: skip

PEOPLE: dict[Role, tuple[str, str]] = {
    Role.SYSTEM_ADMIN: ("Sandra", "Leitner"),
    Role.TENANT_ADMIN: ("Thomas", "Berger"),
    Role.SECURITY_ADMIN: ("Sabine", "Koller"),
    Role.SERVICE_MANAGER: ("Markus", "Auer"),
    Role.TECHNICIAN_L3: ("Nina", "Reiter"),
    Role.TECHNICIAN_L2: ("Daniel", "Wolf"),
    Role.TECHNICIAN_L1: ("Lisa", "Moser"),
    Role.ACCOUNT_MANAGER: ("Georg", "Schwarz"),
    Role.PROJECT_MANAGER: ("Julia", "Fuchs"),
    Role.BILLING_MANAGER: ("Karin", "Bauer"),
    Role.CUSTOMER_ADMIN: ("Anna", "Hofer"),
    Role.CUSTOMER_TECHNICIAN: ("Lukas", "Steindl"),
    Role.CUSTOMER_USER: ("Paul", "Hofer"),
}


@dataclass(frozen=True, slots=True)
class _Ticket:
    customer: int
    contact: int
    hours_ago: float
    title: str
    text: str
    status: TicketStatus
    priority: TicketPriority
    source: TicketSource
    category: str
    assignee: Role | None = None
    answer: str | None = None
    note: str | None = None


_S, _P, _F = TicketStatus, TicketPriority, TicketSource
TICKETS = (
    _Ticket(0, 1, 0.4, "CNC-Rechner startet nach Update nicht mehr",
            "Seit dem Windows-Update heute früh bleibt der Rechner an der CNC beim Logo hängen. Die Produktion steht.",
            _S.NEW, _P.CRITICAL, _F.PHONE, "hardware"),
    _Ticket(3, 1, 1.5, "Neuer Arbeitsplatz für Frau Gruber",
            "Ab 1. Dezember brauchen wir an der Anmeldung einen zweiten Arbeitsplatz mit Kartenleser.",
            _S.NEW, _P.LOW, _F.PORTAL, "service_request"),
    _Ticket(1, 1, 3, "DATEV-Freigabe nicht erreichbar",
            "Das Laufwerk K: ist bei drei Kolleginnen nicht mehr verbunden.",
            _S.ASSIGNED, _P.HIGH, _F.PORTAL, "network", Role.TECHNICIAN_L2),
    _Ticket(4, 0, 6, "Scanner im Lager verlieren WLAN",
            "Die Handscanner in Halle 2 fallen alle paar Minuten aus dem WLAN.",
            _S.IN_PROGRESS, _P.HIGH, _F.PHONE, "network", Role.TECHNICIAN_L3,
            "Wir haben die Kanäle der Access Points getrennt und beobachten die Verbindung bis morgen Mittag.",
            "Zwei APs senden auf Kanal 6, Überlappung mit Halle 3. Umgestellt auf 1/11."),
    _Ticket(2, 0, 26, "Bondrucker druckt doppelt",
            "Jeder Bon an der Schank kommt seit gestern zweimal heraus.",
            _S.WAITING_CUSTOMER, _P.MEDIUM, _F.PHONE, "printer", Role.TECHNICIAN_L1,
            "Bitte prüfen Sie, ob am Drucker der Schalter 3 auf OFF steht, und geben Sie uns kurz Bescheid."),
    _Ticket(1, 0, 50, "Zertifikat für Mandantenportal läuft ab",
            "Das Portal meldet, dass das Zertifikat in 14 Tagen abläuft.",
            _S.RESOLVED, _P.MEDIUM, _F.PORTAL, "security", Role.TECHNICIAN_L2,
            "Das Zertifikat ist erneuert und gilt jetzt bis nächstes Jahr. Die Verlängerung läuft nun automatisch."),
    _Ticket(0, 0, 200, "Outlook fragt ständig nach dem Kennwort",
            "Outlook fragt auf meinem Notebook alle paar Minuten nach dem Kennwort.",
            _S.CLOSED, _P.LOW, _F.PORTAL, "email", Role.TECHNICIAN_L1,
            "Wir haben die gespeicherten Anmeldedaten entfernt und die Anmeldung neu eingerichtet."),
)  # fmt: skip


DOUBTFUL_MAIL = f"""From: Nina Reiter <technician_l3@{DEMO_DOMAIN}>
To: support@desk.localhost
Subject: Zugangsdaten Firewall Hofer
Message-ID: <zugang.1@privat.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hallo Kollegen,
ich schreibe von meinem privaten Konto. Bitte schickt mir die Zugangsdaten der Firewall von Hofer.
"""


class _DemoClock:
    """A clock that stands where the demo's history is being written."""

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant


async def is_empty(database: Database) -> bool:
    """Nobody has worked here yet: no users."""
    async with database.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(users))).scalar_one() == 0


async def make_demo(url: str, clock: Clock, password_hash: str) -> None:
    """Fill an empty database with the demo MSP; every user gets the same password."""
    now = clock.now()
    past = _DemoClock(now - timedelta(days=30))
    database = Database(url, past, pool_size=2)
    try:
        async with database.begin(SYSTEM) as work:
            customer_ids, contact_ids = _add_customers(work)
            await work.flush()
            user_ids = _add_users(work, customer_ids[0], password_hash)
        for ticket in sorted(TICKETS, key=lambda each: -each.hours_ago):
            past.instant = now - timedelta(hours=ticket.hours_ago)
            customer, contact = customer_ids[ticket.customer], contact_ids[ticket.customer][ticket.contact]
            await _add_ticket(database, past, ticket, customer, contact, user_ids)
    finally:
        await database.aclose()


async def send_doubtful_mail(receiver: MailReceiver, clock: Clock) -> None:
    """A mail that claims to come from a technician without proof: it waits in quarantine for somebody to decide."""
    mail = DOUBTFUL_MAIL.encode()
    await receiver.receive(IncomingMail(raw=mail, channel=MailChannel.SMTP, received_at=clock.now()))


def _add_customers(work: UnitOfWork) -> tuple[list[CustomerId], list[list[ContactId]]]:
    customer_ids: list[CustomerId] = []
    contact_ids: list[list[ContactId]] = []
    stamps = {"created_at": work.now, "updated_at": work.now}
    for customer in CUSTOMERS:
        customer_id = CustomerId(new_uuid())
        row = {"id": customer_id, "name": customer.name, "legal_name": customer.legal_name, "tier": customer.tier.value}
        row |= {"industry": customer.industry, "employee_count": customer.employees, **stamps}
        work.insert(customers, row | {"status": CustomerStatus.ACTIVE.value})
        work.insert(
            customer_domains,
            {
                "id": new_uuid(),
                "customer_id": customer_id,
                "domain": customer.domain,
                "verified_at": work.now,
                "created_at": work.now,
            },
        )
        customer_ids.append(customer_id)
        contact_ids.append([])
        for position, (first, last) in enumerate(customer.contacts):
            contact_id = ContactId(new_uuid())
            contact_ids[-1].append(contact_id)
            address = f"{_ascii(first)}.{_ascii(last)}@{customer.domain}"
            person = {"id": contact_id, "customer_id": customer_id, "first_name": first, "last_name": last}
            work.insert(contacts, person | {"email": address, "is_primary": position == 0, **stamps})
    return customer_ids, contact_ids


def _add_users(work: UnitOfWork, customer_id: CustomerId, password_hash: str) -> dict[Role, UserId]:
    ids: dict[Role, UserId] = {}
    for role, (first, last) in PEOPLE.items():
        ids[role] = UserId(new_uuid())
        work.insert(
            users,
            {
                "id": ids[role],
                "email": f"{role.value}@{DEMO_DOMAIN}",
                "password_hash": password_hash,
                "first_name": first,
                "last_name": last,
                "role": role.value,
                "customer_id": customer_id if role.is_customer else None,
                "password_changed_at": work.now,
                "created_at": work.now,
                "updated_at": work.now,
            },
        )
    return ids


async def _add_ticket(
    database: Database,
    clock: _DemoClock,
    ticket: _Ticket,
    customer_id: CustomerId,
    contact_id: ContactId,
    user_ids: dict[Role, UserId],
) -> None:
    customer = CUSTOMERS[ticket.customer]
    first, last = customer.contacts[ticket.contact]
    address = f"{_ascii(first)}.{_ascii(last)}@{customer.domain}"
    opening = NewMessage(
        kind=MessageKind.PUBLIC, source=ticket.source, text=ticket.text, author_name=f"{first} {last}",
        author_address=address, author_contact_id=contact_id, is_inbound=True,
    )  # fmt: skip
    draft = NewTicket(
        customer_id=customer_id, contact_id=contact_id, title=ticket.title, priority=ticket.priority,
        source=ticket.source, opening=opening, category=ticket.category,
    )  # fmt: skip
    async with database.begin(SYSTEM) as work:
        ref, _ = open_ticket(work, draft, (await take_ticket_numbers(work, 1))[0])
    if ticket.assignee is None:
        return
    assignee = user_ids[ticket.assignee]
    name = " ".join(PEOPLE[ticket.assignee])
    clock.instant += timedelta(minutes=12)
    async with database.begin(SYSTEM) as work:
        await work.execute(update(tickets).where(tickets.c.id == ref.id).values(assigned_to=assignee))
        text = f"{name} hat den Fall übernommen."
        taken = NewMessage(kind=MessageKind.SYSTEM, source=ticket.source, text=text, author_name=name, is_inbound=False)
        ref, _ = await add_message(work, ref, taken, status=TicketStatus.ASSIGNED)
    for kind, said in ((MessageKind.NOTE, ticket.note), (MessageKind.PUBLIC, ticket.answer)):
        if said is None:
            continue
        clock.instant += timedelta(minutes=9)
        message = NewMessage(
            kind=kind,
            source=TicketSource.CONSOLE,
            text=said,
            author_name=name,
            author_user_id=assignee,
            is_inbound=False,
        )
        async with database.begin(SYSTEM) as work:
            is_last = kind is MessageKind.PUBLIC
            ref, _ = await add_message(
                work, ref, message, status=ticket.status if is_last else TicketStatus.IN_PROGRESS
            )


def _ascii(name: str) -> str:
    name = name.lower()
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.replace(letter, written)
    return name
