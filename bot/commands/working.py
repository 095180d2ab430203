"""Commands that work on a ticket: take, assign, status, wait, resolve, close, reopen, priority, tags."""

from __future__ import annotations

from bot.commands.call import Call, Outcome, ticket_view
from bot.commands.kinds import ArgumentKind
from bot.commands.people import find_assignee
from bot.commands.specification import Argument, Command, FormStart
from bot.views.card import Option
from bot.views.wording import PRIORITIES, STATUSES
from bot.wording import Words
from core.identity.roles import Permission
from core.tickets.queries import get_ticket
from core.tickets.rules import TRANSITIONS, MessageKind, TicketPriority, TicketStatus
from core.tickets.service import TicketChanges

UPDATE = frozenset({Permission.TICKET_UPDATE})

TICKET = Argument("ticket", ArgumentKind.TICKET, Words("Ticket", "Ticket"))
TO_CUSTOMER = Argument(
    "notify",
    ArgumentKind.FLAG,
    Words("Text an den Kunden senden", "Send the text to the customer"),
    is_required=False,
    flag=Words("kunde kundin", "customer"),
)
_REMARK = Argument("text", ArgumentKind.TEXT, Words("Bemerkung", "Remark"), is_required=False)

_TAKEN = Words("{name} hat #{number} übernommen.", "{name} took #{number}.")
_ASSIGNED = Words("#{number} wurde zugewiesen.", "#{number} was assigned.")
_GIVEN_BACK = Words("#{number} ist wieder frei.", "#{number} is free again.")
_STATUS = Words("#{number} ist jetzt: {status}.", "#{number} is now {status}.")
_PRIORITY = Words("#{number} hat jetzt Priorität {priority}.", "#{number} now has priority {priority}.")
_TAGGED = Words("Schlagworte von #{number} geändert.", "Changed the tags of #{number}.")


async def take(call: Call) -> Outcome:
    """Make a ticket that nobody has one's own; to have someone else's it is assigned."""
    number = call.ticket()
    await call.services.tickets.take_ticket(call.person.actor, number)
    return Outcome(ticket_view(number), notice=call.say(_TAKEN, name=call.person.name, number=number))


async def assign(call: Call) -> Outcome:
    number = call.ticket()
    user_id = await find_assignee(call)
    await call.services.tickets.change_ticket(call.person.actor, number, None, TicketChanges(assigned_to=user_id))
    return Outcome(ticket_view(number), notice=call.say(_ASSIGNED if user_id else _GIVEN_BACK, number=number))


async def change_status(call: Call) -> Outcome:
    return await _change(call, call.status())


async def wait(call: Call) -> Outcome:
    return await _change(call, TicketStatus.WAITING_CUSTOMER)


async def resolve(call: Call) -> Outcome:
    return await _change(call, TicketStatus.RESOLVED)


async def close(call: Call) -> Outcome:
    return await _change(call, TicketStatus.CLOSED)


async def reopen(call: Call) -> Outcome:
    return await _change(call, TicketStatus.IN_PROGRESS)


async def change_priority(call: Call) -> Outcome:
    number, priority = call.ticket(), call.priority()
    await call.services.tickets.change_ticket(call.person.actor, number, None, TicketChanges(priority=priority))
    shown = call.say(PRIORITIES[priority])
    return Outcome(ticket_view(number), notice=call.say(_PRIORITY, number=number, priority=shown))


async def tag(call: Call) -> Outcome:
    number, tags = call.ticket(), call.text("tags").split()
    await call.services.tickets.tag_ticket(
        call.person.actor,
        number,
        added=tuple(each[1:] for each in tags if each.startswith("+")),
        removed=tuple(each[1:] for each in tags if each.startswith("-")),
    )
    return Outcome(ticket_view(number), notice=call.say(_TAGGED, number=number))


async def _change(call: Call, status: TicketStatus) -> Outcome:
    """The status, and what was said with it: internally, unless it is meant for the customer. One transaction."""
    number, actor = call.ticket(), call.person.actor
    if call.has("text"):
        kind = MessageKind.PUBLIC if call.flag("notify") else MessageKind.NOTE
        await call.services.tickets.add_message(
            actor, number, kind, call.text("text"), source=call.source, status=status, said_in=call.said_in
        )
    else:
        await call.services.tickets.change_ticket(actor, number, None, TicketChanges(status=status))
    return Outcome(ticket_view(number), notice=call.say(_STATUS, number=number, status=call.say(STATUSES[status])))


