"""A technician works tickets in Teams: commands, buttons, dialogs, threads, reactions."""

from __future__ import annotations

from sqlalchemy import select

from core.actor import SYSTEM
from core.tickets.model import tickets
from tests.integration.core.tickets.desk import Desk
from tests.scenario.teams.surface import (
    CHANNEL,
    Member,
    TeamsSurface,
    card_of,
    find_action,
    inputs_of,
    text_of,
)
from tests.scenario.teams.tickets import arrivals, is_dropped, numbers, said_on, settled, status_of
from tests.services.fake_connector import BOT, FakeConnector, Shown


async def shown_ticket(surface: TeamsSurface, desk: Desk, who: Member) -> tuple[int, Shown]:
    """A ticket, and its card in the personal chat."""
    ticket = await desk.open("Drucker druckt nicht")
    await surface.say(who, f"zeige #{ticket.number}")
    return ticket.number, await surface.answer()


async def test_a_command_in_the_personal_chat_is_answered_there(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    assert (shown.conversation, shown.thread) == (toni.personal, None)
    assert f"#{number} Drucker druckt nicht" in text_of(shown.card)
    assert f"#{number}" in shown.summary


async def test_a_pressed_button_shows_its_effect_on_the_card_at_once(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    answered = await surface.press(toni, shown, "Übernehmen")
    assert "Toni Muster" in text_of(card_of(answered))
    assert await status_of(desk.database, number) == "assigned"
    await surface.fake.until(lambda: "Toni Muster" in text_of(shown.card))
    assert len(surface.answers) == 1


async def test_a_client_without_execute_submits_the_same_button(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    fallback = find_action(shown.card, "Übernehmen")["fallback"]
    await surface.send(surface.activity(toni, value=fallback["data"], replyToId=shown.id))
    await surface.fake.until(lambda: "Toni Muster" in text_of(shown.card))
    assert await status_of(desk.database, number) == "assigned"


async def test_what_takes_longer_than_teams_waits_is_shown_when_it_is_done(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    async with desk.database.begin(SYSTEM) as work:
        await work.execute(select(tickets.c.id).where(tickets.c.number == number).with_for_update())
        answered = await surface.press(toni, shown, "Übernehmen")
        assert (answered["statusCode"], answered["value"]) == (200, "Wird bearbeitet …")
    await surface.fake.until(lambda: "Toni Muster" in text_of(shown.card))
    assert await status_of(desk.database, number) == "assigned"


async def test_a_dialog_says_what_is_wrong_and_closes_when_nothing_is(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    dialog = await surface.press(toni, shown, "Notiz…")
    assert [each["id"] for each in inputs_of(card_of(dialog))] == ["text"]
    again = await surface.submit(toni, dialog)
    assert "Bitte ausfüllen." in text_of(card_of(again))
    assert len(await said_on(desk.database, number)) == 1
    assert await surface.submit(toni, again, text="Seriennummer abgelesen") == {}
    assert ("note", "Seriennummer abgelesen") in await said_on(desk.database, number)
    await surface.fake.until(lambda: "Seriennummer abgelesen" in text_of(shown.card))
    assert len(surface.answers) == 1


async def test_what_was_typed_stays_in_a_form_that_comes_back(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    _, shown = await shown_ticket(surface, desk, toni)
    dialog = await surface.press(toni, shown, "Zusammenführen…")
    again = await surface.submit(toni, dialog, other="keine Nummer")
    (entered,) = [each for each in inputs_of(card_of(again)) if each["id"] == "other"]
    assert entered["value"] == "keine Nummer"


async def test_a_mention_in_a_channel_is_answered_in_its_thread(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    message = await surface.say(toni, f"zeige #{ticket.number}", channel=CHANNEL)
    shown = await surface.answer()
    assert (shown.conversation, shown.thread) == (CHANNEL, message)


async def test_a_private_answer_to_a_channel_goes_to_the_personal_chat(surface: TeamsSurface, toni: Member) -> None:
    await surface.say(toni, "meine", channel=CHANNEL)
    shown = await surface.answer()
    assert shown.conversation == toni.personal


async def test_what_is_said_in_a_tickets_thread_is_an_internal_note(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    root = await surface.say(toni, "neu Drucker im Büro druckt nicht", channel=CHANNEL)
    shown = await surface.answer()
    assert shown.thread == root
    (number,) = await numbers(desk.database)
    await surface.say(toni, "Ersatz ist bestellt", channel=CHANNEL, thread=root, mention=False)
    await settled(desk.database)
    assert ("note", "Ersatz ist bestellt") in await said_on(desk.database, number)


async def test_what_is_said_elsewhere_to_others_is_none_of_our_business(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    await surface.say(toni, "kommt wer mit zum Essen?", channel=CHANNEL, mention=False)
    await settled(desk.database)
    assert surface.answers == []
    assert await numbers(desk.database) == []


async def test_an_edited_message_is_a_revision_of_the_note(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    root = await surface.say(toni, "neu Drucker druckt nicht", channel=CHANNEL)
    await surface.answer()
    (number,) = await numbers(desk.database)
    message = await surface.say(toni, "Ersatz morgen", channel=CHANNEL, thread=root, mention=False)
    await settled(desk.database)
    edit = surface.activity(toni, "messageUpdate", channel=CHANNEL, thread=root, text="Ersatz übermorgen", id=message)
    await surface.send(edit | {"channelData": edit["channelData"] | {"eventType": "editMessage"}})
    await settled(desk.database)
    said = await said_on(desk.database, number)
    assert ("note", "Ersatz übermorgen") in said
    assert ("note", "Ersatz morgen") not in said


async def test_eyes_on_a_tickets_card_take_it(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    number, shown = await shown_ticket(surface, desk, toni)
    reaction = surface.activity(
        toni, "messageReaction", replyToId=shown.id, reactionsAdded=[{"type": "1f440_eyes"}], id="f:1"
    )
    assert (await surface.send(reaction)).status == 202
    await settled(desk.database)
    assert await status_of(desk.database, number) == "assigned"


async def test_a_refresh_that_nobody_asked_for_has_no_effect(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    """Also where the button of the card would have one."""
    number, shown = await shown_ticket(surface, desk, toni)
    before = await arrivals(desk.database)
    for action in (shown.card["refresh"]["action"], find_action(shown.card, "Übernehmen")):
        value = {"action": {"type": "Action.Execute", "data": action["data"]}, "trigger": "automatic"}
        answered = await surface.invoke(toni, "adaptiveCard/action", value, shown)
        assert f"#{number}" in text_of(card_of(answered))
    assert await status_of(desk.database, number) == "new"
    assert await arrivals(desk.database) == before


async def test_somebody_unknown_gets_help_and_nothing_else(surface: TeamsSurface, desk: Desk, stranger: Member) -> None:
    ticket = await desk.open("Gehaltsliste")
    await surface.say(stranger, f"zeige #{ticket.number}")
    shown = await surface.answer()
    assert "Gehaltsliste" not in text_of(shown.card)
    answered = await surface.invoke(stranger, "composeExtension/query", {"commandId": "find", "parameters": []})
    assert answered["composeExtension"]["attachments"] == []


async def test_the_desk_greets_when_it_comes_and_is_silent_when_it_is_gone(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    await surface.send(surface.activity(toni, "installationUpdate", action="add"))
    await surface.send(surface.activity(toni, "conversationUpdate", membersAdded=[{"id": BOT}]))
    await surface.answer()
    await settled(desk.database)
    assert len(surface.answers) == 1
    await surface.send(surface.activity(toni, "installationUpdate", action="remove"))
    await settled(desk.database)
    assert await is_dropped(desk.database, toni.personal)


async def test_a_technician_is_known_by_the_address_that_the_directory_vouches_for(
    surface: TeamsSurface, desk: Desk, fake: FakeConnector
) -> None:
    maria = Member("d0000000-0000-4000-8000-000000000004", "Maria Muster")
    fake.members[maria.directory_id] = {"email": "Maria@msp.example", "userRole": "user"}
    ticket = await desk.open("Drucker druckt nicht")
    await surface.say(maria, f"zeige #{ticket.number}")
    assert "Drucker druckt nicht" in text_of((await surface.answer()).card)


async def test_a_client_that_knows_no_dialogs_gets_forms_as_cards(
    local: TeamsSurface, desk: Desk, toni: Member
) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    await local.say(toni, f"zeige #{ticket.number}")
    shown = await local.answer()
    await local.press(toni, shown, "Notiz…")
    form = await local.answer(2)
    await local.press(toni, form, "Speichern", text="Seriennummer abgelesen")
    assert ("note", "Seriennummer abgelesen") in await said_on(desk.database, ticket.number)


async def test_a_ticket_that_changes_elsewhere_changes_its_card_in_place(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    await surface.say(toni, f"zeige #{ticket.number}")
    shown = await surface.answer()
    await desk.say(ticket, "Der Techniker ist unterwegs.")
    await surface.fake.until(lambda: "Der Techniker ist unterwegs." in text_of(shown.card))
    assert len(surface.answers) == 1


async def test_a_reply_is_looked_at_in_the_dialog_before_it_is_sent(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    ticket = await desk.open("Drucker druckt nicht", contact=desk.anna_contact, address="anna.hofer@hofer.example")
    await surface.say(toni, f"zeige #{ticket.number}")
    shown = await surface.answer()
    dialog = await surface.press(toni, shown, "Kunden antworten…")
    preview = await surface.submit(toni, dialog, text="Der Toner kommt morgen.")
    assert "anna.hofer@hofer.example" in text_of(card_of(preview))
    assert ("public", "Der Toner kommt morgen.") not in await said_on(desk.database, ticket.number)
    form = await surface.submit(toni, preview, label="Ändern…")
    (entered,) = [each for each in inputs_of(card_of(form)) if each["id"] == "text"]
    assert entered["value"] == "Der Toner kommt morgen."
    preview = await surface.submit(toni, form, text="Der Toner kommt heute.")
    assert await surface.submit(toni, preview, label="Senden") == {}
    assert ("public", "Der Toner kommt heute.") in await said_on(desk.database, ticket.number)
