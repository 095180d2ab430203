"""What open pages are told: of the tickets that their user may see, of their own chat, and nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
from sqlalchemy import text

from core.actor import SYSTEM
from core.identity.roles import Role
from core.ids import new_uuid
from tests.integration.bot.console.desk import Browser, ConsoleDesk


@dataclass
class Stream:
    """An open page's events."""

    response: aiohttp.ClientResponse

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event; ("", {}) at the end."""
        name, data = "", {}
        while True:
            line = (await self.response.content.readline()).decode()
            if not line:
                return "", {}
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                data = orjson.loads(line.removeprefix("data: "))
            elif line == "\n" and name:
                return name, data

    async def until(self, wanted: str) -> dict[str, Any]:
        """The data of the next event of this name; others before it are passed over."""
        async with asyncio.timeout(15):
            while True:
                name, data = await self.next()
                assert name, f"The stream ended before {wanted}."
                if name == wanted:
                    return data


@asynccontextmanager
async def listening(browser: Browser) -> AsyncIterator[Stream]:
    """The stream, once it is heard there what happens."""
    cookie = {"Cookie": f"psa_session={browser.cookies['psa_session']}"}
    async with browser.http.get(f"{browser.url}/console/live", headers=cookie) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        stream = Stream(response)
        await stream.until("hello")
        yield stream


@pytest.fixture
async def heard(desk: ConsoleDesk) -> ConsoleDesk:
    """The desk, once the component hears what is notified: the first thing it tells is to look at everything."""
    async with listening(await desk.visit(Role.SYSTEM_ADMIN)) as probe:
        async with asyncio.timeout(15):
            while True:
                async with desk.database.begin(SYSTEM) as work:
                    notify = text("SELECT pg_notify('psa_console', :payload)")
                    await work.execute(notify, {"payload": f"entry desk {new_uuid()}"})
                try:
                    async with asyncio.timeout(0.3):
                        await probe.until("entry")
                except TimeoutError:
                    continue
                return desk


async def test_a_changed_ticket_is_told_to_those_who_may_see_it(heard: ConsoleDesk) -> None:
    desk = heard
    foreign = await desk.open_ticket(desk.foreign, "Fremd", "x")
    own = await desk.open_ticket(desk.own, "Eigen", "x")
    technician, customer = await desk.visit(Role.TECHNICIAN_L1), await desk.visit(Role.CUSTOMER_ADMIN)
    security = await desk.visit(Role.SECURITY_ADMIN)
    async with listening(technician) as staff, listening(customer) as theirs, listening(security) as nobodys:
        await desk.tell_changed(foreign)
        assert await staff.until("ticket") == {"id": str(foreign.id), "number": foreign.number}
        await desk.tell_changed(own)
        assert await staff.until("ticket") == {"id": str(own.id), "number": own.number}
        # Theirs is the first that the customer hears of; who sees no tickets hears of none.
        assert await theirs.next() == ("ticket", {"id": str(own.id), "number": own.number})
        await security.post("/console/say", {"text": "hilfe", "key": str(new_uuid())})
        name, _ = await nobodys.next()
        assert name == "entry"


async def test_new_tickets_stand_in_the_desks_feed_for_staff_only(heard: ConsoleDesk) -> None:
    desk = heard
    ref = await desk.open_ticket(desk.own, "Frisch eingegangen", "x")
    technician, customer = await desk.visit(Role.TECHNICIAN_L1), await desk.visit(Role.CUSTOMER_ADMIN)
    async with listening(technician) as staff, listening(customer) as theirs:
        await desk.post_to_desk(ref)
        told = await staff.until("entry")
        assert told["in"] == "desk"
        entry = await technician.get(f"/console/entries/{told['id']}")
        assert "Frisch eingegangen" in entry.text
        assert 'name="message"' not in entry.text
        assert (await customer.get(f"/console/entries/{told['id']}")).status == 404
        assert "Frisch eingegangen" in (await technician.get("/console")).text.partition('id="desk"')[2]
        await customer.post("/console/say", {"text": "hilfe", "key": str(new_uuid())})
        name, data = await theirs.next()
        assert (name, data["in"]) == ("entry", "talk")


async def test_what_one_says_is_told_to_ones_other_pages_only(heard: ConsoleDesk) -> None:
    desk = heard
    here, there = await desk.visit(Role.TECHNICIAN_L1), await desk.visit(Role.TECHNICIAN_L1)
    other = await desk.visit(Role.TECHNICIAN_L2)
    async with listening(there) as mine, listening(other) as others:
        await here.post("/console/say", {"text": "hilfe", "key": str(new_uuid())})
        said = await mine.until("entry")
        assert "hilfe" in (await there.get(f"/console/entries/{said['id']}")).text
        answered = await mine.until("entry")
        assert answered["id"] != said["id"]
        await other.post("/console/say", {"text": "hilfe", "key": str(new_uuid())})
        first = await others.until("entry")
        assert first["id"] not in (said["id"], answered["id"])


async def test_the_stream_ends_with_the_session(heard: ConsoleDesk) -> None:
    first, second = await heard.visit(Role.TECHNICIAN_L1), await heard.visit(Role.TECHNICIAN_L1)
    async with listening(first) as one, listening(second) as two:
        await second.post("/console/logout", {})
        await two.until("bye")
        assert await two.next() == ("", {})
        await first.post("/console/logout/everywhere", {})
        await one.until("bye")
    assert (await second.get("/console/live")).status == 303


async def test_open_pages_do_not_hold_up_the_end_of_the_process(heard: ConsoleDesk) -> None:
    async with listening(await heard.visit(Role.TECHNICIAN_L1)) as stream:
        heard.stop.set()
        async with asyncio.timeout(5):
            while (await stream.next())[0]:
                pass


async def test_nonsense_on_the_channel_disturbs_nobody(heard: ConsoleDesk) -> None:
    ref = await heard.open_ticket(heard.own, "Eigen", "x")
    async with listening(await heard.visit(Role.TECHNICIAN_L1)) as stream:
        for payload in ("nonsense", "", "entry", "entry a b c", "sessions", "'; --"):
            async with heard.database.begin(SYSTEM) as work:
                await work.execute(text("SELECT pg_notify('psa_console', :payload)"), {"payload": payload})
        await heard.tell_changed(ref)
        assert await stream.until("ticket") == {"id": str(ref.id), "number": ref.number}
