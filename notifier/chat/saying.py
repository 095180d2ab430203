"""What is said in chat of what happened elsewhere, as neutral cards. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.views.card import Action, ActionStyle, Card, Link, Text, TextStyle, Tone
from bot.views.notices import notice_card
from bot.views.telling import tell_moment
from bot.wording import Words
from core.mail.events import MailboxFailing, MailboxRecovered
from core.tickets.rules import MessageKind

TEXT_CHARACTERS = 2500

_BY_CUSTOMER = Words(de="{name} schreibt", en="{name} writes")
_TO_CUSTOMER = Words(de="{name} antwortet dem Kunden", en="{name} replies to the customer")
_TO_YOU = Words(de="{name} antwortet", en="{name} replies")
_NOTE = Words(de="Notiz von {name}", en="Note by {name}")
_ANSWERED = Words(de="#{number}: {name} hat geantwortet", en="#{number}: {name} answered")
_SHOW = Words(de="Ticket zeigen", en="Show ticket")
_REPLY = Words(de="Kunden antworten…", en="Reply to customer…")
_CONSOLE = Words(de="In der Konsole öffnen", en="Open in the console")
_FILES = Words(de="Anhänge: {count}", en="Files: {count}")
_FAILING = Words(de="Postfach {mailbox} wird nicht gelesen", en="Mailbox {mailbox} is not read")
_SINCE = Words(de="Seit {moment} UTC, {failures} Versuche. {error}", en="Since {moment} UTC, {failures} tries. {error}")
_AUTHORIZE = Words(de="Es muss neu autorisiert werden.", en="It has to be authorised anew.")
_RECOVERED = Words(de="Postfach {mailbox} wird wieder gelesen", en="Mailbox {mailbox} is read again")


@dataclass(frozen=True, slots=True)
class Told:
    """A message on a ticket that is told elsewhere."""

    number: int
    title: str
    kind: MessageKind
    is_inbound: bool
    author_name: str
    text: str
    files: int
    url: str


def thread_card(told: Told, language: str, *, for_customer: bool) -> Card:
    """A message, in a thread of its ticket."""
    if told.kind is MessageKind.NOTE:
        words = _NOTE
    elif told.is_inbound:
        words = _BY_CUSTOMER
    else:
        words = _TO_YOU if for_customer else _TO_CUSTOMER
    heading = words.in_(language, name=told.author_name)
    return Card(
        heading=heading, summary=f"#{told.number} {heading}: {_short(told.text, 150)}", elements=_said(told, language)
    )


def answered_card(told: Told, language: str) -> Card:
    """A customer's answer, for whom it concerns."""
    heading = _ANSWERED.in_(language, number=told.number, name=told.author_name)
    ticket = {"ticket": str(told.number)}
    return Card(
        heading=heading,
        summary=f"{heading}: {_short(told.text, 150)}",
        note=told.title,
        url=told.url,
        elements=_said(told, language),
        actions=(
            Action(label=_SHOW.in_(language), command="show", arguments=ticket, style=ActionStyle.PRIMARY),
            Action(label=_REPLY.in_(language), command="reply", arguments=ticket, opens_form=True),
            Link(label=_CONSOLE.in_(language), url=told.url, is_more=True),
        ),
    )


def mailbox_card(event: MailboxFailing | MailboxRecovered, language: str) -> Card:
    """A mailbox that is not read, or is again."""
    if isinstance(event, MailboxRecovered):
        return notice_card(_RECOVERED.in_(language, mailbox=event.mailbox), "", language, Tone.GOOD)
    since = _SINCE.in_(
        language, moment=tell_moment(event.since, language), failures=event.failures, error=event.error or ""
    )
    text = f"{since} {_AUTHORIZE.in_(language)}" if event.needs_authorization else since
    return notice_card(_FAILING.in_(language, mailbox=event.mailbox), text.strip(), language, Tone.DANGER)


def _said(told: Told, language: str) -> tuple[Text, ...]:
    said = Text(text=_short(told.text, TEXT_CHARACTERS), style=TextStyle.QUOTE)
    if not told.files:
        return (said,)
    return (said, Text(text=_FILES.in_(language, count=told.files), style=TextStyle.QUIET))


def _short(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
