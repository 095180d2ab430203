"""Technicians in Teams: real activities go to the running HTTP server, cards come back to the fake Teams service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from pydantic import SecretStr
from sqlalchemy import update

from bot.teams.app import PATH
from core.actor import SYSTEM, Actor
from core.database.engine import Database
from core.http.server import HttpServer
from core.identity.model import users
from core.messaging.opening import open_event_bus
from core.messaging.topology import queues_of
from core.settings import Settings
from psa.chat import open_chat
from psa.processes import chat_components, consumer_components, relay_component, subscriptions
from psa.wiring import open_parts
from tests.services.fake_connector import APP_ID, APP_PASSWORD, BOT, TENANT, FakeConnector, Shown

PUBLIC_URL = "https://desk.example"
CHANNEL = "19:technik@thread.tacv2"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in Teams; `directory_id` is the Entra object id."""

    directory_id: str
    name: str

    @property
    def personal(self) -> str:
        return f"a:{self.directory_id}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the endpoint said to an activity."""

    status: int
    body: Json | None


class TeamsSurface:
    """Sends what people do, as the channel would, and shows what they would see."""

    def __init__(self, fake: FakeConnector, http: aiohttp.ClientSession, url: str) -> None:
        self.fake = fake
        self.url = url
        self._http = http

    @property
    def answers(self) -> list[Shown]:
        """What the desk shows, oldest first, as it is now."""
        return self.fake.messages

    async def answer(self, number: int = 1) -> Shown:
        """The last card, once there are so many."""
        await self.fake.until(lambda: len(self.answers) >= number)
        return self.answers[-1]

    async def send(self, activity: Json, *, token: str | None = None) -> Answered:
        """An activity with the channel's token, or with another one; an empty one is none."""
        token = self.fake.token() if token is None else token
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self._http.post(self.url + PATH, data=orjson.dumps(activity), headers=headers) as response:
            is_json = response.content_type == "application/json"
            return Answered(response.status, await response.json() if is_json and await response.read() else None)

    def activity(self, who: Member, kind: str = "message", *, channel: str = "", thread: str = "", **more: Any) -> Json:
        """In the channel (and its thread), or in the personal chat."""
        conversation: Json = {"id": who.personal, "conversationType": "personal", "tenantId": TENANT}
        if channel:
            suffix = f";messageid={thread}" if thread else ""
            conversation = {"id": channel + suffix, "conversationType": "channel", "tenantId": TENANT, "isGroup": True}
        self.fake.conversations.add(channel or who.personal)
        return {
            "type": kind,
            "id": self.fake.new_id(),
            "timestamp": "2026-11-24T10:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.fake.service_url,
            "from": {"id": f"29:{who.name}", "name": who.name, "aadObjectId": who.directory_id},
            "recipient": {"id": BOT, "name": "PSA"},
            "conversation": conversation,
            "channelData": {"tenant": {"id": TENANT}},
            "locale": "de-DE",
        } | more

    async def say(self, who: Member, text: str, *, channel: str = "", thread: str = "", mention: bool = True) -> str:
        """A text, in a channel with a mention of the bot; returns the message's id."""
        more: Json = {"text": text, "textFormat": "plain"}
        if channel and mention:
            more["text"] = f"<at>PSA</at> {text}"
            more["entities"] = [{"type": "mention", "text": "<at>PSA</at>", "mentioned": {"id": BOT, "name": "PSA"}}]
        activity = self.activity(who, channel=channel, thread=thread, **more)
        if channel and not thread:
            activity["conversation"]["id"] += f";messageid={activity['id']}"
        answered = await self.send(activity)
        assert answered.status == 202, answered
        return str(activity["id"])

    async def press(self, who: Member, shown: Shown, label: str, **inputs: str) -> Json:
        """A button of a card that the desk shows, as Teams would; returns what the endpoint answers."""
        action = find_action(shown.card, label)
        data = action["data"] | inputs
        if data.get("msteams", {}).get("type") == "task/fetch":
            return await self.invoke(who, "task/fetch", {"data": data}, shown)
        assert action["type"] == "Action.Execute"
        value = {"action": {"type": "Action.Execute", "verb": action["verb"], "data": data}, "trigger": "manual"}
        return await self.invoke(who, "adaptiveCard/action", value, shown)

    async def submit(self, who: Member, dialog: Json, *, label: str | None = None, **inputs: str) -> Json:
        """The form of an open dialog; returns what becomes of the dialog."""
        card = card_of(dialog)
        values = {each["id"]: each["value"] for each in inputs_of(card) if "value" in each} | inputs
        action = find_action(card, label) if label else card["actions"][0]
        assert action["type"] == "Action.Submit"
        return await self.invoke(who, "task/submit", {"data": action["data"] | values})

    async def invoke(self, who: Member, name: str, value: Json, shown: Shown | None = None, **more: Any) -> Json:
        """Whatever waits for its answer; returns the answer."""
        if shown is not None:
            is_personal = shown.conversation == who.personal
            place = {} if is_personal else {"channel": shown.conversation, "thread": shown.thread or shown.id}
            more = {**place, "replyToId": shown.id, **more}
        answered = await self.send(self.activity(who, "invoke", name=name, value=value, **more))
        assert answered.status == 200, answered
        assert answered.body is not None
        return answered.body


