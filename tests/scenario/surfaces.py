"""The product with a fake Slack and a fake Teams at its far ends, and Toni, a technician, at all three surfaces."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import aiohttp

from core.actor import SYSTEM
from core.database.engine import Database
from core.http.server import HttpServer
from core.identity.model import sessions, users
from core.identity.sessions import digest_of
from core.messaging.opening import open_event_bus
from core.messaging.topology import queues_of
from core.runtime.component import Component
from core.settings import Settings
from notifier.chat.sender import ChatSender
from psa.chat import Chat, open_chat
from psa.processes import chat_components, consumer_components, relay_component, subscriptions
from psa.wiring import open_parts
from tests.integration.bot.console.desk import Browser
from tests.integration.core.tickets.desk import Desk, make_desk
from tests.scenario.slack.desk import TONI, UNLIMITED, SlackDesk
from tests.scenario.slack.desk import settings_for as slack_settings
from tests.scenario.teams.surface import Member, TeamsSurface, link
from tests.scenario.teams.surface import settings_for as teams_settings
from tests.services.fake_connector import TENANT, FakeConnector, fake_connector
from tests.services.fake_slack import FakeSlack, fake_slack

HEADLINE = re.compile(r"<h\d[^>]*>(.*?)</h\d>", re.DOTALL)


class Talk(Protocol):
    """Somebody at one surface: gives a command and reads the headline of what comes back."""

    async def say(self, text: str) -> str: ...

    async def press(self, label: str) -> str:
        """A button of the newest card."""
        ...

    async def fill(self, label: str, inputs: dict[str, str], *, then: str = "") -> None:
        """Open the form of a button of the newest card, and send it with these inputs; `then` press what follows."""
        ...


@dataclass
class InSlack:
    slack: SlackDesk

    async def say(self, text: str) -> str:
        await self.slack.say(text)
        return await self._headline()

    async def press(self, label: str) -> str:
        await self.slack.press(await self.slack.answer(), label)
        return await self._headline()

    async def fill(self, label: str, inputs: dict[str, str], *, then: str = "") -> None:
        await self.slack.press(await self.slack.answer(), label.rstrip("…"))
        await self.slack.submit(inputs)
        await self.slack.settled()
        if then:
            await self.press(then)

    async def _headline(self) -> str:
        blocks = (await self.slack.answer()).blocks
        return next(str(block["text"]["text"]) for block in blocks if block["type"] in ("header", "section"))


@dataclass
class InTeams:
    teams: TeamsSurface
    toni: Member

    async def say(self, text: str) -> str:
        shown = len(self.teams.answers)
        await self.teams.say(self.toni, text)
        return _first_text((await self.teams.answer(shown + 1)).card)

    async def press(self, label: str) -> str:
        body = await self.teams.press(self.toni, self.teams.answers[-1], label)
        return _first_text(body["value"])

    async def fill(self, label: str, inputs: dict[str, str], *, then: str = "") -> None:
        dialog = await self.teams.press(self.toni, self.teams.answers[-1], label)
        dialog = await self.teams.submit(self.toni, dialog, **inputs)
        if then:
            await self.teams.submit(self.toni, dialog, label=then)


@dataclass
class InConsole:
    browser: Browser
    page: str = ""

    async def say(self, text: str) -> str:
        return await self._answer("/console/say", {"text": text})

    async def press(self, label: str) -> str:
        return await self._answer("/console/press", {"value": self._value_of(label)})

    async def fill(self, label: str, inputs: dict[str, str], *, then: str = "") -> None:
        form = await self.browser.post("/console/form", {"value": self._value_of(label)})
        assert form.status == 200, form.text
        self.page = str(form.json["html"])
        missing = [name for name in inputs if f'name="{name}"' not in self.page]
        assert not missing, f"The form does not ask for {missing}."
        submit = re.findall(r'<button[^>]*value="([^"]*)"', self.page)[-1]
        await self._answer("/console/press", {"value": html.unescape(submit), **inputs})
        if then:
            await self.press(then)

    def _value_of(self, label: str) -> str:
        button = next(each for each in re.findall(r"<button[^>]*>[^<]*</button>", self.page) if f">{label}<" in each)
        value = re.search(r'value="([^"]*)"', button)
        assert value is not None
        return html.unescape(value[1])

    async def _answer(self, path: str, fields: dict[str, str]) -> str:
        answer = await self.browser.post(path, {**fields, "key": str(uuid4())})
        assert answer.status == 200, answer.text
        self.page = answer.text if answer.text.lstrip().startswith("<") else str(answer.json)
        found = HEADLINE.search(self.page)
        assert found is not None, self.page
        return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip()


@dataclass
class Product:
    """Everything at work, with Toni in each place."""

    desk: Desk
    database: Database
    chat: Chat
    talks: dict[str, Talk] = field(default_factory=dict)


@asynccontextmanager
async def product(database_url: str, folder: Path) -> AsyncIterator[Product]:
    """The product with a fake Slack and a fake Teams at the far ends."""
    async with fake_slack() as slack, fake_connector() as connector, aiohttp.ClientSession() as http:
        settings = settings_for(database_url, folder, slack, connector)
        async with open_parts(settings) as parts:
            people = await make_desk(parts.database)
            slack.add_user(TONI, "Toni", people.technician.email)
            toni = await _in_teams(people, connector)
            subscribed = subscriptions(parts)
            async with open_event_bus(settings, parts.database, queues_of(subscribed)) as bus, open_chat(parts) as chat:
                server, *others = chat_components(parts, chat)
                assert isinstance(server, HttpServer)
                components: list[Component] = [
                    server,
                    *others,
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
                        url = f"http://127.0.0.1:{server.port}"
                        desk = SlackDesk(slack, people, parts.database, url, http, stop, None)
                        talks: dict[str, Talk] = {
                            "slack": InSlack(desk),
                            "teams": InTeams(TeamsSurface(connector, http, url), toni),
                            "console": InConsole(await _in_console(people, http, url)),
                        }
                        yield Product(people, parts.database, chat, talks)
                    finally:
                        stop.set()


def settings_for(database_url: str, folder: Path, slack: FakeSlack, connector: FakeConnector) -> Settings:
    """Both platforms at once."""
    both = (slack_settings(database_url, folder, slack), teams_settings(database_url, folder, connector))
    return Settings(**{name: value for each in both for name, value in each.model_dump(exclude_unset=True).items()})


async def _in_teams(people: Desk, connector: FakeConnector) -> Member:
    toni = Member("b0000000-0000-4000-8000-000000000002", "Toni Muster")
    connector.members[toni.directory_id] = {"email": people.technician.email, "userRole": "user", "tenantId": TENANT}
    await link(people.database, people.technician, toni)
    return toni


async def _in_console(people: Desk, http: aiohttp.ClientSession, url: str) -> Browser:
    token = secrets.token_urlsafe(32)
    async with people.database.begin(SYSTEM) as work:
        stamps = {"created_at": work.now, "seen_at": work.now, "expires_at": work.now + timedelta(hours=1)}
        work.insert(sessions, {"token_digest": digest_of(token), "user_id": people.technician.user_id, **stamps})
        await work.flush()
        await work.execute(users.update().values(language="de"))
    browser = Browser(http, url, {"psa_session": token})
    await browser.learn_csrf()
    return browser


def _first_text(card: Any) -> str:
    if isinstance(card, dict):
        if card.get("type") == "RichTextBlock":
            return "".join(run if isinstance(run, str) else run["text"] for run in card["inlines"])
        card = list(card.values())
    if isinstance(card, list):
        for part in card:
            if found := _first_text(part):
                return found
    return ""
