"""A reply as it will go out: to whom, under which subject, with which text; looked at before it is sent."""

from __future__ import annotations

from uuid import UUID

from bot.views.card import ActionStyle, Button, Card, Element, Fact, Facts, Text, TextStyle, Tone
from bot.views.drawing import Drawing, Drawn
from bot.wording import Words
from core.errors import NotFound
from core.ids import DraftId, TicketId
from core.mail.compose import tagged_subject
from core.mail.readers import find_readers
from core.tickets.lookups import get_draft
from core.tickets.rules import TicketStatus, may_change

_HEADING = Words(de="Antwort zu #{number}", en="Reply on #{number}")
_SUMMARY = Words(de="Antwort zu #{number} – bitte prüfen und senden", en="Reply on #{number} – check and send it")
_TO = Words(de="An", en="To")
_CC = Words(de="Kopie", en="Copy")
_SUBJECT = Words(de="Betreff", en="Subject")
_NOBODY = Words(
    de="Niemand: Zu diesem Ticket gibt es keine Adresse, die Mails bekommt.",
    en="Nobody: no address of this ticket takes mails.",
)
_SIGNED = Words(de="Darunter stehen {name} und der Service Desk.", en="Below it stand {name} and the service desk.")
_SENT = Words(de="Gesendet.", en="Sent.")
_DISCARDED = Words(de="Verworfen.", en="Discarded.")
_SEND = Words(de="Senden", en="Send")
_SEND_AND_WAIT = Words(de="Senden und warten", en="Send and wait")
_EDIT = Words(de="Ändern…", en="Edit…")
_DISCARD = Words(de="Verwerfen", en="Discard")
_SHOW = Words(de="Zum Ticket", en="To the ticket")


async def draw_reply_preview(drawing: Drawing) -> Drawn:
    """The person's own draft whose id is the argument `draft`."""
    draft_id = _draft_id(drawing.argument("draft"))
    draft = await get_draft(drawing.connection, drawing.actor, draft_id)
    ticket_id, number = TicketId(draft["ticket_id"]), draft["number"]
    readers = await find_readers(
        drawing.connection, ticket_id, author_address=drawing.actor.email, desk_address=drawing.desk_address
    )
    facts = [_fact(drawing, _TO, ", ".join(readers.to) or drawing.say(_NOBODY), readers.to)]
    if readers.cc:
        facts.append(_fact(drawing, _CC, ", ".join(readers.cc), readers.cc))
    facts.append(_fact(drawing, _SUBJECT, tagged_subject(draft["title"], number), (draft["title"],)))
    elements: list[Element] = [
        Facts(facts=tuple(facts)),
        Text(text=draft["text"], style=TextStyle.QUOTE),
        Text(text=drawing.say(_SIGNED, name=drawing.person.name), style=TextStyle.QUIET),
    ]
    if draft["settled_at"] is not None:
        said = drawing.say(_SENT if draft["message_id"] else _DISCARDED)
        elements.append(Text(text=said, style=TextStyle.STRONG))
    return Drawn(
        card=Card(
            heading=drawing.say(_HEADING, number=number),
            summary=drawing.say(_SUMMARY, number=number),
            note=draft["title"],
            elements=tuple(elements),
            actions=_actions(
                drawing,
                str(draft_id),
                str(number),
                TicketStatus(draft["status"]),
                is_settled=draft["settled_at"] is not None,
            ),
        ),
        tickets=(ticket_id,),
    )


def _actions(
    drawing: Drawing, draft: str, number: str, status: TicketStatus, *, is_settled: bool
) -> tuple[Button, ...]:
    if is_settled:
        return (drawing.action(_SHOW, "show", ticket=number),)
    buttons: list[Button] = [drawing.action(_SEND, "send", style=ActionStyle.PRIMARY, draft=draft)]
    waiting = TicketStatus.WAITING_CUSTOMER
    if may_change(status, waiting):
        buttons.append(drawing.action(_SEND_AND_WAIT, "send", draft=draft, status=waiting.value))
    return (
        *buttons,
        drawing.action(_EDIT, "reply", opens_form=True, ticket=number, draft=draft),
        drawing.action(_DISCARD, "discard", style=ActionStyle.DANGER, draft=draft),
    )


def _fact(drawing: Drawing, label: Words, value: str, known: tuple[str, ...]) -> Fact:
    return Fact(label=drawing.say(label), value=value, tone=Tone.NORMAL if known else Tone.DANGER)


def _draft_id(text: str) -> DraftId:
    try:
        return DraftId(UUID(text))
    except ValueError as error:
        raise NotFound("draft", text) from error
