"""The desk in a Slack workspace: everything is real but Slack's end of the line."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr
from sqlalchemy import ColumnElement, Row, Table, func, select

from bot.slack.http import COMMANDS, EVENTS, INTERACTIVITY
from bot.slack.socket_mode import SlackSocket
from core.chat.model import chat_arrivals, chat_conversations, chat_deliveries
from core.chat.rules import ArrivalState, DeliveryState, Surface
from core.clock import SystemClock
from core.database.engine import Database
from core.http.server import HttpServer
from core.messaging.opening import open_event_bus
from core.messaging.topology import queues_of
from core.runtime.component import Component
from core.settings import Settings
from notifier.chat.budget import SurfaceLimits
from notifier.chat.sender import ChatSender
from psa.chat import open_chat
from psa.processes import consumer_components, http_application, relay_component, subscriptions
from psa.wiring import open_parts
from tests.integration.bot.chat import PUBLIC_URL
from tests.integration.core.tickets.desk import Desk, make_desk
from tests.integration.ingest.imap.desk import eventually
from tests.scenario.slack import payloads
from tests.services.fake_slack import APP_TOKEN, BOT_TOKEN, DESK, FakeSlack, Message

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TRIAGE = payloads.CHANNEL
TONI = "U0TONI"
MARIA = "U0MARIA"
STRANGER = "U0STRANGER"
UNLIMITED: Mapping[Surface, SurfaceLimits] = dict.fromkeys(Surface, SurfaceLimits())

_envelopes = count(1)


@dataclass
class SlackDesk:
    """People talk to the desk in Slack: Toni is a technician, Maria a service manager, the stranger nobody we know."""

    slack: FakeSlack
    desk: Desk
    database: Database
    url: str
    http: aiohttp.ClientSession
    stop: asyncio.Event
    socket: SlackSocket | None

    async def say(self, text: str, user: str = TONI, channel: str | None = None, **changes: Any) -> dict[str, Any]:
        """Write a message, by default in the personal conversation; returns it."""
        said = payloads.message(text, user, channel or self.slack.personal(user), **changes)
        await self.tell(said)
        return said

    async def slash(self, text: str, user: str = TONI, channel: str = TRIAGE) -> dict[str, Any]:
        """Give a slash command; returns what Slack was told at once."""
        url = self.slack.next_response_url(channel, user)
        form = payloads.slash(text, user, self.slack.next_trigger(), channel, response_url=url)
        return await self._taken(COMMANDS, urlencode(form), "application/x-www-form-urlencoded")

    async def tell(self, inner: Mapping[str, Any], **changes: Any) -> None:
        """Something happens in Slack."""
        await self._taken(EVENTS, json.dumps(payloads.event(dict(inner), **changes)), "application/json")

    async def press(self, message: Message, label: str, user: str = TONI) -> dict[str, Any]:
        """Press the button of a message with this label, or choose it from its menu."""
        return await self.interact(self.press_payload(message, action_named(message.blocks, label), user))

    def press_payload(self, message: Message, action: Mapping[str, Any], user: str = TONI) -> dict[str, Any]:
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.seen_by is not None,
        } | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
        shown = {"type": "message", "user": DESK, "ts": message.ts, "text": message.text, "bot_id": "B0DESK"}
        return payloads.press(
            dict(action),
            user,
            self.slack.next_trigger(),
            message.channel,
            message.ts,
            container=container,
            message=shown | ({"thread_ts": message.thread_ts} if message.thread_ts else {}),
            response_url=self.slack.next_response_url(message.channel, user),
        )

    async def submit(
        self, inputs: Mapping[str, str], user: str = TONI, view: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Fill in the newest form and send it; returns what Slack was told."""
        form = view or self.slack.modals[-1]
        body = payloads.submission(form, state_of(form["blocks"], inputs), user, self.slack.next_trigger())
        return await self.interact(body)

    async def interact(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send an interaction; returns what Slack was told."""
        form = urlencode({"payload": json.dumps(body)})
        return await self._taken(INTERACTIVITY, form, "application/x-www-form-urlencoded")

    async def post(
        self, path: str, body: str, content_type: str, *, retry: int = 0, age_seconds: int = 0, secret: str = SECRET
    ) -> aiohttp.ClientResponse:
        """Send a request, signed as Slack does; `retry` is the how manieth time it does so again."""
        sent = str(int(SystemClock().now().timestamp()) - age_seconds)
        mac = hmac.digest(secret.encode(), f"v0:{sent}:{body}".encode(), sha256).hex()
        signed = {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={mac}", "Content-Type": content_type}
        if retry:
            signed |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        response = await self.http.post(self.url + path, data=body.encode(), headers=signed)
        await response.read()
        return response

    async def settled(self) -> None:
        """Return when all that arrived is worked off, and all that was to be said is said."""
        await eventually(self._is_settled, "everything is answered")

    async def answers(self, channel: str | None = None, user: str = TONI) -> list[Message]:
        """What this person sees of the desk in a channel, once all is answered."""
        await self.settled()
        return self.slack.seen_in(channel or self.slack.personal(user), user)

    async def answer(self, channel: str | None = None, user: str = TONI) -> Message:
        """The newest of them."""
        return (await self.answers(channel, user))[-1]

    async def count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        async with self.database.connect() as connection:
            found = await connection.execute(select(func.count()).select_from(table).where(*conditions))
            return int(found.scalar_one())

    async def rows(self, statement: Any) -> Sequence[Row[Any]]:
        async with self.database.connect() as connection:
            return (await connection.execute(statement)).all()

    async def _is_settled(self) -> bool:
        waiting = await self.count(chat_arrivals, chat_arrivals.c.state == ArrivalState.WAITING.value)
        in_slack = select(chat_conversations.c.id).where(chat_conversations.c.surface == Surface.SLACK.value)
        queued = await self.count(
            chat_deliveries,
            chat_deliveries.c.state == DeliveryState.QUEUED.value,
            chat_deliveries.c.conversation_id.in_(in_slack),
        )
        return waiting + queued == 0

    async def _taken(self, path: str, body: str, content_type: str) -> dict[str, Any]:
        response = await self.post(path, body, content_type)
        text = await response.text()
        assert response.status == 200, (response.status, text)
        return json.loads(text) if text.startswith("{") else {"text": text}


def settings_for(database_url: str, folder: Path, slack: FakeSlack, *, socket_mode: bool = False) -> Settings:
    """The desk with nothing but this workspace; cards are redrawn at once."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "database_url": SecretStr(database_url),
        "http_port": 0,
        "public_url": PUBLIC_URL,
        "desk_address": "support@desk.example",
        "slack_api_url": f"{slack.url}/api/",
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "chat_redraw_delay_seconds": 0.0,
    }
    secret = {"slack_app_token": SecretStr(APP_TOKEN)} if socket_mode else {"slack_signing_secret": SecretStr(SECRET)}
    return Settings(**(values | secret))


