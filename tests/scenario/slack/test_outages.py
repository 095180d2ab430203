"""The database slow or away: nothing is acknowledged that is not kept, and nothing has its effect twice."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.slack.http import EVENTS
from core.chat.model import chat_arrivals
from core.tickets.model import tickets
from tests.integration.ingest.imap.desk import eventually
from tests.scenario.slack import payloads
from tests.scenario.slack.desk import TONI, SlackDesk, settings_for, slack_desk
from tests.services.fake_slack import FakeSlack
from tests.services.postgres import StoppablePostgres

JSON = "application/json"
SLOW_SECONDS = 5.0
PATIENCE_SECONDS = 3.0

_SLOW = (
    "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN PERFORM pg_sleep({SLOW_SECONDS}); RETURN NEW; END $$",
    "CREATE TRIGGER slow BEFORE INSERT ON chat_arrivals FOR EACH ROW EXECUTE FUNCTION be_slow()",
)


async def test_with_a_slow_database_slack_is_answered_after_storing_and_nothing_happens_twice(desk: SlackDesk) -> None:
    async with desk.database.engine.begin() as connection:
        for statement in _SLOW:
            await connection.execute(text(statement))
    body = json.dumps(payloads.event(payloads.message("neu Hofer: Drucker druckt nicht", TONI, "D0TONI")))

    async def send_as_slack(retry: int) -> float | None:
        """When the answer came, if it came before Slack lost patience."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                response = await desk.post(EVENTS, body, JSON, retry=retry)
        except TimeoutError:
            return None
        assert response.status == 200
        # Answered: then it is kept, whatever happens to the process from here on.
        assert await desk.count(chat_arrivals) == 1
        return time.monotonic() - began

    first = await send_as_slack(0)
    second = await send_as_slack(1)
    assert first is None
    assert second is None or second < PATIENCE_SECONDS
    async with desk.database.engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER slow ON chat_arrivals"))
    third = await send_as_slack(2)
    assert third is not None
    await desk.settled()
    assert await desk.count(chat_arrivals) == 1
    assert await desk.count(tickets) == 1
    assert len(await desk.answers()) == 1


@pytest.mark.services
async def test_without_the_database_slack_is_asked_to_send_again(
    stoppable_postgres: StoppablePostgres, tmp_path: Path, slack: FakeSlack
) -> None:
    settings = settings_for(stoppable_postgres.url, tmp_path, slack)
    async with slack_desk(settings, slack) as desk:
        body = json.dumps(payloads.event(payloads.message("neu Hofer: Drucker druckt nicht", TONI, "D0TONI")))
        await desk.say("hilfe")
        await desk.settled()
        await asyncio.to_thread(stoppable_postgres.stop)
        refused = await desk.post(EVENTS, body, JSON)
        assert refused.status == 503
        told = await desk.slash("neu Hofer: Drucker druckt nicht")
        assert "nicht erreichbar" in told["text"]
        await asyncio.to_thread(stoppable_postgres.start)

        async def is_taken() -> bool:
            return (await desk.post(EVENTS, body, JSON, retry=1)).status == 200

        await eventually(is_taken, "the database is back")
        await desk.settled()
        assert await desk.count(tickets) == 1


async def test_what_slack_throttles_is_said_when_slack_wants_to_hear_it(desk: SlackDesk) -> None:
    desk.slack.throttle("chat.postMessage", 1)
    desk.slack.lose_answer("chat.postMessage")
    await desk.say("hilfe")
    (answer,) = await desk.answers()
    assert answer.blocks
    # Refused, then taken though its answer was lost, then found to stand there.
    assert len(desk.slack.calls_of("chat.postMessage")) == 2
    assert len(desk.slack.calls_of("conversations.history")) == 1
