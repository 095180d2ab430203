"""Commands that write: open a ticket, reply to the customer, leave a note."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.call import Call, Outcome, ticket_view
from bot.commands.kinds import ArgumentKind
from bot.commands.people import find_customer
from bot.commands.specification import Argument, Command, FormStart
from bot.commands.working import TICKET
from bot.views.card import Option, View
from bot.views.wording import PRIORITIES
from bot.wording import Words
from core.customers.triage import get_triage_customer
from core.identity.roles import Permission
from core.ids import CustomerId, DraftId
from core.tickets.lookups import find_open_draft, get_draft
from core.tickets.queries import find_ticket_by_source_reference
from core.tickets.rules import MessageKind, TicketPriority, title_from
from core.tickets.service import TicketRequest

TITLE_CHARACTERS = 80

CREATE = frozenset({Permission.TICKET_CREATE})
REPLY = frozenset({Permission.TICKET_REPLY})

_OPENED = Words("#{number} ist eröffnet.", "#{number} is open.")
_NOTED = Words("Notiz zu #{number} gespeichert.", "Saved a note on #{number}.")
_SENT = Words("Antwort zu #{number} wird gesendet.", "The reply on #{number} is on its way.")
_DONE = Words("Das ist schon erledigt.", "This is done already.")
_DISCARDED = Words("Der Entwurf ist verworfen.", "The draft is discarded.")

_CUSTOMER = Argument("customer", ArgumentKind.CUSTOMER, Words("Kunde", "Customer"), is_required=False)
_TEXT = Argument("text", ArgumentKind.TEXT, Words("Text", "Text"))
_DRAFT = Argument("draft", ArgumentKind.KEY, Words("Entwurf", "Draft"), is_hidden=True)


async def open_new(call: Call) -> Outcome:
    """Open a ticket. Staff may leave the customer open: then triage takes it in, and it is moved later."""
    actor, text = call.person.actor, call.text("text")
    first, _, _ = text.partition("\n")
    title = call.text("title") if call.has("title") else title_from(first, TITLE_CHARACTERS)
    request = TicketRequest(
        title=title,
        description=text,
        customer_id=await _customer_of(call),
        priority=call.priority() if call.has("priority") else TicketPriority.MEDIUM,
        source=call.source,
        source_reference=f"chat:{actor.origin}" if actor.origin else None,
        said_in=call.said_in,
    )
    ref = await call.services.tickets.open_ticket(actor, request)
    return Outcome(ticket_view(ref.number), notice=call.say(_OPENED, number=ref.number))


async def reply(call: Call) -> Outcome:
    """Show the desk's reply as it will go out; what a customer's own people say is said at once."""
    number, text, actor = call.ticket(), call.text("text"), call.person.actor
    if actor.is_staff and not call.flag("now"):
        draft_id = await call.services.tickets.draft_reply(actor, number, text)
        return Outcome(View(name="reply_preview", arguments={"draft": str(draft_id)}))
    await call.services.tickets.add_message(
        actor, number, MessageKind.PUBLIC, text, source=call.source, said_in=call.said_in
    )
    return Outcome(ticket_view(number), notice=call.say(_SENT, number=number))


async def send(call: Call) -> Outcome:
    """Send a reply that was shown; with a status the ticket goes there in the same moment."""
    status = call.status() if call.has("status") else None
    ref, _ = await call.services.tickets.send_draft(
        call.person.actor, DraftId(call.key("draft")), call.source, status=status
    )
    return Outcome(ticket_view(ref.number), notice=call.say(_SENT, number=ref.number))


async def discard(call: Call) -> Outcome:
    draft_id = DraftId(call.key("draft"))
    async with call.services.database.connect() as connection:
        draft = await get_draft(connection, call.person.actor, draft_id)
    await call.services.tickets.discard_draft(call.person.actor, draft_id)
    return Outcome(ticket_view(draft["number"]), notice=call.say(_DISCARDED))


async def note(call: Call) -> Outcome:
    number = call.ticket()
    await call.services.tickets.add_message(
        call.person.actor, number, MessageKind.NOTE, call.text("text"), source=call.source, said_in=call.said_in
    )
    return Outcome(ticket_view(number), notice=call.say(_NOTED, number=number))


async def _customer_of(call: Call) -> CustomerId | None:
    if not call.person.actor.is_staff:
        return None
    if call.has("customer"):
        return await find_customer(call)
    async with call.services.database.connect() as connection:
        return await get_triage_customer(connection)


async def _opened_before(call: Call) -> Outcome:
    actor = call.person.actor
    async with call.services.database.connect() as connection:
        ticket = await find_ticket_by_source_reference(connection, actor, f"chat:{actor.origin}")
    return Outcome(ticket_view(ticket["number"])) if ticket is not None else Outcome(notice=call.say(_DONE))


async def _drafted_before(call: Call) -> Outcome:
    """The preview, which is still to be sent."""
    number = call.ticket()
    async with call.services.database.connect() as connection:
        draft_id = await find_open_draft(connection, call.person.actor, number, call.text("text"))
    if draft_id is None:
        return Outcome(ticket_view(number))
    return Outcome(View(name="reply_preview", arguments={"draft": str(draft_id)}))


async def _draft_before(call: Call) -> Outcome:
    async with call.services.database.connect() as connection:
        draft = await get_draft(connection, call.person.actor, DraftId(call.key("draft")))
    return Outcome(ticket_view(draft["number"]))


async def _usual_priority(call: Call) -> FormStart:
    medium = TicketPriority.MEDIUM
    return FormStart(values={"priority": Option(value=medium, label=call.say(PRIORITIES[medium]))})


async def _draft_so_far(call: Call) -> FormStart:
    if not call.has("draft"):
        return FormStart()
    async with call.services.database.connect() as connection:
        draft = await get_draft(connection, call.person.actor, DraftId(call.key("draft")))
    return FormStart(values={"text": Option(value=draft["text"], label="")})


WRITING_COMMANDS = (
    Command(
        "new",
        Words("neu anlegen eröffnen", "create ticket"),
        Words("Ein Ticket eröffnen", "Open a ticket"),
        open_new,
        (
            _CUSTOMER,
            Argument("title", ArgumentKind.LINE, Words("Betreff", "Title"), is_required=False, is_form_only=True),
            _TEXT,
            # Typed, a word such as "Notfall" would be taken out of the text.
            Argument(
                "priority", ArgumentKind.PRIORITY, Words("Priorität", "Priority"), is_required=False, is_form_only=True
            ),
        ),
        CREATE,
        Words("neu Hofer: Drucker im Büro druckt nicht", "new Hofer: printer in the office does not print"),
        submit=Words("Eröffnen", "Open"),
        is_shared=True,
        is_for_staff=False,
        start=_usual_priority,
        again=_opened_before,
    ),
    Command(
        "reply",
        Words("antwort antworten antworte", "answer respond"),
        Words("Dem Kunden antworten (zeigt die Mail vor dem Senden)", "Reply to the customer (shows the mail first)"),
        reply,
        (
            TICKET,
            _TEXT,
            Argument(
                "now",
                ArgumentKind.FLAG,
                Words("Ohne Vorschau senden", "Send without preview"),
                is_required=False,
                flag=Words("sofort gleich", "now send"),
            ),
            replace(_DRAFT, is_required=False),
        ),
        REPLY,
        Words("antwort #1042 Der neue Toner kommt morgen.", "reply #1042 The new toner arrives tomorrow."),
        submit=Words("Vorschau", "Preview"),
        is_for_staff=False,
        start=_draft_so_far,
        again=_drafted_before,
    ),
    Command(
        "send",
        Words("", ""),
        Words("Eine Antwort senden", "Send a reply"),
        send,
        (_DRAFT, Argument("status", ArgumentKind.STATUS, Words("Status", "Status"), is_required=False, is_hidden=True)),
        REPLY,
        is_typed=False,
        again=_draft_before,
    ),
    Command(
        "discard",
        Words("", ""),
        Words("Einen Entwurf verwerfen", "Discard a draft"),
        discard,
        (_DRAFT,),
        REPLY,
        is_typed=False,
        again=_draft_before,
    ),
    Command(
        "note",
        Words("notiz notiere", "remark comment"),
        Words("Eine interne Notiz schreiben", "Write an internal note"),
        note,
        (TICKET, _TEXT),
        REPLY,
        Words("notiz #1042 Seriennummer abgelesen", "note #1042 read the serial number"),
        submit=Words("Speichern", "Save"),
    ),
)
