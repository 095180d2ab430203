"""Search results: the tickets in which words were found, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.render.text import one_line, shorten
from bot.views.card import Button, Card, Element, Row, Table, Text, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.wording import BACK, CUSTOMER, NEXT, PRIORITY_TONES, STATUS, STATUSES, TICKET
from bot.wording import Words
from core.ids import TicketId
from core.tickets.glance import find_excerpts
from core.tickets.queries import TicketFilters, find_tickets
from core.tickets.rules import TicketPriority, TicketStatus

PAGE_SIZE = 8
WORDS_LIMIT = 200
EXCERPT_LIMIT = 160

_HEADING = Words(de="Suche: {words}", en="Search: {words}")
_SUMMARY = Words(de="Suche nach „{words}“: {total} gefunden", en="Search for “{words}”: {total} found")
_FOUND = Words(de="{total} gefunden · {first}–{last}", en="{total} found · {first}–{last}")
_NONE = Words(
    de="Nichts gefunden. Weniger Wörter finden mehr; -wort schließt eines aus, „…“ sucht eine Wendung.",
    en="Nothing found. Fewer words find more; -word leaves one out, “…” looks for a phrase.",
)
_WHERE = Words(de="Fundstelle", en="Found in")


async def draw_search(drawing: Drawing) -> Drawn:
    """The tickets that hold the argument `words`, the newest first."""
    words = shorten(one_line(drawing.argument("words")), WORDS_LIMIT)
    page = drawing.page()
    offset = (page - 1) * PAGE_SIZE
    found = await find_tickets(
        drawing.connection, drawing.actor, TicketFilters(search=words), offset=offset, limit=PAGE_SIZE
    )
    ids = tuple(TicketId(row["id"]) for row in found.rows)
    excerpts = await find_excerpts(drawing.connection, drawing.actor, ids, words)
    elements: tuple[Element, ...] = (Text(text=drawing.say(_NONE)),)
    note = ""
    if found.rows:
        elements = (_table(drawing, list(found.rows), excerpts),)
        note = drawing.say(
            _FOUND,
            total=drawing.number(found.total),
            first=drawing.number(offset + 1),
            last=drawing.number(offset + len(found.rows)),
        )
    return Drawn(
        card=Card(
            heading=drawing.say(_HEADING, words=words),
            summary=drawing.say(_SUMMARY, words=words, total=drawing.number(found.total)),
            note=note,
            elements=elements,
            actions=_pages(drawing, words, page, found.total),
        ),
        tickets=ids,
    )


def _table(drawing: Drawing, rows: list[Mapping[str, Any]], excerpts: Mapping[TicketId, str]) -> Table:
    columns = [TICKET, CUSTOMER, STATUS, _WHERE] if drawing.actor.is_staff else [TICKET, STATUS, _WHERE]
    return Table(
        columns=tuple(drawing.say(each) for each in columns), rows=tuple(_row(drawing, row, excerpts) for row in rows)
    )


def _row(drawing: Drawing, ticket: Mapping[str, Any], excerpts: Mapping[TicketId, str]) -> Row:
    status, priority = TicketStatus(ticket["status"]), TicketPriority(ticket["priority"])
    is_open = status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    cells = [f"#{ticket['number']} {ticket['title']}"]
    if drawing.actor.is_staff:
        cells.append(ticket["customer_name"])
    excerpt = excerpts.get(TicketId(ticket["id"]), "")
    cells += [drawing.say(STATUSES[status]), shorten(one_line(excerpt), EXCERPT_LIMIT)]
    tone = PRIORITY_TONES.get(priority, Tone.NORMAL) if is_open else Tone.NORMAL
    return drawing.ticket_row(ticket["number"], tuple(cells), tone)


def _pages(drawing: Drawing, words: str, page: int, total: int) -> tuple[Button, ...]:
    buttons: list[Button] = []
    if page > 1:
        buttons.append(drawing.action(BACK, "search", words=words, page=str(page - 1)))
    if page * PAGE_SIZE < total:
        buttons.append(drawing.action(NEXT, "search", words=words, page=str(page + 1)))
    return tuple(buttons)
