"""My day: what I work on, what nobody has taken yet, and what waits for customers."""

from __future__ import annotations

from bot.views.card import Card, Element, Text, TextStyle
from bot.views.drawing import Drawing, Drawn
from bot.views.queue import URGENT_FIRST, tickets_table
from bot.views.wording import REFRESH
from bot.wording import Words
from core.errors import PermissionDenied
from core.ids import TicketId
from core.tickets.queries import TicketFilters, find_tickets
from core.tickets.rules import TicketStatus

_WORKED_ON = (TicketStatus.NEW, TicketStatus.ASSIGNED, TicketStatus.IN_PROGRESS)
MOST_MINE = 8
MOST_FREE = 5
MOST_WAITING = 5

_HEADING = Words(de="Mein Tag", en="My day")
_SUMMARY = Words(
    de="Mein Tag: {mine} in Arbeit, {free} frei, {waiting} warten",
    en="My day: {mine} to work on, {free} free, {waiting} waiting",
)
_MINE = Words(de="In Arbeit ({total})", en="To work on ({total})")
_FREE = Words(de="Noch frei ({total})", en="Still free ({total})")
_WAITING = Words(de="Wartet auf Kunden ({total})", en="Waiting for customers ({total})")
_NOTHING = Words(de="Nichts zu tun. Schönen Tag!", en="Nothing to do. Have a nice day!")
_QUEUE = Words(de="Alle offenen", en="All open ones")
_ALL_MINE = Words(de="Alle meine", en="All of mine")
_NEW = Words(de="Neues Ticket…", en="New ticket…")


async def draw_my_day(drawing: Drawing) -> Drawn:
    """The day of one of the desk's people."""
    actor = drawing.actor
    if actor.user_id is None or not actor.is_staff:
        raise PermissionDenied("This is for people of the desk.")
    sections = (
        (_MINE, TicketFilters(statuses=_WORKED_ON, is_open=True, assigned_to=actor.user_id), MOST_MINE),
        (_FREE, TicketFilters(is_open=True, is_unassigned=True), MOST_FREE),
        (
            _WAITING,
            TicketFilters(statuses=(TicketStatus.WAITING_CUSTOMER,), is_open=True, assigned_to=actor.user_id),
            MOST_WAITING,
        ),
    )
    elements: list[Element] = []
    tickets: list[TicketId] = []
    totals: list[str] = []
    for words, filters, most in sections:
        found = await find_tickets(drawing.connection, actor, filters, sort=URGENT_FIRST, limit=most)
        totals.append(drawing.number(found.total))
        if found.rows:
            elements.append(Text(text=drawing.say(words, total=totals[-1]), style=TextStyle.STRONG))
            elements.append(tickets_table(drawing, list(found.rows), has_assignee=False))
            tickets += [TicketId(row["id"]) for row in found.rows]
    if not elements:
        elements.append(Text(text=drawing.say(_NOTHING)))
    mine, free, waiting = totals
    return Drawn(
        card=Card(
            heading=drawing.say(_HEADING),
            summary=drawing.say(_SUMMARY, mine=mine, free=free, waiting=waiting),
            note=drawing.as_of(),
            url=f"{drawing.public_url}/console",
            elements=tuple(elements),
            actions=(
                drawing.action(_ALL_MINE, "mine"),
                drawing.action(_QUEUE, "queue"),
                drawing.action(_NEW, "new", opens_form=True),
                drawing.action(REFRESH, "today", is_more=True),
            ),
        ),
        tickets=tuple(dict.fromkeys(tickets)),
    )
