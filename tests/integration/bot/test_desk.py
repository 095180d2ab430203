"""What is said and pressed in chat has its effect once, by those who may, and is answered to the right eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row, func, select

from bot.buttons import Buttons
from bot.request import Account, Edited, Joined, Pressed, Reacted
from bot.views.card import Action, LookupInput, LookupSource, TextInput
from core.actor import Actor
from core.chat.model import chat_conversations
from core.chat.rules import ConversationKind, Surface
from core.ids import new_uuid
from core.tickets.model import message_revisions, messages, reply_drafts, tickets
from core.tickets.writing import TicketRef
from tests.integration.bot.chat import PUBLIC_URL, TEAM, Chat, button


async def _ticket(chat: Chat, ref: TicketRef) -> Row[Any]:
    async with chat.database.connect() as connection:
        return (await connection.execute(select(tickets).where(tickets.c.id == ref.id))).one()


async def _newest(chat: Chat) -> Row[Any]:
    async with chat.database.connect() as connection:
        return (await connection.execute(select(tickets).order_by(tickets.c.number.desc()).limit(1))).one()


async def _messages(chat: Chat, ref: TicketRef) -> Sequence[Row[Any]]:
    async with chat.database.connect() as connection:
        order = (messages.c.created_at, messages.c.id)
        return (await connection.execute(select(messages).where(messages.c.ticket_id == ref.id).order_by(*order))).all()


async def _count(chat: Chat) -> int:
    async with chat.database.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(tickets))).scalar_one())


async def test_a_stranger_learns_how_to_link_and_nothing_else(chat: Chat) -> None:
    ticket = await chat.desk.open("Geheimes Projekt")
    place = chat.channel()
    for text in (f"show {ticket.number}", "queue", "help", f"take {ticket.number}", "wer bin ich"):
        answer = await chat.ask(None, text, place=place, name="stranger")
        assert answer.is_private
        assert "link-account" in answer.card.model_dump_json()
        assert "Geheimes" not in answer.card.model_dump_json()
    assert (await _ticket(chat, ticket)).assigned_to is None
    pressed = await chat.press(None, Action(label="Take", command="take", arguments={"ticket": str(ticket.number)}))
    assert "link-account" in pressed.card.model_dump_json()
    assert (await _ticket(chat, ticket)).assigned_to is None


async def test_a_verified_address_of_the_directory_links_at_the_first_word(chat: Chat) -> None:
    chat.directory.addresses["U-toni"] = chat.desk.technician.email or ""
    account = Account(Surface.SLACK, TEAM, "U-toni", "toni")
    assert (await chat.chat.home(account)).heading != "Wer sind Sie?"


async def test_a_code_from_the_console_links_once(chat: Chat) -> None:
    code = (await chat.services.accounts.issue_code(chat.desk.technician)).code
    linked = await chat.ask(None, f"link-account {code}", name="toni-privat")
    assert "Toni" in linked.card.model_dump_json()
    known = await chat.ask(None, "mine", name="toni-privat")
    assert known.view is not None
    again = await chat.ask(None, f"link-account {code}", name="somebody-else")
    assert again.view is None
    assert "Toni" not in again.card.model_dump_json()


async def test_a_command_has_its_effect_once_however_often_it_arrives(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    origin = new_uuid()
    first = await chat.ask(chat.desk.technician, f"take {ticket.number}", origin=origin)
    second = await chat.ask(chat.desk.technician, f"take {ticket.number}", origin=origin)
    row = await _ticket(chat, ticket)
    assert (row.assigned_to, row.version) == (chat.desk.technician.user_id, 2)
    assert first.view == second.view
    assert first.ticket_id == ticket.id
    assert ticket.id in first.tickets


async def test_a_new_ticket_that_arrives_twice_is_one_and_shown_twice(chat: Chat) -> None:
    origin = new_uuid()
    answers = [await chat.ask(chat.desk.technician, "new Hofer: Scanner defekt", origin=origin) for _ in range(2)]
    assert await _count(chat) == 1
    assert answers[0].view == answers[1].view
    row = await _newest(chat)
    assert (row.title, row.customer_id, row.source) == ("Scanner defekt", chat.desk.hofer, "slack")


async def test_what_staff_open_for_nobody_goes_to_triage(chat: Chat) -> None:
    await chat.ask(chat.desk.technician, "neu Jemand rief an und legte auf")
    assert (await _newest(chat)).customer_id not in (chat.desk.hofer, chat.desk.linde)


async def test_what_is_missing_is_asked_for(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    answer = await chat.ask(chat.desk.technician, f"assign {ticket.number}")
    (asked,) = answer.card.inputs
    assert isinstance(asked, LookupInput)
    assert asked.source is LookupSource.USERS
    options = await chat.chat.find_options(chat.account(chat.desk.manager), LookupSource.USERS, "mari")
    assert [option.label for option in options] == ["Maria Muster"]
    done = await chat.press(chat.desk.technician, button(answer.card, "assign"), {"user": options[0].value})
    assert (await _ticket(chat, ticket)).assigned_to == chat.desk.manager.user_id
    assert done.ticket_id == ticket.id


async def test_a_form_says_what_is_wrong_with_it(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    value = chat.buttons.read(
        chat.buttons.value_of(Action(label="", command="note", arguments={"ticket": str(ticket.number)}))
    )
    account = chat.account(chat.desk.technician)
    assert set(await chat.chat.find_problems(account, value, {"text": "  "})) == {"text"}
    assert await chat.chat.find_problems(account, value, {"text": "gut"}) == {}
    action = Action(label="", command="note", arguments={"ticket": str(ticket.number)})
    sent = await chat.press(chat.desk.technician, action, {"text": " "}, message="M1")
    assert isinstance(sent.card.inputs[0], TextInput)
    assert sent.replaces == "M1"
    assert len(await _messages(chat, ticket)) == 1


async def test_a_slip_is_answered_with_what_was_meant(chat: Chat) -> None:
    answer = await chat.ask(chat.desk.technician, "quue")
    assert "queue" in answer.card.model_dump_json()
    assert button(answer.card, "queue")


async def test_a_reply_is_shown_before_it_is_sent_and_sent_once(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker", contact=chat.desk.anna_contact, address="anna.hofer@hofer.example")
    preview = await chat.ask(chat.desk.technician, f"reply {ticket.number} Der Toner kommt morgen.")
    assert "anna.hofer@hofer.example" in preview.card.model_dump_json()
    assert len(await _messages(chat, ticket)) == 1
    send = button(preview.card, "send")
    sent = await chat.press(chat.desk.technician, send)
    assert sent.ticket_id == ticket.id
    told = await chat.press(chat.desk.technician, send)
    assert told.view is None
    (_, reply) = await _messages(chat, ticket)
    assert (reply.kind, reply.text, reply.is_inbound) == ("public", "Der Toner kommt morgen.", False)


async def test_nobody_sends_what_another_drafted(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker", contact=chat.desk.anna_contact)
    preview = await chat.ask(chat.desk.technician, f"reply {ticket.number} Geheim")
    stolen = await chat.press(chat.desk.manager, button(preview.card, "send"))
    assert "Geheim" not in stolen.card.model_dump_json()
    assert len(await _messages(chat, ticket)) == 1
    async with chat.database.connect() as connection:
        assert (await connection.execute(select(reply_drafts.c.settled_at))).scalar_one() is None


async def test_talk_in_a_tickets_thread_is_an_internal_note(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    thread = chat.channel(thread="root")
    assert (
        await chat.say(chat.desk.technician, "Der Kunde nervt", place=thread, message="m1", is_addressed=False) is None
    )
    assert await chat.say(chat.desk.technician, "sonst wo", place=chat.channel(), is_addressed=False) is None
    (_, note) = await _messages(chat, ticket)
    assert (note.kind, note.text, note.author_user_id) == ("note", "Der Kunde nervt", chat.desk.technician.user_id)
    answer = await chat.ask(chat.desk.technician, "take", place=thread, message="m2")
    assert answer.ticket_id == ticket.id
    assert (await _ticket(chat, ticket)).assigned_to == chat.desk.technician.user_id


async def test_in_a_channel_shared_with_a_customer_talk_is_public_both_ways(chat: Chat) -> None:
    place = chat.channel("C-hofer")
    await chat.share(place, chat.desk.hofer)
    opened = await chat.ask(None, "Unser Server ist so laut", place=place, message="m0", name="Paula")
    row = await _newest(chat)
    assert opened.ticket_id == row.id
    ticket = TicketRef(row.id, row.number, row.version, row.status)
    assert (row.customer_id, row.title) == (chat.desk.hofer, "Unser Server ist so laut")
    await chat.post_card(place, row.id, row.number, "root")
    thread = replace(place, thread="root")
    await chat.say(chat.desk.technician, "Wir sehen es uns an", place=thread, message="m1", is_addressed=False)
    await chat.say(None, "Danke!", place=thread, message="m2", is_addressed=False, name="Paula")
    said = [(each.kind, each.is_inbound, each.author_name, each.text) for each in await _messages(chat, ticket)]
    assert said == [
        ("public", True, "Paula", "Unser Server ist so laut"),
        ("public", False, "Toni Muster", "Wir sehen es uns an"),
        ("public", True, "Paula", "Danke!"),
    ]


async def test_a_customer_in_a_shared_channel_sees_no_other_ticket(chat: Chat) -> None:
    place = chat.channel("C-hofer")
    await chat.share(place, chat.desk.hofer)
    for customer in (chat.desk.hofer, chat.desk.linde):
        ticket = await chat.desk.open("Kündigung Buchhaltung", customer=customer)
        answer = await chat.ask(None, f"show {ticket.number}", place=place, name="Paula")
        assert "Kündigung" not in answer.card.model_dump_json()


async def test_a_customers_card_in_a_channel_of_others_is_for_their_own_eyes(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker", contact=chat.desk.anna_contact)
    await chat.ask(chat.desk.technician, f"note {ticket.number} nur intern")
    answer = await chat.ask(chat.desk.anna, f"show {ticket.number}", place=chat.channel())
    assert answer.is_private
    assert "nur intern" not in answer.card.model_dump_json()


async def test_what_is_changed_or_taken_back_in_chat_is_revised_on_the_ticket(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    thread = chat.channel(thread="root")
    await chat.say(chat.desk.technician, "Tonr leer", place=thread, message="m1", is_addressed=False)
    account = chat.account(chat.desk.technician)
    await chat.chat.answer(Edited(account, thread, "m1", "Toner leer"), new_uuid())
    assert (await _messages(chat, ticket))[1].text == "Toner leer"
    await chat.chat.answer(Edited(None, thread, "m1", None), new_uuid())
    taken_back = (await _messages(chat, ticket))[1]
    assert (taken_back.text, taken_back.deleted_at is not None) == ("", True)
    await chat.chat.answer(Edited(account, thread, "unknown", "x"), new_uuid())
    async with chat.database.connect() as connection:
        kept = await connection.execute(select(message_revisions.c.text).order_by(message_revisions.c.id))
        assert list(kept.scalars()) == ["Tonr leer", "Toner leer"]


async def test_a_made_up_button_does_nothing(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    account = chat.account(chat.desk.technician)
    action = Action(label="", command="take", arguments={"ticket": str(ticket.number)})
    values = (
        Buttons(bytes(32)).value_of(action),
        chat.buttons.value_of(action).replace(str(ticket.number), str(ticket.number + 1)),
        "",
        "x.[]",
        '{"command":"take"}',
    )
    for value in values:
        answer = await chat.chat.answer(Pressed(account, chat.personal(account), value), new_uuid())
        assert answer is not None
        assert answer.view is None
    assert (await _ticket(chat, ticket)).assigned_to is None


@pytest.mark.parametrize("who", ["anna", "hofer_admin"])
async def test_customers_give_no_commands_of_the_desk(chat: Chat, who: str) -> None:
    ticket = await chat.desk.open("Drucker", contact=chat.desk.anna_contact)
    actor: Actor = getattr(chat.desk, who)
    for line in (f"take {ticket.number}", f"note {ticket.number} psst", f"resolve {ticket.number}", "quarantine"):
        answer = await chat.ask(actor, line)
        assert answer.view is None
    row = await _ticket(chat, ticket)
    assert (row.assigned_to, row.status) == (None, "new")
    assert len(await _messages(chat, ticket)) == 1
    own = await chat.ask(actor, f"reply {ticket.number} Bitte dringend")
    assert own.ticket_id == ticket.id
    assert (await _messages(chat, ticket))[1].is_inbound


async def test_a_reaction_gives_its_command_to_who_may(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    customer, staff = chat.account(chat.desk.anna), chat.account(chat.desk.technician)
    assert await chat.chat.answer(Reacted(customer, chat.channel(), "root", "eyes"), new_uuid()) is None
    assert (await _ticket(chat, ticket)).assigned_to is None
    assert await chat.chat.answer(Reacted(staff, chat.channel(), "root", "tada"), new_uuid()) is None
    await chat.chat.answer(Reacted(staff, chat.channel(), "root", "eyes"), new_uuid())
    assert (await _ticket(chat, ticket)).assigned_to == chat.desk.technician.user_id
    await chat.chat.answer(Reacted(staff, chat.channel(), "root", "white_check_mark"), new_uuid())
    assert (await _ticket(chat, ticket)).status == "resolved"


async def test_a_ticket_reaction_makes_a_ticket_of_what_somebody_wrote(chat: Chat) -> None:
    chat.directory.texts["m7"] = "Kann wer den Beamer in Raum 3 ansehen?"
    staff = chat.account(chat.desk.technician)
    answer = await chat.chat.answer(Reacted(staff, chat.channel(), "m7", "ticket"), new_uuid())
    assert answer is not None
    assert answer.place.thread == "m7"
    assert (await _newest(chat)).title == "Kann wer den Beamer in Raum 3 ansehen?"


async def test_the_thread_of_a_merged_ticket_goes_on_in_the_living_one(chat: Chat) -> None:
    """zammad#983: what was said on a merged ticket landed in the dead one."""
    gone, living = await chat.desk.open("Drucker"), await chat.desk.open("Drucker nochmal")
    await chat.post_card(chat.channel(), gone.id, gone.number, "root")
    await chat.ask(chat.desk.technician, f"merge {gone.number} {living.number}")
    thread = chat.channel(thread="root")
    await chat.say(chat.desk.technician, "Im Keller steht noch einer", place=thread, message="m1", is_addressed=False)
    assert (await _messages(chat, living))[-1].text == "Im Keller steht noch einer"


