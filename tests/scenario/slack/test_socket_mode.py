"""Slack without a public address: the same over a WebSocket that the desk opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.chat.model import chat_arrivals
from core.database.engine import Database
from core.tickets.model import tickets
from tests.integration.ingest.imap.desk import eventually
from tests.scenario.slack import payloads
from tests.scenario.slack.desk import TONI, SlackDesk, envelope, settings_for, slack_desk, state_of
from tests.services.fake_slack import FakeSlack

REFUSE = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'cannot_connect_now'; END $$",
    "CREATE TRIGGER refusing BEFORE INSERT ON chat_arrivals FOR EACH ROW EXECUTE FUNCTION refuse()",
)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, slack: FakeSlack) -> AsyncIterator[SlackDesk]:
    async with slack_desk(settings_for(database_url, tmp_path, slack, socket_mode=True), slack) as desk:
        yield desk


def new_ticket() -> dict[str, object]:
    return envelope(payloads.event(payloads.message("neu Hofer: Drucker druckt nicht", TONI, "D0TONI")))


async def acknowledged(slack: FakeSlack, sent: dict[str, object]) -> dict[str, Any]:
    """What came back with the acknowledgement."""

    async def is_there() -> bool:
        return sent["envelope_id"] in slack.acknowledged

    await eventually(is_there, "the envelope is acknowledged")
    return slack.acknowledged[str(sent["envelope_id"])]


async def execute(database: Database, *statements: str) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_what_comes_through_the_socket_is_kept_and_answered(desk: SlackDesk, slack: FakeSlack) -> None:
    sent = new_ticket()
    await slack.send(sent)
    assert await acknowledged(slack, sent) == {}
    assert await desk.count(chat_arrivals) == 1
    (card,) = await desk.answers()
    assert "Drucker druckt nicht" in card.text
    again = {**sent, "envelope_id": "again", "retry_attempt": 1, "retry_reason": "timeout"}
    await slack.send(again)
    await acknowledged(slack, again)
    await desk.settled()
    assert await desk.count(tickets) == 1


async def test_answers_that_slack_waits_for_come_with_the_acknowledgement(desk: SlackDesk, slack: FakeSlack) -> None:
    opened = envelope(payloads.global_shortcut("new_ticket", TONI, slack.next_trigger()), "interactive")
    await slack.send(opened)
    await acknowledged(slack, opened)
    form = slack.modals[-1]
    wrong = payloads.submission(form, state_of(form["blocks"], {"text": ""}), TONI, slack.next_trigger())
    sent = envelope(wrong, "interactive")
    await slack.send(sent)
    assert (await acknowledged(slack, sent))["response_action"] == "errors"
    asked = envelope(payloads.suggestion("lookup:customers", "customer", "hofer", TONI, form), "interactive")
    await slack.send(asked)
    assert len((await acknowledged(slack, asked))["options"]) == 1


async def test_what_could_not_be_kept_is_not_acknowledged(desk: SlackDesk, slack: FakeSlack) -> None:
    await execute(desk.database, *REFUSE)
    lost, command = new_ticket(), envelope(payloads.slash("liste", TONI, slack.next_trigger()), "slash_commands")
    await slack.send(lost)
    await slack.send(command)
    assert "nicht erreichbar" in str((await acknowledged(slack, command))["text"])
    assert lost["envelope_id"] not in slack.acknowledged
    await execute(desk.database, "DROP TRIGGER refusing ON chat_arrivals")
    again = {**lost, "envelope_id": "again", "retry_attempt": 1, "retry_reason": "timeout"}
    await slack.send(again)
    await acknowledged(slack, again)
    await desk.settled()
    assert await desk.count(tickets) == 1


@pytest.mark.parametrize("way", ["slack says so", "the connection breaks", "slack is away for a moment"])
async def test_another_socket_takes_over(desk: SlackDesk, slack: FakeSlack, way: str) -> None:
    if way == "slack says so":
        await slack.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "applink"}})
    else:
        if way == "slack is away for a moment":
            slack.fail("apps.connections.open", "internal_error", times=2)
        await slack.sockets[-1].close()

    async def is_new() -> bool:
        return len(slack.sockets) == 2 and desk.socket is not None and desk.socket.connected.is_set()

    await eventually(is_new, "another socket is open")
    sent = new_ticket()
    await slack.send(sent)
    await acknowledged(slack, sent)


async def test_what_has_begun_is_acknowledged_before_the_process_ends(
    database: Database, database_url: str, tmp_path: Path, slack: FakeSlack
) -> None:
    sent = new_ticket()
    async with slack_desk(settings_for(database_url, tmp_path, slack, socket_mode=True), slack) as desk:

        async def is_being_stored() -> bool:
            return bool(await desk.rows(text("SELECT 1 FROM pg_locks WHERE NOT granted")))

        async with database.engine.begin() as connection:
            await connection.execute(text("LOCK TABLE chat_arrivals IN ACCESS EXCLUSIVE MODE"))
            await slack.send(sent)
            await eventually(is_being_stored, "the envelope is being stored")
            desk.stop.set()
    assert slack.acknowledged[str(sent["envelope_id"])] == {}
