"""Commands that sort tickets out: merge, link, move, split off, watch."""

from __future__ import annotations

from bot.commands.call import Call, Outcome, ticket_view
from bot.commands.kinds import ArgumentKind
from bot.commands.people import find_customer
from bot.commands.specification import Argument, Command
from bot.commands.working import TICKET, UPDATE
from bot.wording import Words
from core.identity.roles import Permission
from core.ids import MessageId

_OTHER = Words("Mit Ticket", "With ticket")

_MERGED = Words("#{number} geht in #{other} weiter.", "#{number} goes on in #{other}.")
_LINKED = Words("#{number} und #{other} sind verknüpft.", "#{number} and #{other} are linked.")
_MOVED = Words("#{number} gehört jetzt einem anderen Kunden.", "#{number} belongs to another customer now.")
_SPLIT = Words("Als #{number} abgetrennt.", "Split off as #{number}.")
_WATCHED = Words("Sie beobachten #{number}.", "You are watching #{number}.")
_UNWATCHED = Words("Sie beobachten #{number} nicht mehr.", "You are not watching #{number} any more.")


async def merge(call: Call) -> Outcome:
    """Let a ticket go on in another one; the answer shows the one that lives on."""
    number = call.ticket()
    living = await call.services.tickets.merge(call.person.actor, number, call.ticket("other"), source=call.source)
    return Outcome(ticket_view(living.number), notice=call.say(_MERGED, number=number, other=living.number))


async def link(call: Call) -> Outcome:
    number, other = call.ticket(), call.ticket("other")
    await call.services.tickets.link_tickets(call.person.actor, number, other)
    return Outcome(ticket_view(number), notice=call.say(_LINKED, number=number, other=other))


async def move(call: Call) -> Outcome:
    number = call.ticket()
    customer_id = await find_customer(call)
    await call.services.tickets.move_ticket(call.person.actor, number, customer_id, source=call.source)
    return Outcome(ticket_view(number), notice=call.say(_MOVED, number=number))


async def split(call: Call) -> Outcome:
    """Split a message off as a ticket of its own, which the answer shows."""
    message_id = MessageId(call.key("message"))
    ref = await call.services.tickets.split_ticket(
        call.person.actor, call.ticket(), message_id, call.text("title"), source=call.source
    )
    return Outcome(ticket_view(ref.number), notice=call.say(_SPLIT, number=ref.number))


async def watch(call: Call) -> Outcome:
    number = call.ticket()
    await call.services.tickets.watch(call.person.actor, number)
    return Outcome(ticket_view(number), notice=call.say(_WATCHED, number=number))


async def unwatch(call: Call) -> Outcome:
    number = call.ticket()
    await call.services.tickets.unwatch(call.person.actor, number)
    return Outcome(ticket_view(number), notice=call.say(_UNWATCHED, number=number))


SORTING_COMMANDS = (
    Command(
        "merge",
        Words("zusammenführen vereinen zusammenlegen", "combine"),
        Words("Ein Ticket mit einem anderen zusammenführen", "Merge a ticket into another one"),
        merge,
        (TICKET, Argument("other", ArgumentKind.TICKET, _OTHER)),
        UPDATE,
        Words("zusammenführen #1042 #1040", "merge #1042 #1040"),
        submit=Words("Zusammenführen", "Merge"),
    ),
    Command(
        "link",
        Words("verknüpfen verbinden", "relate"),
        Words("Zwei Tickets verknüpfen", "Link two tickets"),
        link,
        (TICKET, Argument("other", ArgumentKind.TICKET, _OTHER)),
        UPDATE,
        Words("verknüpfen #1042 #1040", "link #1042 #1040"),
        submit=Words("Verknüpfen", "Link"),
    ),
    Command(
        "move",
        Words("verschieben verschiebe", "transfer"),
        Words("Ein Ticket einem anderen Kunden geben", "Move a ticket to another customer"),
        move,
        (TICKET, Argument("customer", ArgumentKind.CUSTOMER, Words("Kunde", "Customer"))),
        UPDATE,
        Words("verschieben #1042 Hofer", "move #1042 Hofer"),
        submit=Words("Verschieben", "Move"),
    ),
    Command(
        "split",
        Words("", ""),
        Words("Eine Nachricht als eigenes Ticket abtrennen", "Split a message off as a ticket"),
        split,
        (
            TICKET,
            Argument("message", ArgumentKind.KEY, Words("Nachricht", "Message"), is_hidden=True),
            Argument("title", ArgumentKind.LINE, Words("Betreff", "Title")),
        ),
        UPDATE,
        submit=Words("Abtrennen", "Split off"),
        is_typed=False,
    ),
    Command(
        "watch",
        Words("beobachten beobachte", "follow"),
        Words("Ein Ticket beobachten", "Watch a ticket"),
        watch,
        (TICKET,),
        frozenset({Permission.TICKET_VIEW_ALL}),
        Words("beobachten #1042", "watch #1042"),
    ),
    Command(
        "unwatch",
        Words("nicht-beobachten", "unfollow"),
        Words("Ein Ticket nicht mehr beobachten", "Stop watching a ticket"),
        unwatch,
        (TICKET,),
        frozenset({Permission.TICKET_VIEW_ALL}),
        Words("nicht-beobachten #1042", "unwatch #1042"),
    ),
)
