"""What is taken from Slack, and what is not: signatures, repetitions, machines, nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from bot.slack.http import COMMANDS, EVENTS, INTERACTIVITY
from core.chat.model import chat_arrivals
from core.tickets.model import messages, tickets
from tests.scenario.slack import payloads
from tests.scenario.slack.desk import TONI, TRIAGE, SlackDesk, action_named
from tests.services.fake_slack import DESK

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def new_ticket() -> str:
    return json.dumps(payloads.event(payloads.message("neu Hofer: Drucker druckt nicht", TONI, "D0TONI")))


@pytest.mark.parametrize("path", [EVENTS, COMMANDS, INTERACTIVITY])
async def test_a_forged_signature_has_no_effect(desk: SlackDesk, path: str) -> None:
    forged = await desk.post(path, new_ticket(), JSON, secret="guessed")
    unsigned = await desk.http.post(desk.url + path, data=new_ticket(), headers={"Content-Type": JSON})
    assert (forged.status, unsigned.status) == (401, 401)
    assert await desk.count(chat_arrivals) == 0


async def test_an_old_request_has_no_effect(desk: SlackDesk) -> None:
    old = await desk.post(EVENTS, new_ticket(), JSON, age_seconds=301)
    ahead = await desk.post(EVENTS, new_ticket(), JSON, age_seconds=-301)
    assert (old.status, ahead.status) == (401, 401)
    assert await desk.count(chat_arrivals) == 0


@pytest.mark.parametrize("body", ["{", '{"type": "event_callback"', "payload=%7B", "payload", "[]", "null", "", "a=b"])
async def test_signed_nonsense_is_no_trouble(desk: SlackDesk, body: str) -> None:
    content_type = JSON if body[:1] in ("{", "[", "n") else FORM
    response = await desk.post(EVENTS, body, content_type)
    assert response.status in (200, 400)
    assert await desk.count(chat_arrivals) == 0


async def test_slack_finds_out_that_the_address_is_ours(desk: SlackDesk) -> None:
    challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    body = json.dumps({"token": "XXYYZZ", "challenge": challenge, "type": "url_verification"})
    response = await desk.post(EVENTS, body, JSON)
    assert (response.status, await response.json()) == (200, {"challenge": challenge})


async def test_what_slack_sends_again_has_its_effect_once(desk: SlackDesk) -> None:
    body = new_ticket()
    first = await desk.post(EVENTS, body, JSON)
    again = await desk.post(EVENTS, body, JSON, retry=1)
    assert (first.status, again.status) == (200, 200)
    await desk.settled()
    assert await desk.count(tickets) == 1
    assert len(await desk.answers()) == 1
    late = await desk.post(EVENTS, body, JSON, retry=2)
    assert late.status == 200
    assert await desk.count(tickets) == 1
    assert len(await desk.answers()) == 1


async def test_both_events_of_a_mention_are_one_command(desk: SlackDesk) -> None:
    said = payloads.message(f"<@{DESK}> neu Hofer: Drucker druckt nicht", TONI)
    await desk.tell(said)
    await desk.tell({name: value for name, value in said.items() if name != "channel_type"} | {"type": "app_mention"})
    await desk.settled()
    assert await desk.count(tickets) == 1


async def test_a_message_of_200_kilobytes_is_taken(desk: SlackDesk) -> None:
    text = "neu Hofer: " + "Drucker druckt nicht. " * 9000
    assert len(text) > 190_000
    await desk.say(text, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": text}}])
    (answer,) = await desk.answers()
    assert await desk.count(tickets) <= 1
    assert len(json.dumps(answer.blocks)) < 50_000


async def test_what_is_larger_than_chat_is_dropped_and_not_sent_again(desk: SlackDesk) -> None:
    await desk.say("neu Hofer: " + "x" * 400_000)
    assert await desk.count(chat_arrivals) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0OTHER", "subtype": "bot_message", "user": None},
        {"bot_id": "B0OTHER", "app_id": "A0OTHER"},
        {"user": DESK, "bot_id": "B0DESK"},
    ],
)
async def test_machines_do_not_talk_to_each_other(desk: SlackDesk, changes: dict[str, Any]) -> None:
    said = {**payloads.message(f"<@{DESK}> help", TONI), **changes}
    await desk.tell(said)
    await desk.tell(payloads.changed(said, f"<@{DESK}> queue"))
    assert await desk.answers(TRIAGE) == []
    assert await desk.count(chat_arrivals) == 0


async def test_a_change_that_changes_no_text_is_nothing(desk: SlackDesk) -> None:
    said = await desk.say("hilfe")
    await desk.settled()
    before = await desk.count(chat_arrivals)
    await desk.tell(payloads.changed(said, said["text"], attachments=[{"title": "unfurled"}]))
    assert await desk.count(chat_arrivals) == before
    assert len(await desk.answers()) == 1


async def test_what_people_say_to_each_other_is_not_kept(desk: SlackDesk) -> None:
    await desk.say("Gehen wir essen?", channel=TRIAGE)
    await desk.tell(payloads.reaction("pizza", TONI, "1764021600.000001"))
    assert await desk.count(chat_arrivals) == 0


async def test_events_that_nobody_asked_for_are_acknowledged(desk: SlackDesk) -> None:
    await desk.tell({"type": "team_join", "user": {"id": "U0NEW"}, "event_ts": "1.2"})
    await desk.interact({"type": "view_closed", "team": {"id": "T0ACME"}, "user": {"id": TONI}, "view": {"id": "V1"}})
    assert await desk.count(chat_arrivals) == 0


async def test_a_tampered_button_does_nothing_and_says_so(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    await desk.say(f"zeige #{ref.number}")
    card = await desk.answer()
    action = action_named(card.blocks, "Übernehmen")
    mac, _, body = action["value"].partition(".")
    for value in (f"{mac}.{body.replace('take', 'close')}", f"AAAA.{body}", "", "nonsense"):
        await desk.interact(desk.press_payload(card, {**action, "value": value}))
    await desk.settled()
    (ticket,) = await desk.rows(select(tickets))
    assert (ticket.assigned_to, ticket.status) == (None, "new")
    assert await desk.count(messages) == 1
