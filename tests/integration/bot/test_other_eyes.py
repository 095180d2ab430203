"""What is shown or said in a conversation stays within what everybody there may see."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from core.tickets.model import messages
from tests.integration.bot.chat import PUBLIC_URL, Chat


async def test_a_customers_link_in_a_channel_of_others_shows_nothing_of_the_desk(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker", contact=chat.desk.anna_contact)
    await chat.ask(chat.desk.technician, f"note {ticket.number} nur intern")
    url = f"{PUBLIC_URL}/console/tickets/{ticket.number}"
    customer = chat.account(chat.desk.hofer_admin)
    assert await chat.chat.draw_link(customer, url, chat.channel()) is None
    own = chat.channel("C-hofer")
    await chat.share(own, chat.desk.hofer)
    shared = await chat.chat.draw_link(customer, url, own)
    personal = await chat.chat.draw_link(customer, url, chat.personal(customer))
    for card in (shared, personal):
        assert card is not None
        assert "Drucker" in card.heading
        assert "nur intern" not in card.model_dump_json()


async def test_talk_in_a_customers_channel_never_reaches_another_customer(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    place = chat.channel("C-hofer")
    await chat.share(place, chat.desk.hofer)
    await chat.post_card(place, ticket.id, ticket.number, "root")
    await chat.services.tickets.move_ticket(chat.desk.manager, ticket.number, chat.desk.linde)
    thread = replace(place, thread="root")
    answer = await chat.say(
        chat.desk.technician, "Frau Hofer, Ihr Passwort ist neu", place=thread, message="m1", is_addressed=False
    )
    async with chat.database.connect() as connection:
        said = (await connection.execute(select(messages.c.text).where(messages.c.kind == "public"))).scalars().all()
    assert "Frau Hofer, Ihr Passwort ist neu" not in said
    assert answer is not None
    assert answer.is_private


async def test_a_command_in_the_thread_of_another_customers_ticket_has_to_name_it(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    place = chat.channel("C-hofer")
    await chat.share(place, chat.desk.hofer)
    await chat.post_card(place, ticket.id, ticket.number, "root")
    await chat.services.tickets.move_ticket(chat.desk.manager, ticket.number, chat.desk.linde)
    thread = replace(place, thread="root")
    await chat.ask(chat.desk.technician, "reply --now Frau Hofer, alles gut", place=thread, message="m1")
    async with chat.database.connect() as connection:
        said = (await connection.execute(select(messages.c.text).where(messages.c.kind == "public"))).scalars().all()
    assert said == ["Bitte um Hilfe."]


async def test_a_search_result_shows_what_all_may_see_where_it_is_put(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    foreign = await chat.desk.open("Drucker der Linde", customer=chat.desk.linde)
    await chat.ask(chat.desk.technician, f"note {ticket.number} nur intern")
    shared = chat.channel("C-hofer")
    await chat.share(shared, chat.desk.hofer)
    staff, customer = chat.account(chat.desk.technician), chat.account(chat.desk.hofer_admin)
    found = await chat.chat.search_tickets(staff, "Drucker", place=shared)
    assert [each.ticket_id for each in found] == [ticket.id]
    assert "nur intern" not in found[0].card.model_dump_json()
    among_us = await chat.chat.search_tickets(staff, "Drucker", place=chat.channel())
    assert {each.ticket_id for each in among_us} == {ticket.id, foreign.id}
    assert await chat.chat.search_tickets(customer, "Drucker", place=chat.channel()) == []
