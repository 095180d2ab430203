"""Input that nobody expected: too long, made up, changed by somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from bot.render.adaptive import adaptive_card
from bot.render.blockkit import message
from bot.request import Edited
from bot.views.card import Action, TextInput
from core.ids import new_uuid
from core.tickets.model import messages
from core.tickets.writing import TicketRef
from tests.integration.bot.chat import Chat


async def _texts(chat: Chat, ref: TicketRef) -> Sequence[str]:
    async with chat.database.connect() as connection:
        said = select(messages.c.text).where(messages.c.ticket_id == ref.id)
        return (await connection.execute(said.order_by(messages.c.created_at, messages.c.id))).scalars().all()


async def test_a_text_without_its_ticket_is_kept_in_the_form_that_asks_for_it(chat: Chat) -> None:
    form = (await chat.ask(chat.desk.technician, f"note {'Fotos vom Raum ' * 100}")).card
    (text,) = [each for each in form.elements if isinstance(each, TextInput)]
    assert text.value == ("Fotos vom Raum " * 100).strip()
    assert [len(chat.buttons.value_of(each)) < 2000 for each in form.actions if isinstance(each, Action)] == [True]
    too_long = (await chat.ask(chat.desk.technician, f"note {'x' * 4000}")).card
    assert "Ticket" in too_long.summary
    assert not too_long.inputs


async def test_an_edit_by_who_may_not_changes_nothing_and_is_no_fault(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    thread = chat.channel(thread="root")
    await chat.say(chat.desk.technician, "Toner leer", place=thread, message="m1", is_addressed=False)
    for other in (chat.desk.manager, chat.desk.linde_admin):
        assert await chat.chat.answer(Edited(chat.account(other), thread, "m1", "Ich war es"), new_uuid()) is None
    assert (await _texts(chat, ticket))[1] == "Toner leer"


async def test_a_made_up_choice_in_a_form_is_answered_and_not_offered_again(chat: Chat) -> None:
    action = Action(label="", command="reply", arguments={"text": "gut"}, opens_form=True)
    answer = await chat.press(chat.desk.technician, action, {"ticket": "9" * 170})
    drawn = message(answer.card, chat.buttons, "de")
    assert "keine Ticketnummer" in str(drawn.blocks)


async def test_a_command_that_is_changed_says_its_text_on_the_ticket_and_not_the_command(chat: Chat) -> None:
    ticket = await chat.desk.open("Drucker")
    await chat.post_card(chat.channel(), ticket.id, ticket.number, "root")
    thread = chat.channel(thread="root")
    account = chat.account(chat.desk.technician)
    await chat.ask(chat.desk.technician, "note Tonr leer", place=thread, message="m1")
    await chat.chat.answer(Edited(account, thread, "m1", "note Toner leer"), new_uuid())
    await chat.say(chat.desk.technician, "Note that it beeps", place=thread, message="m2", is_addressed=False)
    await chat.chat.answer(Edited(account, thread, "m2", "Note that it peeps"), new_uuid())
    assert (await _texts(chat, ticket))[1:] == ["Toner leer", "Note that it peeps"]


async def test_a_made_up_choice_of_any_length_is_answered_on_every_surface(chat: Chat) -> None:
    inputs = {"ticket": "x" * 20_000, "priority": "x" * 20_000}
    answer = await chat.press(chat.desk.technician, Action(label="", command="prio"), inputs)
    assert "200" in str(message(answer.card, chat.buttons, "de").blocks)
    assert "200" in str(adaptive_card(answer.card, chat.buttons, "de"))