def card_of(body: Json) -> Json:
    """The card of a dialog, or of an answer to a pressed button."""
    if "task" in body:
        assert body["task"]["type"] == "continue", body
        return dict(body["task"]["value"]["card"]["content"])
    assert body["type"] == "application/vnd.microsoft.card.adaptive", body
    return dict(body["value"])


def find_action(card: Mapping[str, Any], label: str) -> Json:
    """The action with that label, wherever it lies in the card."""
    found = [each for each in _parts(card) if each.get("title") == label and "Action." in str(each.get("type"))]
    assert found, f"no button {label!r} among {[each.get('title') for each in _parts(card) if each.get('title')]}"
    return dict(found[0])


def inputs_of(card: Mapping[str, Any]) -> list[Json]:
    return [each for each in _parts(card) if str(each.get("type", "")).startswith("Input.")]


def text_of(card: Mapping[str, Any]) -> str:
    """All that a card says, a line each."""
    lines = []
    for each in _parts(card):
        if each.get("type") == "RichTextBlock":
            lines.append("".join(run if isinstance(run, str) else run["text"] for run in each["inlines"]))
    return "\n".join(lines)


def _parts(thing: object) -> Iterator[Json]:
    if isinstance(thing, dict):
        yield thing
        for part in thing.values():
            yield from _parts(part)
    elif isinstance(thing, list):
        for part in thing:
            yield from _parts(part)


async def link(database: Database, actor: Actor, member: Member) -> None:
    """The person's directory id, as the product knows it."""
    async with database.begin(SYSTEM) as work:
        await work.execute(update(users).where(users.c.id == actor.user_id).values(directory_id=member.directory_id))


def settings_for(database_url: str, folder: Path, fake: FakeConnector, *, is_local: bool = False) -> Settings:
    """The single-tenant app at the fake service, or local mode without one."""
    registered: dict[str, Any] = {
        "teams_app_id": APP_ID,
        "teams_app_password": APP_PASSWORD,
        "teams_tenant_id": TENANT,
        "teams_login_url": fake.url,
        "teams_openid_metadata_url": fake.openid_metadata_url,
    }
    return Settings(
        data_dir=folder,
        database_url=SecretStr(database_url),
        http_port=0,
        http_max_body_bytes=512 * 1024,
        public_url=PUBLIC_URL,
        chat_redraw_delay_seconds=0,
        **({"teams_allow_unauthenticated": True} if is_local else registered),
    )


@asynccontextmanager
async def teams_surface(settings: Settings, fake: FakeConnector) -> AsyncIterator[TeamsSurface]:
    """The desk at work as in production, on a free port."""
    async with open_parts(settings) as parts:
        subscribed = subscriptions(parts)
        async with (
            open_event_bus(settings, parts.database, queues_of(subscribed)) as bus,
            open_chat(parts) as chat,
            aiohttp.ClientSession() as http,
        ):
            server, *others = chat_components(parts, chat)
            assert isinstance(server, HttpServer)
            consumers = consumer_components(parts, bus, subscribed)
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for component in (server, *others, chat.sender(), relay_component(parts, bus), *consumers):
                    group.create_task(component.run(stop))
                try:
                    await server.listening.wait()
                    yield TeamsSurface(fake, http, f"http://127.0.0.1:{server.port}")
                finally:
                    stop.set()
