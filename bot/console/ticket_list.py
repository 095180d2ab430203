"""The list of tickets: filters, sorting, pages. All of it is in the address, so that it can be kept and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console.calling import ConsoleCall
from bot.console.drawing import CardDrawing
from bot.console.pages import Pages, html_response
from bot.console.wording import say
from bot.views.card import Action, ActionStyle
from bot.views.wording import PRIORITIES, STATUSES
from core.customers.service import Customers
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.identity.queries import find_staff
from core.identity.roles import Permission
from core.ids import CustomerId, UserId
from core.tickets.queries import Sort, SortKey, TicketFilters, find_tickets
from core.tickets.rules import TicketPriority, TicketStatus

PAGE_ROWS = 30
FURTHEST_PAGE = 10_000
LONGEST = 200
STAFF = 100
LIST = "/console/tickets"
_NEWEST_FIRST = frozenset({SortKey.CREATED_AT, SortKey.UPDATED_AT, SortKey.PRIORITY, SortKey.NUMBER})
_STATES = ("open", "done", "all")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets a page lists, as its address says: nonsense in it counts as left out.

    `state` is `open`, `done` or `all`; `assignee` is `me`, `none` or a user's id.
    """

    q: str = ""
    state: str = "open"
    status: str = ""
    priority: str = ""
    assignee: str = ""
    customer: str = ""
    tag: str = ""
    sort: str = SortKey.UPDATED_AT
    order: str = "desc"
    page: int = 1

    @property
    def url(self) -> str:
        """The page's address, without what is as usual."""
        usual = Wanted()
        told = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) != getattr(usual, name)}
        return f"{LIST}?{urlencode(told)}" if told else LIST

    @property
    def is_filtered(self) -> bool:
        return bool(self.priority or self.customer or self.tag or (self.status and self.state != "open"))


