"""A customer: who they are, whom to talk to, and what is open for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.views.card import Card, Element, Fact, Facts, Row, Table, Text, TextStyle, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.queue import URGENT_FIRST, tickets_table
from bot.views.wording import TIER
from bot.wording import Words
from core.customers.model import CustomerStatus
from core.customers.queries import get_customer, list_contacts, list_domains
from core.errors import NotFound
from core.ids import CustomerId, TicketId
from core.tickets.queries import TicketFilters, find_tickets

MOST_CONTACTS = 6
MOST_TICKETS = 6

_STATUS = Words(de="Kunde", en="Customer")
_STATUSES: Mapping[CustomerStatus, Words] = {
    CustomerStatus.ACTIVE: Words(de="aktiv", en="active"),
    CustomerStatus.INACTIVE: Words(de="inaktiv", en="inactive"),
    CustomerStatus.PROSPECT: Words(de="Interessent", en="prospect"),
    CustomerStatus.CHURNED: Words(de="ehemalig", en="former"),
}
_SUMMARY = Words(de="{name}: {count} offene Tickets", en="{name}: {count} open tickets")
_DOMAINS = Words(de="Mail-Domains", en="Mail domains")
_UNVERIFIED = Words(de="{domain} (nicht bestätigt)", en="{domain} (not verified)")
_CONTACTS = Words(de="Ansprechpersonen ({total})", en="Contacts ({total})")
_NAME = Words(de="Name", en="Name")
_ADDRESS = Words(de="Mail", en="Mail")
_PHONE = Words(de="Telefon", en="Phone")
_OPEN = Words(de="Offene Tickets ({total})", en="Open tickets ({total})")
_NOTHING_OPEN = Words(de="Keine offenen Tickets.", en="No open tickets.")
_BOUNCED = Words(de="{address} (unzustellbar)", en="{address} (undeliverable)")
_QUEUE = Words(de="Alle offenen", en="All open ones")
_NEW = Words(de="Neues Ticket…", en="New ticket…")


async def draw_customer(drawing: Drawing) -> Drawn:
    """The customer whose id is the argument `customer`."""
    connection, actor = drawing.connection, drawing.actor
    customer_id = _customer_id(drawing.argument("customer"))
    customer = await get_customer(connection, actor, customer_id)
    domains = await list_domains(connection, actor, customer_id)
    contacts = await list_contacts(connection, actor, customer_id, search=None, limit=MOST_CONTACTS, offset=0)
    wanted = TicketFilters(customer_id=customer_id, is_open=True)
    tickets = await find_tickets(connection, actor, wanted, sort=URGENT_FIRST, limit=MOST_TICKETS)
    elements: list[Element] = [Facts(facts=_facts(drawing, customer, domains))]
    if contacts.rows:
        elements.append(_strong(drawing, _CONTACTS, contacts.total))
        elements.append(_contacts_table(drawing, list(contacts.rows)))
    if tickets.rows:
        elements.append(_strong(drawing, _OPEN, tickets.total))
        elements.append(tickets_table(drawing, list(tickets.rows)))
    else:
        elements.append(Text(text=drawing.say(_NOTHING_OPEN), style=TextStyle.QUIET))
    name = customer["name"]
    return Drawn(
        card=Card(
            heading=name,
            summary=drawing.say(_SUMMARY, name=name, count=drawing.number(tickets.total)),
            note=customer["legal_name"] or "",
            elements=tuple(elements),
            actions=(
                drawing.action(_NEW, "new", opens_form=True, customer=str(customer_id)),
                drawing.action(_QUEUE, "queue", customer=str(customer_id)),
            ),
        ),
        tickets=tuple(TicketId(row["id"]) for row in tickets.rows),
    )


def _facts(drawing: Drawing, customer: Mapping[str, Any], domains: Any) -> tuple[Fact, ...]:
    status = CustomerStatus(customer["status"])
    facts = [
        Fact(
            label=drawing.say(_STATUS),
            value=drawing.say(_STATUSES[status]),
            tone=Tone.NORMAL if status is CustomerStatus.ACTIVE else Tone.WARNING,
        )
    ]
    if customer["tier"]:
        facts.append(Fact(label=drawing.say(TIER), value=customer["tier"]))
    if domains:
        told = [
            each["domain"] if each["verified_at"] else drawing.say(_UNVERIFIED, domain=each["domain"])
            for each in domains
        ]
        facts.append(Fact(label=drawing.say(_DOMAINS), value=", ".join(told)))
    return tuple(facts)


def _contacts_table(drawing: Drawing, contacts: list[Mapping[str, Any]]) -> Table:
    return Table(
        columns=tuple(drawing.say(each) for each in (_NAME, _ADDRESS, _PHONE)),
        rows=tuple(
            Row(
                cells=(
                    f"{contact['first_name']} {contact['last_name']}".strip(),
                    _address(drawing, contact),
                    contact["phone"] or contact["mobile"] or "",
                )
            )
            for contact in contacts
        ),
    )


def _address(drawing: Drawing, contact: Mapping[str, Any]) -> str:
    address = contact["email"] or ""
    return drawing.say(_BOUNCED, address=address) if address and contact["bounced_at"] else address


def _strong(drawing: Drawing, words: Words, total: int) -> Text:
    return Text(text=drawing.say(words, total=drawing.number(total)), style=TextStyle.STRONG)


def _customer_id(text: str) -> CustomerId:
    try:
        return CustomerId(UUID(text))
    except ValueError as error:
        raise NotFound("customer", text) from error
