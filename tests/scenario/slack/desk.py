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
from typing import Any
from urllib.parse import urlencode

import aiohttp
from sqlalchemy import ColumnElement, Row, Table, func, select

from bot.arrivals import Arrivals, ArrivalWorker
from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.slack.channel import SlackChannel
from bot.slack.client import open_slack
from bot.slack.http import COMMANDS, EVENTS, INTERACTIVITY, add_slack_routes
from bot.slack.interpreting import interpret
from bot.slack.opening import slack_app
from bot.slack.people import SlackDirectory, SlackPeople
from bot.slack.socket_mode import SlackSocket
from core.actor import Actor
from core.chat.model import ArrivalState, DeliveryState, Surface, chat_arrivals, chat_deliveries
from core.clock import SystemClock
from core.database.engine import Database
from core.http.application import build_application
from core.http.calling import HowCalled
from core.http.server import HttpServer
from core.runtime.component import Component
from core.runtime.metrics import Metrics
from notifier.chat.budget import SurfaceLimits
from notifier.chat.sender import ChatSender
from tests.integration.bot.chat import make_chat
from tests.integration.core.tickets.desk import Desk, make_desk
from tests.integration.ingest.imap.desk import eventually
from tests.scenario.slack import payloads
from tests.services.fake_slack import APP_TOKEN, BOT_TOKEN, DESK, FakeSlack, Message

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TRIAGE = payloads.CHANNEL
TONI = "U0TONI"
MARIA = "U0MARIA"
STRANGER = "U0STRANGER"
UNLIMITED: Mapping[Surface, SurfaceLimits] = {Surface.SLACK: SurfaceLimits()}

_envelopes = count(1)


@dataclass
class SlackDesk:
    """People talk to the desk in Slack: Toni is a technician, Maria a service manager, the stranger nobody we know."""

    slack: FakeSlack
    desk: Desk
    database: Database
    buttons: Buttons
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
        queued = await self.count(chat_deliveries, chat_deliveries.c.state == DeliveryState.QUEUED.value)
        return waiting + queued == 0

    async def _taken(self, path: str, body: str, content_type: str) -> dict[str, Any]:
        response = await self.post(path, body, content_type)
        text = await response.text()
        assert response.status == 200, (response.status, text)
        return json.loads(text) if text.startswith("{") else {"text": text}


@asynccontextmanager
async def slack_desk(
    database: Database,
    slack: FakeSlack,
    *,
    limits: Mapping[Surface, SurfaceLimits] = UNLIMITED,
    socket_mode: bool = False,
    sends: bool = True,
) -> AsyncIterator[SlackDesk]:
    """The desk at work on a database, in a workspace; drained at the end. Without `sends` its answers stay queued."""
    people_of_msp = await make_desk(database)
    for account, actor in ((TONI, people_of_msp.technician), (MARIA, people_of_msp.manager)):
        slack.add_user(account, account[2:].title(), actor.email)
    slack.add_user(STRANGER, "Nemo Niemand", "nemo@elsewhere.example", is_restricted=True)
    slack.add_channel(TRIAGE, TONI, MARIA, STRANGER, DESK)
    clock, metrics, buttons = SystemClock(), Metrics(), Buttons(bytes(range(32)))
    async with open_slack(BOT_TOKEN, f"{slack.url}/api/") as client, aiohttp.ClientSession() as http:
        people = SlackPeople(client, clock)
        services = make_chat(people_of_msp).services
        directories = {Surface.SLACK: SlackDirectory(client, people)}
        chat = ChatDesk(services, buttons, directories, language="de")
        arrivals = Arrivals(database, chat, {Surface.SLACK: interpret}, metrics)
        app = slack_app(client, people, chat, arrivals, buttons, clock, language="de")
        application = build_application(
            (),
            authenticate=_nobody,
            readiness=(),
            metrics=metrics,
            clock=clock,
            max_body_bytes=10_000_000,
            version="0",
        )
        add_slack_routes(application.router, app, SECRET, clock)
        server = HttpServer(application, "127.0.0.1", 0)
        channel = SlackChannel(client, people, buttons, clock)
        components: list[Component] = [server, ArrivalWorker(arrivals, sweep_seconds=0.1)]
        if sends:
            components.append(ChatSender(database, {Surface.SLACK: channel}, services.views, metrics, limits=limits))
        socket = SlackSocket(app, client, APP_TOKEN) if socket_mode else None
        if socket is not None:
            components.append(socket)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for component in components:
                group.create_task(component.run(stop))
            try:
                await server.listening.wait()
                if socket is not None:
                    await socket.connected.wait()
                url = f"http://127.0.0.1:{server.port}"
                yield SlackDesk(slack, people_of_msp, database, buttons, url, http, stop, socket)
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


async def _nobody(token: str, how: HowCalled) -> Actor:
    raise AssertionError("Slack sends no bearer token.")
