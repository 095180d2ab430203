"""The message extension: tickets from other people's messages, search, and cards for links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.request import ShortcutKind
from bot.teams.activities import part, text_of
from bot.teams.dialogs import Dialogs
from bot.teams.drawing import CardDrawing
from bot.teams.interpreting import button_data
from bot.teams.invokes import UNKNOWN, WORKING, Invoked, Take, answer_within
from bot.teams.plain_text import html_text, tidy
from bot.teams.responses import Body, dialog, dialog_message, results
from bot.views.card import Action, Card

SEARCH_RESULTS = 10
TEXT_CHARACTERS = 3000
"""What an input takes."""

COMMANDS: Final = {ShortcutKind.CREATE.value: "new", ShortcutKind.ADD.value: "note"}
"""The shortcuts, which are the ids of the extension's commands in the manifest, and the commands that they give."""

FIND: Final = "find"
"""The id of the search in the manifest, and the name of what is typed there."""


class MessageExtension:
    """Answers `composeExtension/…`."""

    def __init__(self, take: Take, desk: ChatDesk, buttons: Buttons, drawing: CardDrawing, dialogs: Dialogs) -> None:
        self._take = take
        self._desk = desk
        self._buttons = buttons
        self._drawing = drawing
        self._dialogs = dialogs

    async def open(self, invoked: Invoked) -> Body:
        """`composeExtension/fetchTask`: the form, with the text of the message that it was called on."""
        command = COMMANDS.get(text_of(invoked.value, "commandId"))
        if command is None:
            return dialog_message(UNKNOWN.in_(invoked.language))
        value = self._buttons.value_of(Action(label="", command=command, opens_form=True))
        text = message_text(part(invoked.value, "messagePayload"))[:TEXT_CHARACTERS]
        return await self._dialogs.show_form(invoked, value, {"text": text} if text else {}, None)

    async def submit(self, invoked: Invoked) -> Body:
        """`composeExtension/submitAction`: as a dialog, but it stays open to show what came of it."""
        if not button_data(invoked.activity):
            return dialog_message(UNKNOWN.in_(invoked.language))
        problem = await self._dialogs.find_problem(invoked)
        if problem is not None:
            return problem
        answer = await answer_within(await self._take(invoked.activity))
        if answer is None:
            return dialog_message(WORKING.in_(invoked.language))
        language = answer.person.language if answer.person else invoked.language
        return dialog(answer.card, self._drawing.dialog(answer.card, language))

    async def query(self, invoked: Invoked) -> Body:
        """`composeExtension/query`: tickets by words; without any, the open ones."""
        parameters = invoked.value.get("parameters")
        named = {
            text_of(each, "name"): text_of(each, "value")
            for each in (parameters if isinstance(parameters, list) else ())
            if isinstance(each, Mapping)
        }
        words = "" if named.get("initialRun") else named.get(FIND, "")
        found = await self._desk.search_tickets(invoked.account, words, SEARCH_RESULTS, invoked.place)
        return results([self._drawn(each.card, invoked) for each in found])

    async def unfurl(self, invoked: Invoked) -> Body:
        """`composeExtension/queryLink`: the card of the ticket whose address was written."""
        card = await self._desk.draw_link(invoked.account, text_of(invoked.value, "url"), invoked.place)
        return results([self._drawn(card, invoked)] if card is not None else [])

    def _drawn(self, card: Card, invoked: Invoked) -> tuple[Card, dict[str, Any]]:
        return card, self._drawing.message(card, invoked.language)


def message_text(message: Mapping[str, Any]) -> str:
    """The text of the message that an action was called on, with who wrote it."""
    body = part(message, "body")
    content = text_of(body, "content")
    text = html_text(content) if text_of(body, "contentType") == "html" else tidy(content)
    author = text_of(part(message, "from", "user"), "displayName")
    return f"{author}: {text}" if author and text else text
