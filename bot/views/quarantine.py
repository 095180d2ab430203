"""Mails that are held until a person decides: the list of them, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.views.card import Action, ActionStyle, Button, Card, Element, Row, Table, Text, TextStyle, Tone
from bot.views.drawing import Drawing, Drawn
from bot.views.receipt import receipt_elements
from bot.views.wording import BACK, NEXT, NO_SUBJECT, OUTCOMES, REFRESH, SHOW, UNKNOWN
from bot.wording import Words
from core.errors import NotFound
from core.identity.roles import Permission
from core.ids import RawMailId
from core.mail.model import ReceiptOutcome
from core.mail.quarantine import find_held_mails, get_held_mail

PAGE_SIZE = 10

_HEADING = Words(de="Angehaltene Mails", en="Held mails")
_SUMMARY = Words(de="Angehaltene Mails: {total}", en="Held mails: {total}")
_NONE = Words(de="Keine Mail wartet auf eine Entscheidung.", en="No mail waits for a decision.")
_SENDER = Words(de="Gibt als Absender an", en="Claims to be from")
_SUBJECT = Words(de="Betreff", en="Subject")
_WHY = Words(de="Warum", en="Why")
_HELD = Words(de="Seit", en="Since")
_MAIL = Words(de="Angehaltene Mail von {sender}", en="Held mail from {sender}")
_CAREFUL = Words(
    de="Der Absender ist nicht bewiesen. Fragen Sie im Zweifel auf anderem Weg nach, bevor Sie die Mail annehmen.",
    en="The sender is not proven. If in doubt, ask them in another way before you accept the mail.",
)
_TO = Words(de="An: {addresses}", en="To: {addresses}")
_ACCEPT = Words(de="Einmal annehmen", en="Accept once")
_NOT_SPAM = Words(de="Kein Spam, annehmen", en="Not spam, accept")
_ALWAYS = Words(de="Immer annehmen", en="Always accept")
_SURE_ALWAYS = Words(
    de="Mails von {sender} brauchen dann keinen Beweis mehr, dass sie echt sind.",
    en="Mails from {sender} will need no proof any more that they are genuine.",
)
_REJECT = Words(de="Ablehnen", en="Reject")
_LIST = Words(de="Alle angehaltenen", en="All held ones")


async def draw_quarantine(drawing: Drawing) -> Drawn:
    """The held mails, the newest first."""
    page = drawing.page()
    found = await find_held_mails(drawing.connection, drawing.actor, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    elements: tuple[Element, ...] = (Text(text=drawing.say(_NONE)),)
    if found.rows:
        columns = tuple(drawing.say(each) for each in (_SUBJECT, _SENDER, _WHY, _HELD))
        elements = (Table(columns=columns, rows=tuple(_row(drawing, mail) for mail in found.rows)),)
    summary = drawing.say(_SUMMARY, total=drawing.number(found.total))
    return Drawn(
        card=Card(
            heading=drawing.say(_HEADING),
            summary=summary,
            note=drawing.as_of(),
            tone=Tone.WARNING if found.rows else Tone.NORMAL,
            elements=elements,
            actions=_pages(drawing, page, found.total),
        )
    )


async def draw_mail(drawing: Drawing) -> Drawn:
    """The held mail whose id is the argument `mail`: who it says that it is from, and why it was held."""
    mail = await get_held_mail(drawing.connection, drawing.actor, _mail_id(drawing.argument("mail")))
    sender = _sender(drawing, mail)
    is_quarantined = mail["outcome"] == ReceiptOutcome.QUARANTINED
    elements = receipt_elements(drawing, mail)
    if mail["envelope_to"]:
        addresses = drawing.say(_TO, addresses=", ".join(mail["envelope_to"]))
        elements.append(Text(text=addresses, style=TextStyle.QUIET))
    if is_quarantined:
        elements.append(Text(text=drawing.say(_CAREFUL), tone=Tone.WARNING))
    heading = drawing.say(_MAIL, sender=sender)
    return Drawn(
        card=Card(
            heading=heading,
            summary=f"{heading}: {mail['subject'] or drawing.say(NO_SUBJECT)}",
            tone=Tone.WARNING,
            elements=tuple(elements),
            actions=_decisions(drawing, mail, sender, is_quarantined=is_quarantined),
        )
    )


def _row(drawing: Drawing, mail: Mapping[str, Any]) -> Row:
    show = drawing.action(SHOW, "mail", mail=str(mail["id"]))
    cells = (
        mail["subject"] or drawing.say(NO_SUBJECT),
        _sender(drawing, mail),
        drawing.say(OUTCOMES[ReceiptOutcome(mail["outcome"])]),
        drawing.age(mail["held_at"]),
    )
    return Row(cells=cells, action=show)


def _decisions(drawing: Drawing, mail: Mapping[str, Any], sender: str, *, is_quarantined: bool) -> tuple[Button, ...]:
    buttons: list[Button] = []
    mail_id = str(mail["id"])
    if drawing.actor.may(Permission.MAIL_RELEASE):
        words = _ACCEPT if is_quarantined else _NOT_SPAM
        buttons.append(drawing.action(words, "accept", style=ActionStyle.PRIMARY, mail=mail_id))
        if is_quarantined and drawing.actor.user_id is not None:
            always = drawing.action(_ALWAYS, "accept", mail=mail_id, always="true")
            buttons.append(always.model_copy(update={"confirm": drawing.say(_SURE_ALWAYS, sender=sender)}))
        buttons.append(drawing.action(_REJECT, "reject", style=ActionStyle.DANGER, mail=mail_id))
    buttons.append(drawing.action(_LIST, "quarantine", is_more=bool(buttons)))
    return tuple(buttons)


def _pages(drawing: Drawing, page: int, total: int) -> tuple[Action, ...]:
    buttons = []
    if page > 1:
        buttons.append(drawing.action(BACK, "quarantine", page=str(page - 1)))
    if page * PAGE_SIZE < total:
        buttons.append(drawing.action(NEXT, "quarantine", page=str(page + 1)))
    return (*buttons, drawing.action(REFRESH, "quarantine"))


def _sender(drawing: Drawing, mail: Mapping[str, Any]) -> str:
    return mail["sender_address"] or drawing.say(UNKNOWN)


def _mail_id(text: str) -> RawMailId:
    try:
        return RawMailId(UUID(text))
    except ValueError as error:
        raise NotFound("held mail", text) from error
