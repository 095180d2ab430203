"""Keeps what Slack sends, before it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from bot.answer import Answer
from bot.arrivals import Arrivals
from bot.channel import ChannelError
from bot.desk import REACTIONS
from bot.request import Edited, Reacted, Request, Said
from bot.slack.interpreting import interpret
from bot.slack.kept import Kind, Payload, keep, natural_key
from bot.slack.people import SlackPeople, Workspace
from bot.slack.plain_text import mentioned
from core.chat.rules import Surface
from core.clock import Clock
from core.errors import InvalidInput, Unavailable

LOOKUP_SECONDS: Final = 1.0
"""What may be asked of Slack while it waits for us, three seconds in all, may take this long."""

MOST_NAMES: Final = 5

log = structlog.get_logger(__name__)


class SlackIntake:
    """Turns payloads into kept bodies, and stores those that mean something to the desk."""

    def __init__(self, arrivals: Arrivals, people: SlackPeople, clock: Clock) -> None:
        self._arrivals = arrivals
        self._people = people
        self._clock = clock

    async def describe(self, kind: Kind, payload: Payload) -> dict[str, Any]:
        """The payload with what must be known to understand it. Raises Unavailable where Slack does not tell that."""
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                workspace = await self._workspace(kind, payload)
                personal = await self._personal(kind, payload)
        except (ChannelError, TimeoutError) as error:
            raise Unavailable(f"Slack does not tell where this came from: {error}") from error
        return keep(
            kind,
            payload,
            self._clock.now(),
            team=workspace.team,
            desk=workspace.desk,
            names={},
            personal=personal,
        )

    async def take(self, kind: Kind, body: Mapping[str, Any]) -> asyncio.Future[Answer | None] | None:
        """Store a described body, so that it may be acknowledged; None where it is nothing to the desk.

        Raises Unavailable where it could not be stored.
        """
        request = interpret(body)
        if request is None or not _is_for_desk(request):
            return None
        named = {**body, "names": await self.find_names(_named_in(request, body["payload"]))}
        try:
            return await self._arrivals.take(Surface.SLACK, natural_key(kind, body["payload"]), named)
        except InvalidInput as error:
            # Slack would only send it again.
            log.warning("slack_request_dropped", kind=kind, error=str(error))
            return None

    async def find_names(self, accounts: Sequence[str]) -> dict[str, str]:
        """The names of people, as far as Slack tells them in time."""
        wanted = list(dict.fromkeys(accounts))[:MOST_NAMES]
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await asyncio.gather(*(self._people.find_profile(each) for each in wanted))
        except (ChannelError, TimeoutError) as error:
            log.info("slack_names_unknown", error=str(error))
        names = {each: self._people.known_name(each) for each in wanted}
        return {account: name for account, name in names.items() if name}

    async def _workspace(self, kind: Kind, payload: Payload) -> Workspace:
        """Events say whose installation they are for; of the rest only Slack knows."""
        if kind is Kind.EVENT:
            for told in payload.get("authorizations") or ():
                if told.get("is_bot") and told.get("team_id"):
                    return Workspace(told["team_id"], told["user_id"])
        return await self._people.workspace()

    async def _personal(self, kind: Kind, payload: Payload) -> str | None:
        """The conversation of the acting person with the desk, where it must be told from others or is the place."""
        if kind is Kind.EVENT:
            event = payload["event"]
            if event.get("channel_type") == "im" and event.get("user") and "bot_id" not in event:
                self._people.learn_personal(event["user"], event["channel"])
            return None
        if kind is Kind.COMMAND:
            channel, account = payload["channel_id"], payload["user_id"]
        elif payload["type"] in ("block_actions", "message_action", "shortcut"):
            container = payload.get("container") or {}
            channel = (payload.get("channel") or {}).get("id") or container.get("channel_id") or "D"
            account = payload["user"]["id"]
        else:
            return None
        return await self._people.open_personal(account) if channel.startswith("D") else None


def _is_for_desk(request: Request) -> bool:
    """What people say to each other is not ours to keep, unless it may belong to a ticket."""
    if isinstance(request, Said):
        return request.is_addressed or request.place.thread is not None
    return not isinstance(request, Reacted) or request.emoji in REACTIONS


def _named_in(request: Request, payload: Payload) -> list[str]:
    if not isinstance(request, Said | Edited):
        return []
    said = payload.get("event") or payload
    text = (said.get("message") or said).get("text") or ""
    speaker = [request.account.account] if request.account and not request.account.display_name else []
    return [*speaker, *mentioned(text)]