@asynccontextmanager
async def slack_desk(settings: Settings, slack: FakeSlack) -> AsyncIterator[SlackDesk]:
    """The desk at work, with its people in the workspace; drained at the end."""
    async with open_parts(settings) as parts:
        people_of_msp = await make_desk(parts.database)
        for account, actor in ((TONI, people_of_msp.technician), (MARIA, people_of_msp.manager)):
            slack.add_user(account, account[2:].title(), actor.email)
        slack.add_user(STRANGER, "Nemo Niemand", "nemo@elsewhere.example", is_restricted=True)
        slack.add_channel(TRIAGE, TONI, MARIA, STRANGER, DESK)
        subscribed = subscriptions(parts)
        async with (
            open_event_bus(settings, parts.database, queues_of(subscribed)) as bus,
            open_chat(parts) as chat,
            aiohttp.ClientSession() as http,
        ):
            application = http_application(parts)
            served = chat.serve(application)
            server = HttpServer(application, settings.http_host, settings.http_port)
            socket = next((each for each in served if isinstance(each, SlackSocket)), None)
            components: list[Component] = [
                server,
                *served,
                # As the product has it, but for the budgets: scripts talk faster than people.
                ChatSender(parts.database, chat.channels, chat.views, parts.metrics, limits=UNLIMITED),
                relay_component(parts, bus),
                *consumer_components(parts, bus, subscribed),
            ]
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for component in components:
                    group.create_task(component.run(stop))
                try:
                    await server.listening.wait()
                    if socket is not None:
                        await socket.connected.wait()
                    url = f"http://127.0.0.1:{server.port}"
                    yield SlackDesk(slack, people_of_msp, parts.database, url, http, stop, socket)
                finally:
                    stop.set()


def envelope(payload: Mapping[str, Any], kind: str = "events_api") -> dict[str, Any]:
    """What comes through a socket."""
    return {
        "envelope_id": f"{next(_envelopes):08d}-5d1d-4e60-9f0c-000000000000",
        "type": kind,
        "payload": dict(payload),
        "accepts_response_payload": kind != "events_api",
    }


def labels(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The labels of all buttons and menu entries."""
    return [label for label, _ in _actions(blocks)]


def action_named(blocks: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """The action of a payload for the button or menu entry with this label, the dots of a form left out."""
    for named, action in _actions(blocks):
        if named.rstrip(" …") == label:
            return action
    raise AssertionError(f"There is no {label} among {labels(blocks)}.")


def state_of(blocks: Sequence[Mapping[str, Any]], inputs: Mapping[str, str]) -> dict[str, Any]:
    """The state of a form with these inputs filled in, and the others as they are at first."""
    state: dict[str, Any] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        given = inputs.get(block["block_id"])
        state[block["block_id"]] = {element["action_id"]: _state_of(element, given)}
    missing = set(inputs) - set(state)
    assert not missing, f"The form does not ask for {missing}, only for {list(state)}."
    return state


def _state_of(element: Mapping[str, Any], given: str | None) -> dict[str, Any]:
    kind = element["type"]
    if kind == "plain_text_input":
        return {"type": kind, "value": given if given is not None else element.get("initial_value")}
    if kind == "checkboxes":
        chosen = element["options"] if given == "true" else element.get("initial_options") or []
        return {"type": kind, "selected_options": chosen}
    if given is None:
        return {"type": kind, "selected_option": element.get("initial_option")}
    return {"type": kind, "selected_option": {"text": {"type": "plain_text", "text": given}, "value": given}}


def _actions(blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for block in blocks:
        for element in (*block.get("elements", ()), block.get("accessory") or {}):
            if element.get("type") == "button":
                pressed = {name: element[name] for name in ("type", "action_id", "value", "url") if name in element}
                found.append((element["text"]["text"], pressed))
            elif element.get("type") in ("overflow", "static_select"):
                found += [
                    (
                        option["text"]["text"],
                        {"type": element["type"], "action_id": element["action_id"], "selected_option": option},
                    )
                    for option in element["options"]
                ]
    return found
