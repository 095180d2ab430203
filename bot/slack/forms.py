"""Forms in Slack: modals that are opened, looked over when they are sent, and helped while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog

from bot.buttons import Buttons, ButtonValue
from bot.channel import Refused
from bot.desk import ChatDesk
from bot.render.blockkit import input_values, modal, read_metadata
from bot.request import Place
from bot.slack.client import SlackClient
from bot.slack.interpreting import account_of_interaction
from bot.slack.places import write_place
from bot.slack.speaking import Speaking
from bot.views.card import LookupSource
from bot.views.notices import error_card
from bot.wording import Words
from core.errors import InvalidInput, PsaError, Unavailable

MOST_OPTIONS: Final = 100
LONGEST_OPTION: Final = 75
LOOKUP: Final = "lookup:"

_TOO_LATE = Words(
    "Das hat zu lange gedauert, Slack öffnet das Formular nicht mehr. Bitte noch einmal.",
    "That took too long, and Slack does not open the form any more. Please try again.",
)

log = structlog.get_logger(__name__)


class SlackForms:
    """What has no effect yet: only a form that is sent, and in which nothing is wrong, is kept and worked on."""

    def __init__(self, client: SlackClient, desk: ChatDesk, buttons: Buttons, speaking: Speaking) -> None:
        self._client = client
        self._desk = desk
        self._buttons = buttons
        self._speaking = speaking

    async def open(
        self,
        body: Mapping[str, Any],
        place: Place,
        message: str | None,
        pressed: ButtonValue,
        prefilled: Mapping[str, str] | None = None,
    ) -> None:
        """Open the form of a button, or say why there is none. Raises Unavailable, ChannelError."""
        account, payload = account_of_interaction(body), body["payload"]
        language = await self._speaking.language_of(account)
        try:
            card = await self._desk.form(account, place, pressed, prefilled)
            view = modal(card, self._buttons, language, private_metadata=write_place(place, message))
        except Unavailable:
            raise
        except PsaError as error:
            view = modal(error_card(error, language), self._buttons, language)
        try:
            await self._client.call(self._client.web.views_open, trigger_id=payload["trigger_id"], view=view)
        except Refused as error:
            if str(error) not in ("expired_trigger_id", "trigger_expired"):
                raise
            log.warning("slack_form_too_late")
            response_url = payload.get("response_url")
            if response_url:
                text = _TOO_LATE.in_(language)
                await self._client.respond(response_url, response_type="ephemeral", replace_original=False, text=text)

    def read(self, value: str) -> ButtonValue | None:
        """What a button means; None for a value that is none of ours, which the desk answers as such."""
        try:
            return self._buttons.read(value)
        except InvalidInput:
            return None

    async def find_problems(self, body: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with a form that was sent, by input. Raises Unavailable."""
        view = body["payload"]["view"]
        pressed = self.read(read_metadata(view["private_metadata"]).value)
        inputs = input_values((view.get("state") or {}).get("values") or {})
        if pressed is None or not inputs:
            return {}
        try:
            problems = await self._desk.find_problems(account_of_interaction(body), pressed, inputs)
        except Unavailable:
            raise
        except PsaError:
            # The desk says so when it works on the form.
            return {}
        first = next(iter(inputs))
        return {name if name in inputs else first: problem for name, problem in problems.items()}

    async def find_options(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a lookup input offers for what was typed. Raises Unavailable."""
        payload = body["payload"]
        source = LookupSource(payload["action_id"].removeprefix(LOOKUP))
        found = await self._desk.find_options(account_of_interaction(body), source, payload.get("value") or "")
        return [
            {"text": {"type": "plain_text", "text": each.label[:LONGEST_OPTION] or "–"}, "value": each.value}
            for each in found[:MOST_OPTIONS]
        ]
