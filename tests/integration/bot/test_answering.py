"""An answer stands where it may: living where it can be redrawn for the same eyes, private where others are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from bot.answer import Answer
from bot.answering import queue_answer
from bot.person import Person
from bot.request import Account, Place
from bot.views.card import Card, View
from core.actor import SYSTEM, Actor, ActorKind
from core.chat.deliveries import ShownView, queue_view
from core.chat.model import chat_conversations, chat_deliveries, posted_cards
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.engine import Database
from core.identity.roles import Role
from core.ids import CustomerId, UserId
from tests.integration.core.chat.world import TENANT, ChatWorld

CHANNEL = Place(Surface.SLACK, TENANT, "C1", ConversationKind.CHANNEL, thread="9.9", address={"response_url": "x"})
PERSONAL = Place(Surface.SLACK, TENANT, "D1", ConversationKind.PERSONAL)
CARD = Card(heading="Queue", summary="Queue")


@pytest.fixture
def world(database: Database) -> ChatWorld:
    return ChatWorld(database)


def technician(user_id: UserId) -> Person:
    return Person(Actor(ActorKind.USER, user_id=user_id, role=Role.TECHNICIAN_L2), "Tom", "de")


def customers_person(customer_id: CustomerId) -> Person:
    return Person(Actor(ActorKind.CONTACT, customer_id=customer_id, role=Role.CUSTOMER_USER), "Anna", "de")


async def send(database: Database, answer: Answer) -> None:
    account = Account(answer.place.surface, TENANT, "U1")
    async with database.begin(SYSTEM) as work:
        await queue_answer(work, account, answer)


async def newest(database: Database) -> tuple[Row[Any], Row[Any] | None]:
    """The newest delivery with its conversation, and the card that it shows."""
    d, c = chat_deliveries.c, chat_conversations.c
    async with database.connect() as connection:
        statement = (
            select(chat_deliveries, c.external_id.label("conversation"))
            .join(chat_conversations, c.id == d.conversation_id)
            .order_by(d.id.desc())
            .limit(1)
        )
        delivery = (await connection.execute(statement)).one()
        card = (
            await connection.execute(select(posted_cards).where(posted_cards.c.id == delivery.card_id))
        ).one_or_none()
    return delivery, card


async def test_a_view_for_oneself_is_living_and_drawn_for_oneself(database: Database, world: ChatWorld) -> None:
    tom = await world.add_user("tom")
    await world.add_account("U1", tom)
    await send(database, Answer(CARD, PERSONAL, technician(tom), view=View(name="mine")))
    delivery, card = await newest(database)
    assert card is not None
    assert (delivery.content, delivery.recipient, card.view, card.user_id) == (None, None, "mine", tom)


async def test_a_view_in_a_channel_is_drawn_for_the_channel(database: Database, world: ChatWorld) -> None:
    tom = await world.add_user("tom")
    there = await world.add_conversation("C1")
    ticket = await world.add_ticket()
    view = View(name="ticket", arguments={"ticket": "1"})
    answer = Answer(CARD, CHANNEL, technician(tom), is_private=False, view=view, tickets=(ticket,), ticket_id=ticket)
    await send(database, answer)
    delivery, card = await newest(database)
    assert card is not None
    assert (delivery.thread, card.thread, card.user_id, card.ticket_id, card.language) == (
        "9.9",
        "9.9",
        None,
        ticket,
        there.language,
    )


async def test_in_a_channel_a_private_answer_is_for_one_account_alone(database: Database, world: ChatWorld) -> None:
    tom = await world.add_user("tom")
    await send(database, Answer(CARD, CHANNEL, technician(tom), view=View(name="mine")))
    delivery, card = await newest(database)
    assert card is None
    assert (delivery.recipient, delivery.thread, delivery.address) == ("U1", "9.9", {"response_url": "x"})
    assert delivery.content["heading"] == "Queue"


async def test_where_nothing_can_be_shown_to_one_alone_it_goes_to_the_personal_conversation(
    database: Database, world: ChatWorld
) -> None:
    tom = await world.add_user("tom")
    await world.add_account("U1", tom, Surface.TEAMS)
    place = replace(CHANNEL, surface=Surface.TEAMS)
    await send(database, Answer(CARD, place, technician(tom), view=View(name="mine"), replaces="8.8"))
    delivery, card = await newest(database)
    assert card is not None
    assert (delivery.conversation, delivery.kind, delivery.recipient, delivery.thread) == (
        "unopened:U1",
        "post",
        None,
        None,
    )
    assert card.user_id == tom


@pytest.mark.parametrize("is_living", [True, False])
async def test_a_private_answer_never_takes_the_place_of_a_card_that_all_see(
    database: Database, world: ChatWorld, is_living: bool
) -> None:
    tom = await world.add_user("tom")
    there = await world.add_conversation("C1")
    if is_living:
        async with database.begin(SYSTEM) as work:
            card_id = await queue_view(work, there.id, ShownView("queue", {}, "de"))
        async with database.begin(SYSTEM) as work:
            await work.execute(update(posted_cards).where(posted_cards.c.id == card_id).values(external_id="1.1"))
    await send(database, Answer(CARD, CHANNEL, technician(tom), replaces="1.1"))
    delivery, _ = await newest(database)
    assert (delivery.kind, delivery.target, delivery.recipient) == ("post", None, "U1")


@pytest.mark.parametrize("is_living", [True, False])
async def test_an_answer_can_take_the_place_of_the_card_whose_button_was_pressed(
    database: Database, world: ChatWorld, is_living: bool
) -> None:
    tom = await world.add_user("tom")
    view = View(name="queue", arguments={"page": "2"}) if is_living else None
    await send(database, Answer(CARD, PERSONAL, technician(tom), view=view, replaces="1.1"))
    delivery, card = await newest(database)
    assert delivery.kind == "update"
    assert (card.external_id if card else delivery.target) == "1.1"
    assert (card is not None) == is_living


async def test_a_customers_person_gets_no_living_card_in_a_channel_of_ours(
    database: Database, world: ChatWorld
) -> None:
    customer = await world.add_customer()
    answer = Answer(CARD, CHANNEL, customers_person(customer), is_private=False, view=View(name="queue"))
    await send(database, answer)
    _, card = await newest(database)
    assert card is None
    there = await world.add_conversation("C2", purpose=ConversationPurpose.CUSTOMER, customer_id=customer)
    await send(database, replace(answer, place=replace(CHANNEL, conversation=there.external_id)))
    _, card = await newest(database)
    assert card is not None
    assert card.user_id is None
