"""Lists of open tickets: the queue of all, and one's own. Urgent ones first, then the oldest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.views.card import Action, Bar, Button, Card, Chart, Element, Row, Table, Text, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.wording import (
    AGE,
    ASSIGNEE,
    BACK,
    CUSTOMER,
    NEXT,
    NOBODY,
    PRIORITIES,
    PRIORITY,
    PRIORITY_TONES,
    REFRESH,
    STATUS,
    STATUS_TONES,
    STATUSES,
    TICKET,
)
from bot.wording import Words
from core.customers.queries import get_customer
from core.database.page import RowPage
from core.errors import NotFound, PermissionDenied
from core.ids import CustomerId, TicketId
from core.tickets.queries import Sort, SortKey, TicketFilters, count_by_status, find_tickets
from core.tickets.rules import TicketPriority, TicketStatus

PAGE_SIZE = 10
URGENT_FIRST = (Sort(SortKey.PRIORITY, descending=True), Sort(SortKey.CREATED_AT))

_QUEUE = Words(de="Offene Tickets", en="Open tickets")
_QUEUE_OF = Words(de="Offene Tickets · {name}", en="Open tickets · {name}")
_MINE = Words(de="Meine offenen Tickets", en="My open tickets")
_RANGE = Words(de="{first}–{last} von {total} · {as_of}", en="{first}–{last} of {total} · {as_of}")
_NONE = Words(de="Nichts offen. Schön.", en="Nothing is open. Nice.")
_BY_STATUS = Words(de="Nach Status", en="By status")
_SUMMARY = Words(de="{heading}: {total}", en="{heading}: {total}")


async def draw_queue(drawing: Drawing) -> Drawn:
    """All open tickets that the person may see, those of one customer if one is named."""
    customer = drawing.arguments.get("customer")
    heading, filters = drawing.say(_QUEUE), TicketFilters(is_open=True)
    if customer:
        customer_id = _customer_id(customer)
        named = await get_customer(drawing.connection, drawing.actor, customer_id)
        heading, filters = (
            drawing.say(_QUEUE_OF, name=named["name"]),
            TicketFilters(is_open=True, customer_id=customer_id),
        )
    arguments = {"customer": customer} if customer else {}
    return await _draw(drawing, "queue", heading, filters, arguments)


async def draw_mine(drawing: Drawing) -> Drawn:
    """The open tickets of the person: for the desk's people those assigned to them, for customers those they see."""
    user_id = drawing.actor.user_id
    if user_id is None and drawing.actor.is_staff:
        raise PermissionDenied("This is for people of the desk.")
    own = TicketFilters(is_open=True, assigned_to=user_id if drawing.actor.is_staff else None)
    return await _draw(drawing, "mine", drawing.say(_MINE), own, {})


def tickets_table(drawing: Drawing, rows: list[Mapping[str, Any]], *, has_assignee: bool = True) -> Table:
    """Tickets as a table whose rows show the ticket; customers are not told their own name."""
    has_customer = drawing.actor.is_staff
    columns = [TICKET, CUSTOMER, PRIORITY, STATUS, ASSIGNEE, AGE]
    if not has_customer:
        columns.remove(CUSTOMER)
    if not has_assignee:
        columns.remove(ASSIGNEE)
    return Table(
        columns=tuple(drawing.say(each) for each in columns),
        rows=tuple(_row(drawing, ticket, has_customer=has_customer, has_assignee=has_assignee) for ticket in rows),
    )


async def _draw(
    drawing: Drawing, command: str, heading: str, filters: TicketFilters, arguments: Mapping[str, str]
) -> Drawn:
    page = drawing.page()
    offset = (page - 1) * PAGE_SIZE
    found = await find_tickets(
        drawing.connection, drawing.actor, filters, sort=URGENT_FIRST, offset=offset, limit=PAGE_SIZE
    )
    counts = await count_by_status(drawing.connection, drawing.actor, filters) if page == 1 else {}
    rows = list(found.rows)
    elements: list[Element] = []
    if rows:
        elements.append(tickets_table(drawing, rows, has_assignee=command == "queue"))
        if len(counts) > 1:
            elements.append(_chart(drawing, counts))
    else:
        elements.append(Text(text=drawing.say(_NONE)))
    return Drawn(
        card=Card(
            heading=heading,
            summary=drawing.say(_SUMMARY, heading=heading, total=drawing.number(found.total)),
            note=_note(drawing, found, offset),
            url=f"{drawing.public_url}/console/tickets" if drawing.has_console else None,
            elements=tuple(elements),
            actions=_pages(drawing, command, page, found.total, arguments),
        ),
        tickets=tuple(TicketId(row["id"]) for row in rows),
    )


def _row(drawing: Drawing, ticket: Mapping[str, Any], *, has_customer: bool, has_assignee: bool) -> Row:
    status, priority = TicketStatus(ticket["status"]), TicketPriority(ticket["priority"])
    cells = [f"#{ticket['number']} {ticket['title']}"]
    if has_customer:
        cells.append(ticket["customer_name"])
    cells += [drawing.say(PRIORITIES[priority]), drawing.say(STATUSES[status])]
    if has_assignee:
        cells.append(ticket["assigned_to_name"] or drawing.say(NOBODY))
    cells.append(drawing.age(ticket["created_at"]))
    return drawing.ticket_row(ticket["number"], tuple(cells), PRIORITY_TONES.get(priority, Tone.NORMAL))


def _note(drawing: Drawing, found: RowPage, offset: int) -> str:
    if not found.rows:
        return drawing.as_of()
    return drawing.say(
        _RANGE,
        first=drawing.number(offset + 1),
        last=drawing.number(offset + len(found.rows)),
        total=drawing.number(found.total),
        as_of=drawing.as_of(),
    )


def _chart(drawing: Drawing, counts: Mapping[TicketStatus, int]) -> Chart:
    return Chart(
        title=drawing.say(_BY_STATUS),
        bars=tuple(
            Bar(
                label=drawing.say(STATUSES[status]),
                value=counts[status],
                text=drawing.number(counts[status]),
                tone=STATUS_TONES.get(status, Tone.NORMAL),
            )
            for status in TicketStatus
            if status in counts
        ),
    )


def _pages(drawing: Drawing, command: str, page: int, total: int, arguments: Mapping[str, str]) -> tuple[Button, ...]:
    def turn(words: Words, to: int) -> Action:
        return Action(label=drawing.say(words), command=command, arguments={**arguments, "page": str(to)})

    buttons: list[Button] = []
    if page > 1:
        buttons.append(turn(BACK, page - 1))
    if page * PAGE_SIZE < total:
        buttons.append(turn(NEXT, page + 1))
    buttons.append(turn(REFRESH, page))
    if drawing.has_console:
        buttons.append(drawing.console_link(f"{drawing.public_url}/console/tickets"))
    return tuple(buttons)


def _customer_id(text: str) -> CustomerId:
    try:
        return CustomerId(UUID(text))
    except ValueError as error:
        raise NotFound("customer", text) from error
