"""When the database is away the console says so, and it is back when the database is."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.identity.roles import Role
from tests.integration.bot.console.desk import open_desk
from tests.integration.ingest.imap.desk import eventually
from tests.services.postgres import StoppablePostgres


async def test_pages_say_that_the_database_is_away_and_come_back(
    stoppable_postgres: StoppablePostgres, tmp_path: Path
) -> None:
    async with open_desk(stoppable_postgres.url, tmp_path) as desk:
        browser = await desk.visit(Role.TECHNICIAN_L2)
        ref = await desk.open_ticket(desk.own, "Drucker", "x")
        await asyncio.to_thread(stoppable_postgres.stop)
        away = await browser.get("/console/tickets")
        assert (away.status, away.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
        assert away.headers["Retry-After"]
        assert "Gerade nicht möglich" in away.text or "Das hat nicht geklappt" in away.text
        script = await browser.post("/console/say", {"text": "hilfe", "key": "0190a0a0-0000-7000-8000-000000000001"})
        assert script.status == 503
        entering = await desk.browser().get("/console/login")
        assert entering.status == 200
        await asyncio.to_thread(stoppable_postgres.start)

        async def is_back() -> bool:
            return f"#{ref.number}" in (await browser.get("/console/tickets")).text

        await eventually(is_back, "the list is back")

        cookie = {"Cookie": f"psa_session={browser.cookies['psa_session']}"}
        async with desk.http.get(f"{desk.url}/console/live", headers=cookie) as stream:
            heard = asyncio.create_task(stream.content.readuntil(b"event: ticket"))

            async def is_told() -> bool:
                await desk.tell_changed(ref)
                return heard.done()

            await eventually(is_told, "open pages hear of changes again")
            await heard
