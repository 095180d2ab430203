"""`psa chat …` in the hands of who keeps the desk running."""

from __future__ import annotations

import json
from uuid import uuid4

from sqlalchemy import update

from core.actor import SYSTEM
from core.chat.arrivals import ChatArrivals, mark_failed
from core.chat.deliveries import queue_content
from core.chat.model import chat_deliveries
from core.chat.rules import Surface
from core.database.engine import Database
from tests.integration.core.chat.world import ChatWorld
from tests.process.test_commands import environment, psa

__all__ = ["environment"]


def rows(said: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in said.splitlines()]


async def test_what_is_dead_is_shown_and_tried_again(environment: dict[str, str], database: Database) -> None:
    there = await ChatWorld(database).add_conversation("C1")
    arrival = await ChatArrivals(database).store(Surface.SLACK, "Ev1", {})
    async with database.begin(SYSTEM) as work:
        await mark_failed(work, arrival, "ValueError: no")
        await queue_content(work, there.id, {"heading": "a"})
        await work.flush()
        await work.execute(update(chat_deliveries).values(state="failed", last_error="[/x] msg_too_long"))
    dead = rows(psa(environment, "chat", "dead", "--json"))
    assert [(each["what"], each["error"]) for each in dead] == [
        ("delivery", "[/x] msg_too_long"),
        ("arrival", "ValueError: no"),
    ]
    assert "[/x] msg_too_long" in psa(environment, "chat", "dead")
    for each in dead:
        assert each["what"] in psa(environment, "chat", "retry", each["id"])
    assert "Nothing is dead" in psa(environment, "chat", "dead")
    shown = rows(psa(environment, "chat", "deliveries", "--state", "queued", "--json"))
    assert [(each["place"], each["state"]) for each in shown] == [("C1", "queued")]
    assert "C1" in psa(environment, "chat", "conversations")
    psa(environment, "chat", "retry", str(uuid4()), expected=66)
