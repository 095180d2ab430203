"""A ticket's mail receipt: what became of each mail that touched it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.views.card import Button, Card, Divider, Element, Fact, Facts, Text, TextStyle, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.translating import in_language
from bot.views.wording import NO_SUBJECT, OUTCOMES, UNKNOWN
from bot.wording import Words
from core.identity.roles import Permission
from core.ids import TicketId
from core.mail.model import ReceiptOutcome
from core.tickets.queries import find_receipts, get_ticket, ticket_reference

NEWEST = 6

_HEADING = Words(de="Mailbeleg zu #{number}", en="Mail receipt of #{number}")
_SUMMARY = Words(de="Mailbeleg zu #{number}: {count} Mails", en="Mail receipt of #{number}: {count} mails")
_NONE = Words(de="Dieses Ticket hat keine Mail berührt.", en="No mail has touched this ticket.")
_EARLIER = Words(de="{count} frühere Mails stehen in der Konsole.", en="{count} earlier mails are in the console.")
_FROM = Words(de="Von", en="From")
_RECEIVED = Words(de="Eingegangen", en="Received")
_OUTCOME = Words(de="Ergebnis", en="Outcome")
_MOVE = Words(de="Anderer Kunde…", en="Other customer…")
_SPLIT = Words(de="„{subject}“ abtrennen…", en="Split off “{subject}”…")
_BACK = Words(de="Zum Ticket", en="To the ticket")
_BAD = frozenset({ReceiptOutcome.FAILED, ReceiptOutcome.REJECTED, ReceiptOutcome.QUARANTINED, ReceiptOutcome.PARKED})


async def draw_receipt(drawing: Drawing) -> Drawn:
    """The receipts of the ticket whose number is the argument `ticket`, the newest mail first."""
    drawing.actor.require(Permission.MAIL_RECEIPT_VIEW)
    ticket = await get_ticket(drawing.connection, drawing.actor, ticket_reference(drawing.argument("ticket")))
    ticket_id = TicketId(ticket["id"])
    receipts = list(reversed(await find_receipts(drawing.connection, drawing.actor, ticket_id)))
    number = ticket["number"]
    elements: list[Element] = []
    for receipt in receipts[:NEWEST]:
        if elements:
            elements.append(Divider())
        elements += receipt_elements(drawing, receipt)
    if not receipts:
        elements.append(Text(text=drawing.say(_NONE)))
    if len(receipts) > NEWEST:
        earlier = drawing.say(_EARLIER, count=drawing.number(len(receipts) - NEWEST))
        elements.append(Text(text=earlier, style=TextStyle.QUIET))
    return Drawn(
        card=Card(
            heading=drawing.say(_HEADING, number=number),
            summary=drawing.say(_SUMMARY, number=number, count=drawing.number(len(receipts))),
            note=ticket["title"],
            url=drawing.ticket_url(number),
            elements=tuple(elements),
            actions=_actions(drawing, ticket, receipts[:NEWEST]),
        ),
        tickets=(ticket_id,),
    )


def receipt_elements(drawing: Drawing, receipt: Mapping[str, Any]) -> list[Element]:
    """One mail: what it was, what became of it, and the rules that said so."""
    outcome = ReceiptOutcome(receipt["outcome"])
    told = "\n".join(f"• {in_language(finding['detail'], drawing.language)}" for finding in receipt["findings"])
    facts = (
        Fact(label=drawing.say(_FROM), value=receipt["sender_address"] or drawing.say(UNKNOWN)),
        Fact(label=drawing.say(_RECEIVED), value=drawing.moment(receipt["received_at"])),
        Fact(
            label=drawing.say(_OUTCOME),
            value=drawing.say(OUTCOMES[outcome]),
            tone=Tone.DANGER if outcome in _BAD else Tone.GOOD,
        ),
    )
    return [
        Text(text=receipt["subject"] or drawing.say(NO_SUBJECT), style=TextStyle.STRONG),
        Facts(facts=facts),
        *((Text(text=told),) if told else ()),
    ]


def _actions(drawing: Drawing, ticket: Mapping[str, Any], receipts: list[Mapping[str, Any]]) -> tuple[Button, ...]:
    number = str(ticket["number"])
    buttons: list[Button] = [drawing.action(_BACK, "show", ticket=number)]
    if drawing.actor.may(Permission.TICKET_UPDATE) and ticket["merged_into_id"] is None:
        buttons.append(drawing.action(_MOVE, "move", opens_form=True, ticket=number))
        for receipt in receipts:
            # What opened the ticket stays with it.
            if receipt["outcome"] == ReceiptOutcome.REPLY_ADDED and receipt["message_id"] is not None:
                subject = (receipt["subject"] or drawing.say(NO_SUBJECT))[:40]
                split = drawing.action(
                    _SPLIT, "split", opens_form=True, is_more=True, ticket=number, message=str(receipt["message_id"])
                )
                buttons.append(split.model_copy(update={"label": drawing.say(_SPLIT, subject=subject)}))
    return tuple(buttons)