async def test_in_a_channel_only_the_ticket_itself_is_for_all_eyes(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    place = chat.channel()
    shown = await chat.ask(chat.desk.technician, f"show {ticket.number}", place=place)
    assert not shown.is_private
    for line in ("queue", "mine", "help", f"take {ticket.number + 99}", "blubb"):
        assert (await chat.ask(chat.desk.technician, line, place=place)).is_private


async def test_a_button_of_a_ticket_card_redraws_that_card(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    action = Action(label="", command="take", arguments={"ticket": str(ticket.number)})
    answer = await chat.press(chat.desk.technician, action, place=chat.channel(), message="root")
    assert answer.replaces == "root"
    receipt = Action(label="", command="receipt", arguments={"ticket": str(ticket.number)})
    aside = await chat.press(chat.desk.technician, receipt, place=chat.channel(), message="root")
    assert (aside.replaces, aside.is_private) == (None, True)


async def test_a_link_shows_its_ticket_to_who_may_see_it(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker", customer=chat.desk.linde)
    url = f"{PUBLIC_URL}/console/tickets/{ticket.number}"
    card = await chat.chat.draw_link(chat.account(chat.desk.technician), url)
    assert card is not None
    assert "Drucker" in card.heading
    assert await chat.chat.draw_link(chat.account(chat.desk.hofer_admin), url) is None
    assert await chat.chat.draw_link(chat.account(None, "stranger"), url) is None
    elsewhere = f"https://evil.example/console/tickets/{ticket.number}"
    assert await chat.chat.draw_link(chat.account(chat.desk.technician), elsewhere) is None


async def test_lookups_show_strangers_and_customers_no_more_than_they_may_see(chat: Chat) -> None:
    await chat.desk.open("Drucker Linde", customer=chat.desk.linde)
    for source in LookupSource:
        assert await chat.chat.find_options(chat.account(None, "stranger"), source, "") == []
    customer = chat.account(chat.desk.hofer_admin)
    assert await chat.chat.find_options(customer, LookupSource.TICKETS, "Drucker") == []
    assert await chat.chat.find_options(customer, LookupSource.USERS, "") == []
    names = [option.label for option in await chat.chat.find_options(customer, LookupSource.CUSTOMERS, "")]
    assert names == ["Tischlerei Hofer"]


async def test_a_conversation_is_remembered_and_dropped(chat: Chat) -> None:
    place = replace(chat.channel("C9"), reference={"service_url": "https://example.test"})
    welcome = await chat.chat.answer(Joined(chat.account(chat.desk.technician), place, is_there=True), new_uuid())
    assert welcome is not None
    assert not welcome.is_private
    await chat.chat.answer(Joined(None, place, is_there=False), new_uuid())
    async with chat.database.connect() as connection:
        row = (await connection.execute(select(chat_conversations))).one()
    assert (row.kind, row.reference, row.dropped_at is not None) == (
        ConversationKind.CHANNEL,
        {"service_url": "https://example.test"},
        True,
    )


async def test_a_manager_says_what_a_channel_is_for_and_nobody_else(chat: Chat) -> None:
    place = chat.channel("C5")
    refused = await chat.ask(chat.desk.technician, "kanal eingang", place=place)
    assert refused.card.heading != "Dieser Kanal"
    await chat.ask(chat.desk.manager, "kanal kunde Hofer", place=place)
    async with chat.database.connect() as connection:
        row = (
            await connection.execute(select(chat_conversations).where(chat_conversations.c.external_id == "C5"))
        ).one()
    assert (row.purpose, row.customer_id) == ("customer", chat.desk.hofer)
    personal = await chat.ask(chat.desk.manager, "channel triage")
    assert personal.card.heading != "Dieser Kanal"


async def test_a_reply_that_arrives_twice_is_one_draft_and_shown_twice(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    origin = new_uuid()
    line = f"reply {ticket.number} Der Toner kommt morgen."
    answers = [await chat.ask(chat.desk.technician, line, origin=origin) for _ in range(2)]
    assert answers[0].view == answers[1].view
    assert button(answers[1].card, "send") == button(answers[0].card, "send")
    await chat.press(chat.desk.technician, button(answers[0].card, "send"))
    late = await chat.ask(chat.desk.technician, line, origin=origin)
    assert late.ticket_id == ticket.id