class TicketList:
    """The page with the tickets that its reader may see."""

    def __init__(self, database: Database, customers: Customers, drawing: CardDrawing, pages: Pages) -> None:
        self._database = database
        self._customers = customers
        self._drawing = drawing
        self._pages = pages

    async def show(self, call: ConsoleCall) -> web.StreamResponse:
        wanted = wanted_by(call)
        sort = Sort(SortKey(wanted.sort), descending=wanted.order == "desc")
        async with self._database.connect() as connection:
            found = await find_tickets(
                connection,
                call.actor,
                _filters(call, wanted),
                sort=(sort,),
                offset=(wanted.page - 1) * PAGE_ROWS,
                limit=PAGE_ROWS,
            )
            staff = await _staff(connection, call)
        pages = max(1, -(-found.total // PAGE_ROWS))
        return html_response(
            call.page(
                self._pages,
                "tickets.html",
                "tickets",
                searched=wanted.q,
                wanted=wanted,
                total=found.total,
                rows=[_row(call, row) for row in found.rows],
                quick=_quick(call, wanted),
                is_filtered=wanted.is_filtered,
                statuses=[(each.value, STATUSES[each].in_(call.language)) for each in TicketStatus],
                priorities=[(each.value, PRIORITIES[each].in_(call.language)) for each in TicketPriority],
                staff=staff,
                customer_name=await self._customer_name(call, wanted),
                columns=_columns(call, wanted),
                page=wanted.page,
                page_count=pages,
                previous_url=replace(wanted, page=min(wanted.page, pages + 1) - 1).url if wanted.page > 1 else "",
                next_url=replace(wanted, page=wanted.page + 1).url if wanted.page < pages else "",
                new_ticket=self._new_ticket(call),
            )
        )

    def _new_ticket(self, call: ConsoleCall) -> Markup | str:
        if not call.actor.may(Permission.TICKET_CREATE):
            return ""
        label = say("new_ticket", call.language)
        action = Action(label=label, command="new", style=ActionStyle.PRIMARY, opens_form=True)
        return self._drawing.button(action, call)

    async def _customer_name(self, call: ConsoleCall, wanted: Wanted) -> str:
        if not wanted.customer:
            return ""
        try:
            row = await self._customers.get_customer(call.actor, CustomerId(UUID(wanted.customer)))
        except (NotFound, PermissionDenied):
            return ""
        return str(row["name"])


def wanted_by(call: ConsoleCall) -> Wanted:
    """What the address asks for."""
    usual = Wanted()
    status, state = call.query("status"), call.query("state")
    page = call.query("page")
    q = call.query("q")[:LONGEST]
    return Wanted(
        q=q,
        # Who searches, or wants a status, looks among all tickets unless they say otherwise.
        state=state if state in _STATES else ("all" if q or status in set(TicketStatus) else usual.state),
        status=status if status in set(TicketStatus) else "",
        priority=call.query("priority") if call.query("priority") in set(TicketPriority) else "",
        assignee=_assignee(call.query("assignee")),
        customer=call.query("customer") if call.actor.is_staff and _is_uuid(call.query("customer")) else "",
        tag=call.query("tag")[:LONGEST],
        sort=call.query("sort") if call.query("sort") in set(SortKey) else usual.sort,
        order=call.query("order") if call.query("order") in ("asc", "desc") else usual.order,
        page=min(int(page), FURTHEST_PAGE)
        if page.isascii() and page.isdigit() and 0 < len(page) < 9 and int(page)
        else 1,
    )


def _filters(call: ConsoleCall, wanted: Wanted) -> TicketFilters:
    assignee = wanted.assignee
    user_id = call.user.id if assignee == "me" else UserId(UUID(assignee)) if _is_uuid(assignee) else None
    return TicketFilters(
        statuses=(TicketStatus(wanted.status),) if wanted.status else (),
        priorities=(TicketPriority(wanted.priority),) if wanted.priority else (),
        customer_id=CustomerId(UUID(wanted.customer)) if wanted.customer else None,
        assigned_to=user_id,
        is_unassigned=assignee == "none",
        tag=wanted.tag or None,
        search=wanted.q or None,
        is_open={"open": True, "done": False}.get(wanted.state),
    )


def _quick(call: ConsoleCall, wanted: Wanted) -> list[Mapping[str, object]]:
    """The filters that are one press away; the one that is on is the one whose address this is."""
    own = {
        "quick_mine": Wanted(assignee="me"),
        "quick_unassigned": Wanted(assignee="none"),
    }
    all_of_them = {
        "quick_open": Wanted(),
        **(own if call.actor.is_staff else {}),
        "quick_waiting": Wanted(state="all", status=TicketStatus.WAITING_CUSTOMER),
        "quick_done": Wanted(state="done"),
        "quick_all": Wanted(state="all"),
    }
    here = replace(wanted, sort=Wanted().sort, order=Wanted().order, page=1).url
    return [
        {"url": each.url, "label": say(name, call.language), "is_on": each.url == here}
        for name, each in all_of_them.items()
    ]


def _columns(call: ConsoleCall, wanted: Wanted) -> list[Mapping[str, str]]:
    """The columns; pressing the one that it is sorted by turns the order round."""
    shown: list[tuple[str, SortKey | None]] = [("number", SortKey.NUMBER), ("title", SortKey.TITLE)]
    if call.actor.is_staff:
        shown.append(("customer", None))
    shown += [("status", SortKey.STATUS), ("priority", SortKey.PRIORITY), ("assignee", None)]
    shown.append(("updated", SortKey.UPDATED_AT))
    columns: list[Mapping[str, str]] = []
    for name, key in shown:
        is_sorted = key is not None and key == wanted.sort
        first = "desc" if key in _NEWEST_FIRST else "asc"
        order = ("asc" if wanted.order == "desc" else "desc") if is_sorted else first
        direction = {"asc": "ascending", "desc": "descending"}[wanted.order] if is_sorted else ""
        url = replace(wanted, sort=key.value, order=order, page=1).url if key is not None else ""
        label = say(name, call.language)
        columns.append({"name": key.value if key else name, "label": label, "url": url, "direction": direction})
    return columns


def _row(call: ConsoleCall, row: Mapping[str, Any]) -> Mapping[str, object]:
    status, priority = TicketStatus(row["status"]), TicketPriority(row["priority"])
    return {
        "number": row["number"],
        "title": row["title"],
        "customer": row["customer_name"],
        "status": status.value,
        "status_text": STATUSES[status].in_(call.language),
        "priority": priority.value,
        "priority_text": PRIORITIES[priority].in_(call.language),
        "assignee": row["assigned_to_name"],
        "updated": call.moment(row["updated_at"]),
    }


async def _staff(connection: AsyncConnection, call: ConsoleCall) -> list[tuple[str, str]]:
    """Whom tickets can be assigned to, for who may know."""
    if not (call.actor.is_staff and call.actor.may(Permission.USER_VIEW)):
        return []
    found = await find_staff(connection, "", STAFF)
    return [(str(each.id), f"{each.first_name} {each.last_name}") for each in found]


def _assignee(text: str) -> str:
    return text if text in ("me", "none") or _is_uuid(text) else ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
