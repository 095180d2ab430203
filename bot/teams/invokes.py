"""Invokes: each waits for its answer, some five seconds long. By name, which coroutine answers which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.answer import Answer
from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.request import Account, Place
from bot.teams.activities import account_of, part, place_of, replied_to, text_of
from bot.teams.drawing import CardDrawing
from bot.teams.interpreting import BUTTON, button_data
from bot.teams.responses import Body, options, refused, shown_card, shown_message
from bot.views.card import LookupSource
from bot.wording import Words

ANSWER_SECONDS = 4.0
"""Teams gives up after some five; what takes longer is still done, and shown when it is."""

Take = Callable[[Mapping[str, Any]], Awaitable[asyncio.Future[Answer | None]]]
"""Stores an activity, committed on return, and begins to work on it."""

WORKING = Words("Wird bearbeitet …", "Working on it …")
UNKNOWN = Words("Das kenne ich nicht.", "I do not know that.")
NOBODY = Words("Das geht nur mit einem Konto der eigenen Organisation.", "This needs an account of the organisation.")


@dataclass(frozen=True, slots=True)
class Invoked:
    """An invoke of somebody, somewhere."""

    activity: Mapping[str, Any]
    account: Account
    place: Place
    language: str

    @property
    def value(self) -> Mapping[str, Any]:
        return part(self.activity, "value")

    @classmethod
    def read(cls, activity: Mapping[str, Any]) -> Invoked | None:
        """None for one of nobody whom a directory knows."""
        account, place = account_of(activity), place_of(activity)
        if account is None or place is None:
            return None
        return cls(activity, account, place, language_of(activity))


def language_of(activity: Mapping[str, Any]) -> str:
    """The language of the client: German where it is, else English."""
    return "de" if text_of(activity, "locale").lower().startswith("de") else "en"


async def answer_within(future: asyncio.Future[Answer | None]) -> Answer | None:
    """The answer; None if there is none while Teams waits. The work goes on either way."""
    done, _ = await asyncio.wait([future], timeout=ANSWER_SECONDS)
    return future.result() if done else None


class CardInvokes:
    """Buttons on cards in conversations, and what is typed into their inputs."""

    def __init__(
        self,
        take: Take,
        desk: ChatDesk,
        buttons: Buttons,
        drawing: CardDrawing,
        public_url: str,
    ) -> None:
        self._take = take
        self._desk = desk
        self._buttons = buttons
        self._drawing = drawing
        self._public_url = public_url

    async def press(self, invoked: Invoked) -> Body:
        """`adaptiveCard/action`: what became of it, in place of the pressed card if it takes that place."""
        if not button_data(invoked.activity):
            return refused("BadRequest", UNKNOWN.in_(invoked.language))
        if invoked.value.get("trigger") == "automatic":
            return await self._redraw(invoked)
        future = await self._take(invoked.activity)
        answer = await answer_within(future)
        if answer is None:
            return shown_message(WORKING.in_(invoked.language))
        if answer.replaces is not None and answer.replaces == replied_to(invoked.activity):
            language = answer.person.language if answer.person else invoked.language
            return shown_card(self._drawing.message(answer.card, language))
        return shown_message(answer.card.summary)

    async def search(self, invoked: Invoked) -> Body:
        """`application/search`: what an input that looks things up offers for what is typed into it."""
        try:
            source = LookupSource(text_of(invoked.value, "dataset"))
        except ValueError:
            return options([])
        return options(await self._desk.find_options(invoked.account, source, text_of(invoked.value, "queryText")))

    async def _redraw(self, invoked: Invoked) -> Body:
        """A refresh that nobody asked for: shows a ticket as it is, and does nothing else, whatever the button says."""
        button = self._buttons.read(button_data(invoked.activity)[BUTTON])
        number = button.arguments.get("ticket", "")
        url = f"{self._public_url.rstrip('/')}/console/tickets/{number}"
        card = await self._desk.draw_link(invoked.account, url)
        if card is None:
            return shown_message(UNKNOWN.in_(invoked.language))
        return shown_card(self._drawing.message(card, invoked.language))
