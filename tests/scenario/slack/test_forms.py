"""Forms: opened by buttons and shortcuts, looked over while they are open, sent once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.chat.model import chat_arrivals
from core.tickets.model import tickets
from tests.scenario.slack import payloads
from tests.scenario.slack.desk import STRANGER, TONI, TRIAGE, SlackDesk, action_named
from tests.scenario.slack.test_talking import open_in_channel, said_on
from tests.services.slack_rules import check_options


async def test_a_button_opens_a_form_and_the_form_writes_a_note(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    before = await desk.count(chat_arrivals)
    await desk.press(card, "Notiz")
    (form,) = desk.slack.modals
    assert [block["block_id"] for block in form["blocks"] if block["type"] == "input"] == ["text"]
    assert await desk.count(chat_arrivals) == before
    told = await desk.submit({"text": "Toner ist bestellt"})
    assert told == {"response_action": "clear"}
    await desk.settled()
    assert [row.text for row in await said_on(desk, number)][1:] == ["Toner ist bestellt"]
    answers = [each for each in desk.slack.seen_in(TRIAGE, TONI) if each.seen_by == TONI]
    assert len(answers) == 1


async def test_a_form_that_is_sent_twice_is_one(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    await desk.press(card, "Notiz")
    await desk.submit({"text": "Toner ist bestellt"})
    await desk.submit({"text": "Toner ist bestellt"})
    await desk.settled()
    assert len(await said_on(desk, number)) == 2


async def test_what_is_wrong_stands_beside_its_input(desk: SlackDesk) -> None:
    trigger = desk.slack.next_trigger()
    await desk.interact(payloads.global_shortcut("new_ticket", TONI, trigger))
    told = await desk.submit({"text": "   "})
    assert told["response_action"] == "errors"
    assert set(told["errors"]) == {"text"}
    assert await desk.count(tickets) == 0
    assert await desk.count(chat_arrivals) == 0


async def test_a_new_ticket_from_the_global_menu_is_answered_in_the_personal_conversation(desk: SlackDesk) -> None:
    await desk.interact(payloads.global_shortcut("new_ticket", TONI, desk.slack.next_trigger()))
    await desk.submit({"text": "Bildschirm flackert", "customer": str(desk.desk.linde), "priority": "high"})
    (card,) = await desk.answers()
    (opened,) = await desk.rows(select(tickets))
    assert (opened.title, opened.customer_id, opened.priority) == ("Bildschirm flackert", desk.desk.linde, "high")
    assert f"#{opened.number}" in card.text


async def test_a_message_becomes_a_ticket_by_its_menu(desk: SlackDesk) -> None:
    said = payloads.message("Der Scanner scannt nicht, sagt <@U0MARIA>", STRANGER)
    url = desk.slack.next_response_url(TRIAGE, TONI)
    shortcut = payloads.message_shortcut("create_ticket", said, TONI, desk.slack.next_trigger(), url)
    await desk.interact(shortcut)
    await desk.submit({})
    await desk.settled()
    (opened,) = await desk.rows(select(tickets))
    (first,) = await said_on(desk, opened.number)
    assert first.text == "Der Scanner scannt nicht, sagt @Maria"
    (card,) = desk.slack.seen_in(TRIAGE)
    assert card.thread_ts == said["ts"]


async def test_a_message_is_added_to_a_ticket_by_its_menu(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Scanner scannt nicht")
    said = payloads.message("Seriennummer 4711", STRANGER)
    url = desk.slack.next_response_url(TRIAGE, TONI)
    await desk.interact(payloads.message_shortcut("add_to_ticket", said, TONI, desk.slack.next_trigger(), url))
    await desk.submit({"ticket": str(ref.number)})
    await desk.settled()
    _, note = await said_on(desk, ref.number)
    assert (note.kind, note.text) == ("note", "Seriennummer 4711")


async def test_lookups_offer_what_the_person_may_see(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht " + "x" * 200)
    await desk.interact(payloads.global_shortcut("new_ticket", TONI, desk.slack.next_trigger()))
    (form,) = desk.slack.modals
    customers = await desk.interact(payloads.suggestion("lookup:customers", "customer", "hofer", TONI, form))
    found = await desk.interact(payloads.suggestion("lookup:tickets", "ticket", "drucker", TONI, form))
    people = await desk.interact(payloads.suggestion("lookup:users", "user", "mar", TONI, form))
    nothing = await desk.interact(payloads.suggestion("lookup:customers", "customer", "hofer", STRANGER, form))
    for told in (customers, found, people):
        check_options(told["options"])
    assert [each["value"] for each in customers["options"]] == [str(desk.desk.hofer)]
    assert [each["value"] for each in found["options"]] == [str(ref.number)]
    assert [each["text"]["text"] for each in people["options"]] == ["Maria Muster"]
    assert nothing == {"options": []}


async def test_who_may_not_sees_why_instead_of_a_form(desk: SlackDesk) -> None:
    card, _ = await open_in_channel(desk)
    await desk.press(card, "Notiz", user=STRANGER)
    (shown,) = desk.slack.modals
    assert all(block["type"] != "input" for block in shown["blocks"])
    assert shown.get("submit") is None


async def test_a_form_that_comes_too_late_says_so(desk: SlackDesk) -> None:
    card, _ = await open_in_channel(desk)
    body = desk.press_payload(card, action_named(card.blocks, "Notiz"))
    desk.slack.triggers.clear()
    await desk.interact(body)
    told = [each for each in desk.slack.seen_in(TRIAGE, TONI) if each.seen_by == TONI]
    assert ["zu lange" in each.text for each in told] == [True]


async def test_a_form_in_a_message_gives_way_to_its_answer(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    await desk.slash(f"notiz #{ref.number}")
    form = await desk.answer(TRIAGE)
    assert any(block["type"] == "input" for block in form.blocks)
    action = action_named(form.blocks, "Speichern")
    state = {"values": {"text": {"input": {"type": "plain_text_input", "value": "Toner ist bestellt"}}}}
    await desk.interact({**desk.press_payload(form, action), "state": state})
    seen = await desk.answers(TRIAGE)
    _, note = await said_on(desk, ref.number)
    assert note.text == "Toner ist bestellt"
    assert all(block["type"] != "input" for each in seen for block in each.blocks)


async def test_a_press_in_the_app_home_is_answered_in_person_and_shown_there(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    await desk.tell(payloads.home_opened(TONI))
    before = len(desk.slack.calls_of("views.publish"))
    await desk.interact(home_press(desk, action_named(desk.slack.homes[TONI]["blocks"], "Zeigen")))
    (card,) = await desk.answers()
    assert f"#{ref.number}" in card.text
    assert len(desk.slack.calls_of("views.publish")) == before + 1
    # The answer is a card like any other: what is pressed on it is known to be the desk's.
    await desk.press(card, "Übernehmen")
    await desk.settled()
    (ticket,) = await desk.rows(select(tickets))
    assert ticket.assigned_to == desk.desk.technician.user_id


async def test_a_form_opens_from_the_app_home(desk: SlackDesk) -> None:
    await desk.tell(payloads.home_opened(TONI))
    await desk.interact(home_press(desk, action_named(desk.slack.homes[TONI]["blocks"], "Neues Ticket")))
    await desk.submit({"text": "Bildschirm flackert"})
    assert len(await desk.answers()) == 1
    assert await desk.count(tickets) == 1


async def test_what_slack_sends_twice_is_pressed_once(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    body = desk.press_payload(card, action_named(card.blocks, "Übernehmen"))
    await desk.interact(body)
    await desk.interact(body)
    await desk.settled()
    assert await desk.count(chat_arrivals, chat_arrivals.c.natural_key.startswith("interaction:")) == 1
    (ticket,) = await desk.rows(select(tickets).where(tickets.c.number == number))
    assert ticket.assigned_to == desk.desk.technician.user_id


def home_press(desk: SlackDesk, action: dict[str, Any]) -> dict[str, Any]:
    """A button in the App Home, which stands in no channel."""
    body = payloads.press(action, TONI, desk.slack.next_trigger(), "D0TONI", "1.2")
    view = {"id": "V0HOME", "type": "home", "blocks": desk.slack.homes[TONI]["blocks"], "state": {"values": {}}}
    left = {name: value for name, value in body.items() if name not in ("channel", "message", "state")}
    return left | {"container": {"type": "view", "view_id": "V0HOME"}, "view": view}
