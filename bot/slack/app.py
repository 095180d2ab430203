"""Slack's requests, whichever way they come, through slack_bolt to what is done about each."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import structlog
from slack_bolt import BoltResponse
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.buttons import ButtonValue
from bot.channel import ChannelError, ConversationGone, MessageGone, Refused
from bot.request import Pressed
from bot.slack.client import SlackClient
from bot.slack.forms import LOOKUP, SlackForms
from bot.slack.intake import SlackIntake
from bot.slack.interpreting import account_of, account_of_interaction, interpret
from bot.slack.kept import Kind, Payload
from bot.slack.pages import SlackPages
from bot.slack.places import place_of_interaction
from bot.slack.plain_text import mentioned, plain_text
from bot.slack.shortcuts import SHORTCUTS, Shortcut
from bot.wording import Words
from core.errors import Unavailable

HOME_SECONDS: Final = 1.5
"""How long a press in the App Home waits for its effect, so that the page shows it."""

_ANY: Final = re.compile("")
_AWAY = Words(
    "Der Service Desk ist gerade nicht erreichbar. Es ist nichts passiert; bitte gleich noch einmal versuchen.",
    "The service desk cannot be reached right now. Nothing was done; please try again in a moment.",
)

log = structlog.get_logger(__name__)


class SlackApp:
    """One pipeline for HTTP and Socket Mode: whatever has an effect is kept before it is acknowledged."""

    def __init__(
        self, client: SlackClient, intake: SlackIntake, forms: SlackForms, pages: SlackPages, *, language: str
    ) -> None:
        self._client = client
        self._intake = intake
        self._forms = forms
        self._pages = pages
        self._language = language
        self._bolt = self._build()

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Slack's answer to a request that is known to be Slack's. Anything but 200: Slack should send it again."""
        response = await self._bolt.async_dispatch(request)
        if response.status == 404:
            # Nothing that we asked for; Slack counts refusals against the app.
            return BoltResponse(status=200)
        return response

    def _build(self) -> AsyncApp:
        # Bolt logs whole bodies with its warnings; what we say about them, we say ourselves.
        quiet = logging.getLogger("psa.slack.bolt")
        quiet.setLevel(logging.CRITICAL)
        bolt = AsyncApp(
            name="psa",
            logger=quiet,
            client=self._client.web,
            authorize=_OneInstallation(self._client.web.token),
            process_before_response=True,
            # Verified before anything of it is read (`bot.slack.http`), which Bolt does after.
            request_verification_enabled=False,
            # Bolt asks Slack who we are first; `bot.slack.interpreting` knows from the event.
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
        )
        bolt.error(self._failed)
        bolt.event("link_shared")(self._link_shared)
        bolt.event("app_home_opened")(self._home_opened)
        bolt.event(_ANY)(self._event)
        bolt.command(_ANY)(self._command)
        bolt.shortcut(_ANY)(self._shortcut)
        bolt.action(_ANY)(self._pressed)
        bolt.view(_ANY)(self._sent)
        bolt.options(re.compile(f"^{LOOKUP}"))(self._typed)
        return bolt

    async def _event(self, body: dict[str, Any], ack: AsyncAck) -> None:
        await self._keep(Kind.EVENT, body)
        await ack()

    async def _command(self, body: dict[str, Any], ack: AsyncAck) -> None:
        try:
            await self._keep(Kind.COMMAND, body)
        except Unavailable:
            # Slack does not send a command again.
            await ack(_AWAY.in_(self._language))
        else:
            await ack()

    async def _pressed(self, body: dict[str, Any], ack: AsyncAck) -> None:
        described = await self._intake.describe(Kind.INTERACTION, body)
        request = interpret(described)
        if isinstance(request, Pressed):
            button = self._forms.read(request.value)
            if button is not None and button.opens_form:
                await self._forms.open(described, request.place, request.message, button)
            else:
                await self._work_on_press(described)
        await ack()

    async def _work_on_press(self, described: Mapping[str, Any]) -> None:
        answered = await self._intake.take(Kind.INTERACTION, described)
        if answered is None or (described["payload"].get("view") or {}).get("type") != "home":
            return
        await asyncio.wait({answered}, timeout=HOME_SECONDS)
        try:
            await self._pages.publish_home(account_of_interaction(described))
        except (ChannelError, Unavailable) as error:
            # It is drawn anew whenever it is opened, too.
            log.info("slack_home_not_refreshed", error=str(error))

    async def _shortcut(self, body: dict[str, Any], ack: AsyncAck) -> None:
        shortcut = SHORTCUTS.get(body["callback_id"])
        if shortcut is not None:
            described = await self._intake.describe(Kind.INTERACTION, body)
            place = place_of_interaction(described, body)
            prefilled = await self._prefilled(shortcut, body)
            button = ButtonValue(shortcut.command, {}, opens_form=True)
            await self._forms.open(described, shortcut.answered_at(place, body), None, button, prefilled)
        await ack()

    async def _sent(self, body: dict[str, Any], ack: AsyncAck) -> None:
        described = await self._intake.describe(Kind.INTERACTION, body)
        problems = await self._forms.find_problems(described)
        if problems:
            await ack(response_action="errors", errors=problems)
            return
        await self._intake.take(Kind.INTERACTION, described)
        await ack(response_action="clear")

    async def _typed(self, body: dict[str, Any], ack: AsyncAck) -> None:
        described = await self._intake.describe(Kind.INTERACTION, body)
        await ack(options=await self._forms.find_options(described))

    async def _home_opened(self, body: dict[str, Any], ack: AsyncAck) -> None:
        event = body["event"]
        if event.get("tab") == "home":
            described = await self._intake.describe(Kind.EVENT, body)
            await self._show(self._pages.publish_home(account_of(described, event["user"])))
        await ack()

    async def _link_shared(self, body: dict[str, Any], ack: AsyncAck) -> None:
        await self._show(self._pages.unfurl(await self._intake.describe(Kind.EVENT, body)))
        await ack()

    async def _show(self, showing: Awaitable[None]) -> None:
        """Slack sends the event again if it could not be shown now; not for what it never shows."""
        try:
            await showing
        except (ConversationGone, MessageGone, Refused) as error:
            log.warning("slack_page_refused", error=str(error))

    async def _keep(self, kind: Kind, payload: Payload) -> None:
        await self._intake.take(kind, await self._intake.describe(kind, payload))

    async def _prefilled(self, shortcut: Shortcut, body: Payload) -> dict[str, str]:
        text = (body.get("message") or {}).get("text")
        if not text or shortcut.takes_text_as is None:
            return {}
        names = await self._intake.find_names(mentioned(text))
        return {shortcut.takes_text_as: plain_text(text, names=names)}

    async def _failed(self, error: Exception) -> BoltResponse:
        if isinstance(error, Unavailable | ChannelError):
            log.warning("slack_request_put_off", error=str(error))
            return BoltResponse(status=503)
        log.error("slack_request_failed", exc_info=error)
        return BoltResponse(status=500)


class _OneInstallation(AsyncAuthorize):
    """One workspace, with one token: nobody needs to be asked."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def __call__(
        self, *, context: AsyncBoltContext, enterprise_id: str | None, team_id: str | None, **others: str | None
    ) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=self._token)
