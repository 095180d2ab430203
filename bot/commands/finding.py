"""Commands that show: a ticket, the queue, my tickets, today, a search, a customer, what became of mails."""

from __future__ import annotations

from bot.commands.call import Call, Outcome, ticket_view
from bot.commands.kinds import ArgumentKind
from bot.commands.people import find_customer
from bot.commands.specification import Argument, Command
from bot.commands.working import TICKET
from bot.views.card import View
from bot.wording import Words
from core.identity.roles import Permission
from core.tickets.queries import get_ticket

SEE = frozenset({Permission.TICKET_VIEW_ALL, Permission.TICKET_VIEW_CUSTOMER, Permission.TICKET_VIEW_OWN})
SEE_ALL = frozenset({Permission.TICKET_VIEW_ALL})

PAGE = Argument("page", ArgumentKind.NUMBER, Words("Seite", "Page"), is_required=False, is_hidden=True)


async def show(call: Call) -> Outcome:
    """A ticket that the person may see, whoever else will see its card."""
    number = call.ticket()
    async with call.services.database.connect() as connection:
        await get_ticket(connection, call.person.actor, number)
    return Outcome(ticket_view(number))


async def show_mine(call: Call) -> Outcome:
    return Outcome(_paged(call, "mine"))


async def show_queue(call: Call) -> Outcome:
    arguments = {"customer": str(await find_customer(call))} if call.has("customer") else {}
    return Outcome(_paged(call, "queue", **arguments))


async def show_today(call: Call) -> Outcome:
    return Outcome(View(name="my_day"))


async def search(call: Call) -> Outcome:
    return Outcome(_paged(call, "search", words=call.text("words")))


async def show_customer(call: Call) -> Outcome:
    return Outcome(View(name="customer", arguments={"customer": str(await find_customer(call))}))


async def show_receipt(call: Call) -> Outcome:
    return Outcome(View(name="receipt", arguments={"ticket": str(call.ticket())}))


def _paged(call: Call, view: str, **arguments: str) -> View:
    return View(name=view, arguments={**arguments, "page": str(call.number("page", 1))})


FINDING_COMMANDS = (
    Command(
        "mine",
        Words("meine mir", "my"),
        Words("Meine offenen Tickets", "My open tickets"),
        show_mine,
        (PAGE,),
        SEE,
        Words("meine", "mine"),
        is_for_staff=False,
    ),
    Command(
        "queue",
        Words("liste warteschlange offen offene", "list open"),
        Words("Offene Tickets, Dringendes zuerst", "Open tickets, urgent ones first"),
        show_queue,
        (Argument("customer", ArgumentKind.CUSTOMER, Words("Kunde", "Customer"), is_required=False), PAGE),
        SEE,
        Words("liste Hofer", "queue Hofer"),
        is_for_staff=False,
    ),
    Command(
        "today",
        Words("heute mein-tag", "day my-day"),
        Words("Mein Tag: was ansteht, was frei ist, was wartet", "My day: what is due, what is free, what waits"),
        show_today,
        (),
        SEE_ALL,
        Words("heute", "today"),
    ),
    Command(
        "show",
        Words("zeige zeig anzeigen", "view open-ticket"),
        Words("Ein Ticket zeigen", "Show a ticket"),
        show,
        (TICKET,),
        SEE,
        Words("zeige #1042", "show #1042"),
        is_shared=True,
        is_for_staff=False,
    ),
    Command(
        "search",
        Words("suche suchen finde", "find"),
        Words("Tickets suchen", "Search tickets"),
        search,
        (Argument("words", ArgumentKind.LINE, Words("Wonach?", "For what?")), PAGE),
        SEE,
        Words("suche drucker -toner", "search printer -toner"),
        is_for_staff=False,
    ),
    Command(
        "customer",
        Words("kunde kundin firma", "client company"),
        Words("Einen Kunden zeigen", "Show a customer"),
        show_customer,
        (Argument("customer", ArgumentKind.CUSTOMER, Words("Kunde", "Customer")),),
        frozenset({Permission.CUSTOMER_VIEW}),
        Words("kunde Hofer", "customer Hofer"),
    ),
    Command(
        "receipt",
        Words("beleg mailbeleg", "mail-receipt"),
        Words("Was aus den Mails eines Tickets wurde, und warum", "What became of a ticket's mails, and why"),
        show_receipt,
        (TICKET,),
        frozenset({Permission.MAIL_RECEIPT_VIEW}),
        Words("beleg #1042", "receipt #1042"),
    ),
)