async def _possible_statuses(call: Call) -> FormStart:
    async with call.services.database.connect() as connection:
        ticket = await get_ticket(connection, call.person.actor, call.ticket())
    following = TRANSITIONS[TicketStatus(ticket["status"])]
    options = [Option(value=each, label=call.say(STATUSES[each])) for each in TicketStatus if each in following]
    return FormStart(options={"status": tuple(options)})


async def _present_priority(call: Call) -> FormStart:
    async with call.services.database.connect() as connection:
        ticket = await get_ticket(connection, call.person.actor, call.ticket())
    priority = TicketPriority(ticket["priority"])
    return FormStart(values={"priority": Option(value=priority, label=call.say(PRIORITIES[priority]))})


WORKING_COMMANDS = (
    Command(
        "take",
        Words("nimm nehmen nehme übernehmen übernimm", "claim mine-now grab"),
        Words("Ein Ticket übernehmen", "Take a ticket"),
        take,
        (TICKET,),
        UPDATE,
        Words("nimm #1042", "take #1042"),
        submit=Words("Übernehmen", "Take"),
    ),
    Command(
        "assign",
        Words("zuweisen weise zuteilen", "delegate give"),
        Words("Ein Ticket jemandem zuweisen („niemand“ gibt es zurück)", "Assign a ticket (“nobody” gives it back)"),
        assign,
        (TICKET, Argument("user", ArgumentKind.USER, Words("Wem?", "To whom?"))),
        UPDATE,
        Words("zuweisen #1042 Nina", "assign #1042 Nina"),
        submit=Words("Zuweisen", "Assign"),
    ),
    Command(
        "status",
        Words("zustand", "state"),
        Words("Den Status eines Tickets ändern", "Change a ticket's status"),
        change_status,
        (TICKET, Argument("status", ArgumentKind.STATUS, Words("Status", "Status")), _REMARK, TO_CUSTOMER),
        UPDATE,
        Words("status #1042 in Arbeit", "status #1042 in progress"),
        submit=Words("Ändern", "Change"),
        start=_possible_statuses,
    ),
    Command(
        "prio",
        Words("priorität dringlichkeit", "priority urgency"),
        Words("Die Priorität eines Tickets ändern", "Change a ticket's priority"),
        change_priority,
        (TICKET, Argument("priority", ArgumentKind.PRIORITY, Words("Priorität", "Priority"))),
        UPDATE,
        Words("prio #1042 hoch", "prio #1042 high"),
        submit=Words("Ändern", "Change"),
        start=_present_priority,
    ),
    Command(
        "wait",
        Words("warte warten", "waiting hold"),
        Words("Auf den Kunden warten", "Wait for the customer"),
        wait,
        (TICKET, _REMARK, TO_CUSTOMER),
        UPDATE,
        Words("warte #1042 Rückruf nach 14 Uhr", "wait #1042 call back after 2 pm"),
        submit=Words("Warten", "Wait"),
    ),
    Command(
        "resolve",
        Words("lösen gelöst erledigt löse fertig", "solve solved done fixed"),
        Words("Ein Ticket lösen", "Resolve a ticket"),
        resolve,
        (TICKET, Argument("text", ArgumentKind.TEXT, Words("Lösung", "Solution"), is_required=False), TO_CUSTOMER),
        UPDATE,
        Words("erledigt #1042 Toner getauscht --kunde", "resolve #1042 toner replaced --customer"),
        submit=Words("Lösen", "Resolve"),
    ),
    Command(
        "close",
        Words("schließen schließe abschließen", "shut"),
        Words("Ein Ticket schließen", "Close a ticket"),
        close,
        (TICKET, _REMARK, TO_CUSTOMER),
        UPDATE,
        Words("schließen #1042", "close #1042"),
        submit=Words("Schließen", "Close"),
    ),
    Command(
        "reopen",
        Words("wiederöffnen öffnen", "open-again"),
        Words("Ein Ticket wieder öffnen", "Reopen a ticket"),
        reopen,
        (TICKET, _REMARK, TO_CUSTOMER),
        UPDATE,
        Words("wiederöffnen #1042 tritt wieder auf", "reopen #1042 it is back"),
        submit=Words("Wieder öffnen", "Reopen"),
    ),
    Command(
        "tag",
        Words("schlagwort schlagworte markieren", "tags label"),
        Words("Schlagworte setzen (+) und entfernen (-)", "Add (+) and remove (-) tags"),
        tag,
        (TICKET, Argument("tags", ArgumentKind.TAGS, Words("Schlagworte", "Tags"))),
        UPDATE,
        Words("tag #1042 +vpn -drucker", "tag #1042 +vpn -printer"),
        submit=Words("Setzen", "Set"),
    ),
)
