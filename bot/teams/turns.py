"""A turn: CloudAdapter has verified who sent an activity, and we store it before anything is said about it.

CloudAdapter awaits the whole turn before it answers, so a turn stores, returns, and is worked on after; only an invoke
waits for its answer. The library's TeamsActivityHandler is not used: it hands an adaptive card's action over as a dict
without its trigger, answers one that is submitted with an exception that cannot be serialised, and knows no search.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.schema import Activity, ActivityTypes

from bot.teams.activities import part, text_of
from bot.teams.dialogs import Dialogs
from bot.teams.extension import MessageExtension
from bot.teams.invokes import NOBODY, CardInvokes, Invoked, Take, language_of
from bot.teams.responses import Body, refused
from core.errors import InvalidInput

Handle = Callable[[Invoked], Awaitable[Body]]

STORED = frozenset(
    {"message", "messageUpdate", "messageDelete", "messageReaction", "conversationUpdate", "installationUpdate"}
)
"""Types of activities that the desk may have something to do about; others (typing, events) are forgotten."""

log = structlog.get_logger(__name__)


class Turns:
    """What is done with each activity."""

    def __init__(self, take: Take, cards: CardInvokes, dialogs: Dialogs, extension: MessageExtension) -> None:
        self._take = take
        self._handlers: Mapping[str, Handle] = {
            "adaptiveCard/action": cards.press,
            "application/search": cards.search,
            "task/fetch": dialogs.open,
            "task/submit": dialogs.submit,
            "composeExtension/fetchTask": extension.open,
            "composeExtension/submitAction": extension.submit,
            "composeExtension/query": extension.query,
            "composeExtension/queryLink": extension.unfurl,
        }

    def of(self, activity: Mapping[str, Any]) -> Turn:
        """The turn of an activity as it came, which knows more of it than the library's model does."""
        return Turn(self, activity)

    async def run(self, activity: Mapping[str, Any]) -> InvokeResponse | None:
        """Store it; for an invoke, the answer. Raises Unavailable if it could not be stored: Teams tells the person."""
        kind = text_of(activity, "type")
        if kind == "invoke":
            return await self._invoke(activity)
        if kind in STORED:
            await self._take(activity)
        return None

    async def _invoke(self, activity: Mapping[str, Any]) -> InvokeResponse:
        name = text_of(activity, "name")
        handle = self._handlers.get(name)
        if handle is None:
            log.info("teams_invoke_unknown", name=name[:100])
            return InvokeResponse(status=int(HTTPStatus.NOT_IMPLEMENTED))
        invoked = Invoked.read(activity)
        if invoked is None:
            return InvokeResponse(status=200, body=refused("Forbidden", NOBODY.in_(language_of(activity))))
        try:
            return InvokeResponse(status=200, body=await handle(invoked))
        except InvalidInput as error:
            log.info("teams_invoke_refused", name=name, error=str(error))
            return InvokeResponse(status=200, body=refused("BadRequest", str(error)))


class Turn:
    """The bot, as CloudAdapter calls it for one activity."""

    def __init__(self, turns: Turns, activity: Mapping[str, Any]) -> None:
        self._turns = turns
        self._activity = activity

    async def on_turn(self, context: TurnContext) -> None:
        response = await self._turns.run(self._activity)
        if response is not None:
            await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=response))


def is_whole(activity: object) -> bool:
    """Whether it is an activity at all: it says what it is, where, and for whom."""
    return (
        isinstance(activity, dict)
        and bool(text_of(activity, "type"))
        and bool(text_of(part(activity, "conversation"), "id"))
        and bool(text_of(part(activity, "recipient"), "id"))
    )
