"""The buttons of a ticket's card: those that the person may use and that the ticket's status allows."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.card import Action, ActionStyle, Button
from bot.views.drawing import Drawing
from bot.wording import Words
from core.identity.roles import Permission
from core.tickets.glance import Glance
from core.tickets.rules import TicketStatus, may_change

_TAKE = Words(de="Übernehmen", en="Take")
_REPLY = Words(de="Kunden antworten…", en="Reply to customer…")
_REPLY_AS_CUSTOMER = Words(de="Antworten…", en="Reply…")
_NOTE = Words(de="Notiz…", en="Note…")
_WAIT = Words(de="Warten…", en="Wait…")
_RESOLVE = Words(de="Lösen…", en="Resolve…")
_REOPEN = Words(de="Wieder öffnen…", en="Reopen…")
_ASSIGN = Words(de="Zuweisen…", en="Assign…")
_PRIORITY = Words(de="Priorität…", en="Priority…")
_STATUS = Words(de="Status…", en="Status…")
_MERGE = Words(de="Zusammenführen…", en="Merge…")
_LINK = Words(de="Verknüpfen…", en="Link…")
_TAG = Words(de="Schlagworte…", en="Tags…")
_MOVE = Words(de="Anderer Kunde…", en="Other customer…")
_WATCH = Words(de="Beobachten", en="Watch")
_UNWATCH = Words(de="Nicht mehr beobachten", en="Stop watching")
_CLOSE = Words(de="Schließen", en="Close")
_RECEIPT = Words(de="Mailbeleg", en="Mail receipt")
_LIVING = Words(de="#{number} zeigen", en="Show #{number}")


def ticket_actions(drawing: Drawing, glance: Glance, status: TicketStatus) -> tuple[Button, ...]:
    """The buttons: first what is done most, then what may wait in a menu."""
    number = str(glance.ticket["number"])
    if glance.merged_into is not None:
        living = drawing.show_action(glance.merged_into)
        label = drawing.say(_LIVING, number=glance.merged_into)
        buttons: list[Button] = [living.model_copy(update={"label": label, "style": ActionStyle.PRIMARY})]
    else:
        buttons = [*_first(drawing, glance, status, number), *_more(drawing, glance, status, number)]
    if drawing.actor.may(Permission.MAIL_RECEIPT_VIEW):
        buttons.append(drawing.action(_RECEIPT, "receipt", is_more=True, ticket=number))
    if drawing.has_console:
        buttons.append(drawing.console_link(drawing.ticket_url(glance.ticket["number"]), is_more=True))
    return tuple(buttons)


def _first(drawing: Drawing, glance: Glance, status: TicketStatus, number: str) -> Iterator[Action]:
    actor, is_done = drawing.actor, status in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    may_update = actor.may(Permission.TICKET_UPDATE)
    if may_update and glance.ticket["assigned_to"] is None and not is_done:
        yield drawing.action(_TAKE, "take", style=ActionStyle.PRIMARY, ticket=number)
    if actor.may(Permission.TICKET_REPLY):
        words = _REPLY if actor.is_staff else _REPLY_AS_CUSTOMER
        yield drawing.action(words, "reply", opens_form=True, ticket=number)
        if actor.is_staff:
            yield drawing.action(_NOTE, "note", opens_form=True, ticket=number)
    if not may_update:
        return
    if is_done:
        yield drawing.action(_REOPEN, "reopen", opens_form=True, ticket=number)
        return
    if may_change(status, TicketStatus.WAITING_CUSTOMER):
        yield drawing.action(_WAIT, "wait", opens_form=True, ticket=number)
    if may_change(status, TicketStatus.RESOLVED):
        yield drawing.action(_RESOLVE, "resolve", opens_form=True, ticket=number)


def _more(drawing: Drawing, glance: Glance, status: TicketStatus, number: str) -> Iterator[Action]:
    actor = drawing.actor
    if actor.may(Permission.TICKET_UPDATE):
        assigned_to = glance.ticket["assigned_to"]
        if assigned_to is not None and assigned_to != actor.user_id:
            yield drawing.action(_TAKE, "take", is_more=True, ticket=number)
        for words, command in (
            (_ASSIGN, "assign"),
            (_PRIORITY, "prio"),
            (_STATUS, "status"),
            (_MERGE, "merge"),
            (_LINK, "link"),
            (_TAG, "tag"),
            (_MOVE, "move"),
        ):
            yield drawing.action(words, command, opens_form=True, is_more=True, ticket=number)
        if may_change(status, TicketStatus.CLOSED):
            yield drawing.action(_CLOSE, "close", is_more=True, ticket=number)
    if actor.is_staff and actor.may(Permission.TICKET_VIEW_ALL):
        words, command = (_UNWATCH, "unwatch") if glance.is_watching else (_WATCH, "watch")
        yield drawing.action(words, command, is_more=True, ticket=number)
