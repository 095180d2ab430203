"""A ticket's own card: what it is, who has it, what was said last, and what can be done with it."""

from __future__ import annotations

from bot.views.card import Card, Element, Fact, Facts, Text, TextStyle, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.ticket_actions import ticket_actions
from bot.views.wording import (
    ASSIGNEE,
    MESSAGE_KINDS,
    NOBODY,
    OPENED,
    PRIORITIES,
    PRIORITY,
    PRIORITY_TONES,
    REQUESTER,
    SOURCES,
    STATUS,
    STATUS_TONES,
    STATUSES,
    TAGS,
    UNKNOWN,
)
from bot.wording import Words
from core.ids import TicketId
from core.tickets.glance import Glance, LastMessage, glance_at_ticket
from core.tickets.queries import ticket_reference
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus

LAST_MESSAGE_CHARACTERS = 1200

_WITH_TIER = Words(de="{name} (Stufe {tier})", en="{name} (tier {tier})")
_MERGED = Words(de="Geht in #{number} weiter.", en="Goes on in #{number}.")
_LINKED = Words(de="Verknüpft mit", en="Linked to")
_WATCHERS = Words(de="Beobachtet von", en="Watched by")
_MESSAGES = Words(de="Nachrichten", en="Messages")
_FILES_ONE = Words(de="{messages}, 1 Anhang", en="{messages}, 1 file")
_FILES = Words(de="{messages}, {files} Anhänge", en="{messages}, {files} files")
_DELIVERY = Words(de="Zustellung", en="Delivery")
_MAILS_QUEUED = Words(de="Mails unterwegs: {count}", en="mails on their way: {count}")
_MAILS_FAILED = Words(de="nicht zugestellte Mails: {count}", en="mails not delivered: {count}")
_MAIL_ERROR = Words(de="nicht zugestellte Mails: {count} ({error})", en="mails not delivered: {count} ({error})")
_CHATS_FAILED = Words(de="nicht zugestellt im Chat: {count}", en="not delivered in chat: {count}")
_SAID = Words(de="{kind} von {name}, {moment}", en="{kind} by {name}, {moment}")
_EDITED = Words(de="{said}, geändert", en="{said}, edited")
_TAKEN_BACK = Words(de="(zurückgenommen)", en="(taken back)")


async def draw_ticket(drawing: Drawing) -> Drawn:
    """The ticket whose number is the argument `ticket`."""
    reference = ticket_reference(drawing.argument("ticket"))
    glance = await glance_at_ticket(drawing.connection, drawing.actor, reference)
    ticket_id = TicketId(glance.ticket["id"])
    return Drawn(card=ticket_card(drawing, glance), tickets=(ticket_id,), ticket_id=ticket_id)


def ticket_card(drawing: Drawing, glance: Glance) -> Card:
    """The card of a ticket."""
    ticket = glance.ticket
    number, status = ticket["number"], TicketStatus(ticket["status"])
    priority = TicketPriority(ticket["priority"])
    is_open = status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    elements: list[Element] = []
    if glance.merged_into is not None:
        elements.append(Text(text=drawing.say(_MERGED, number=glance.merged_into), tone=Tone.WARNING))
    elements.append(Facts(facts=tuple(_facts(drawing, glance, status, priority))))
    if glance.last_message is not None:
        elements += _last_message(drawing, glance.last_message)
    return Card(
        heading=f"#{number} {ticket['title']}",
        summary=f"#{number} {ticket['title']} · {ticket['customer_name']} · {drawing.say(STATUSES[status])}",
        note=_customer(drawing, glance),
        tone=PRIORITY_TONES.get(priority, Tone.NORMAL) if is_open else Tone.GOOD,
        url=drawing.ticket_url(number) if drawing.has_console else None,
        elements=tuple(elements),
        actions=ticket_actions(drawing, glance, status),
    )


def _customer(drawing: Drawing, glance: Glance) -> str:
    name = str(glance.ticket["customer_name"])
    return drawing.say(_WITH_TIER, name=name, tier=glance.tier) if glance.tier is not None else name


def _facts(drawing: Drawing, glance: Glance, status: TicketStatus, priority: TicketPriority) -> list[Fact]:
    ticket = glance.ticket
    assignee = ticket["assigned_to_name"]
    opened = drawing.moment_and_distance(ticket["created_at"])
    source = drawing.say(SOURCES[TicketSource(ticket["source"])])
    facts = [
        _fact(drawing, STATUS, drawing.say(STATUSES[status]), STATUS_TONES.get(status, Tone.NORMAL)),
        _fact(drawing, PRIORITY, drawing.say(PRIORITIES[priority]), PRIORITY_TONES.get(priority, Tone.NORMAL)),
        _fact(drawing, ASSIGNEE, assignee or drawing.say(NOBODY)),
        _fact(drawing, REQUESTER, ticket["contact_name"] or drawing.say(UNKNOWN)),
        _fact(drawing, OPENED, f"{opened}, {source}"),
        _fact(drawing, _MESSAGES, _counts(drawing, glance)),
    ]
    if ticket["tags"]:
        facts.append(_fact(drawing, TAGS, ", ".join(ticket["tags"])))
    if glance.linked:
        facts.append(_fact(drawing, _LINKED, ", ".join(f"#{number}" for number in glance.linked)))
    if glance.watchers:
        facts.append(_fact(drawing, _WATCHERS, ", ".join(glance.watchers)))
    delivery = _delivery(drawing, glance)
    if delivery:
        tone = Tone.DANGER if glance.mails_failed or glance.chats_failed else Tone.NORMAL
        facts.append(_fact(drawing, _DELIVERY, delivery, tone))
    return facts


def _fact(drawing: Drawing, label: Words, value: str, tone: Tone = Tone.NORMAL) -> Fact:
    return Fact(label=drawing.say(label), value=value, tone=tone)


def _counts(drawing: Drawing, glance: Glance) -> str:
    messages, files = drawing.number(glance.message_count), glance.attachment_count
    if files == 0:
        return messages
    words = _FILES_ONE if files == 1 else _FILES
    return drawing.say(words, messages=messages, files=drawing.number(files))


def _delivery(drawing: Drawing, glance: Glance) -> str:
    """What of the ticket has not reached its readers yet, or never will."""
    told = []
    if glance.mails_failed:
        words = _MAIL_ERROR if glance.mail_error else _MAILS_FAILED
        told.append(drawing.say(words, count=glance.mails_failed, error=glance.mail_error))
    if glance.chats_failed:
        told.append(drawing.say(_CHATS_FAILED, count=glance.chats_failed))
    if glance.mails_queued:
        told.append(drawing.say(_MAILS_QUEUED, count=glance.mails_queued))
    return "; ".join(told)


def _last_message(drawing: Drawing, message: LastMessage) -> list[Element]:
    said = drawing.say(
        _SAID,
        kind=drawing.say(MESSAGE_KINDS[message.kind]),
        name=message.author_name,
        moment=drawing.moment(message.created_at),
    )
    if message.is_edited and not message.is_deleted:
        said = drawing.say(_EDITED, said=said)
    text = drawing.say(_TAKEN_BACK) if message.is_deleted else message.text.strip()
    is_cut = len(text) > LAST_MESSAGE_CHARACTERS
    shown = text[:LAST_MESSAGE_CHARACTERS].rstrip() + "…" if is_cut else text
    # A note's tone sets it off: nobody takes it for what the customer was told.
    tone = Tone.WARNING if message.kind is MessageKind.NOTE else Tone.NORMAL
    return [Text(text=said, style=TextStyle.QUIET, tone=tone), Text(text=shown, style=TextStyle.QUOTE)]
