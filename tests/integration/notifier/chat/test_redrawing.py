"""Cards in chat are drawn as it is true when they leave, for whom they are meant, and as seldom as will do."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

from sqlalchemy import update

from bot.channel import Destination, MessageGone
from core.actor import SYSTEM, Actor, ActorKind
from core.chat.deliveries import (
    ShownView,
    queue_delete,
    queue_redraw,
    queue_update,
    queue_view,
    queue_view_in_place,
)
from core.chat.model import chat_accounts
from core.chat.rules import ConversationKind, ConversationPurpose
from core.database.engine import Database
from core.tickets.rules import MessageKind
from core.tickets.service import Tickets
from notifier.chat.budget import LIMITS
from tests.integration.core.chat.world import ChatWorld
from tests.integration.core.messaging.spine import eventually, running
from tests.integration.notifier.chat.recording import RecordingChannel
from tests.integration.notifier.chat.sending import (
    content,
    own,
    sender,
    until_none_is_queued,
    until_states,
)

PERSONAL = ConversationKind.PERSONAL


async def test_100_changes_within_two_seconds_end_in_a_handful_of_updates_and_the_last_is_true(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer(), "change 0")
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
    tickets = Tickets(turned)
    async with running(*(sender(turned, channel, dict(LIMITS)) for _ in range(2))):
        await until_states(turned, "sent")
        began = asyncio.get_running_loop().time()
        for number in range(1, 101):
            await tickets.change_ticket(SYSTEM, ref.number, number, {"title": f"change {number}"})
            async with turned.begin(SYSTEM) as work:
                await queue_redraw(work, ref.id, delay=timedelta(seconds=0.5))
        seconds = asyncio.get_running_loop().time() - began

        async def shows_the_last() -> bool:
            updates = channel.updates()
            return bool(updates) and "change 100" in updates[-1].heading

        await eventually(shows_the_last)
        await until_none_is_queued(turned)
    # Six for two seconds; a busy machine takes longer for the changes.
    assert len(channel.updates()) <= 2 + seconds / 0.5


async def test_what_changes_while_a_card_is_redrawn_is_drawn_once_more(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer(), "first")
    held, reached = asyncio.Event(), asyncio.Event()

    async def hold(destination: Destination) -> None:
        if channel.posts():
            reached.set()
            await held.wait()

    channel.before = hold
    async with running(sender(turned, channel)):
        async with turned.begin(SYSTEM) as work:
            await queue_view(work, there.id, own(ref.number, ref.id))
        await until_states(turned, "sent")
        for number, title in enumerate(("second", "third"), start=1):
            await Tickets(turned).change_ticket(SYSTEM, ref.number, number, {"title": title})
            async with turned.begin(SYSTEM) as work:
                await queue_redraw(work, ref.id, delay=timedelta())
            await reached.wait()
        held.set()
        await until_none_is_queued(turned)
    assert ["second" in each.heading or "third" in each.heading for each in channel.updates()] == [True, True]
    assert "third" in channel.updates()[-1].heading


async def test_a_redraw_that_changes_nothing_is_not_sent(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
    async with running(sender(turned, channel)):
        await until_states(turned, "sent")
        async with turned.begin(SYSTEM) as work:
            await queue_redraw(work, ref.id, delay=timedelta())
        await until_states(turned, "sent", "dropped")
    assert channel.updates() == []


async def test_a_change_that_comes_while_its_card_is_being_posted_is_shown_after(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer(), "first")
    changed = asyncio.Event()

    async def change(destination: Destination) -> None:
        if not changed.is_set():
            changed.set()
            await Tickets(turned).change_ticket(SYSTEM, ref.number, 1, {"title": "second"})
            async with turned.begin(SYSTEM) as work:
                await queue_redraw(work, ref.id, delay=timedelta())

    channel.before = change
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
    async with running(sender(turned, channel)):
        await until_states(turned, "sent", "sent")
    assert ["first" in channel.posts()[0].heading, "second" in channel.updates()[0].heading] == [True, True]


async def test_a_message_that_is_gone_is_not_redrawn_any_more(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
    async with running(sender(turned, channel)):
        await until_states(turned, "sent")
        channel.errors["C1"] = deque([MessageGone("message_not_found")])
        await Tickets(turned).change_ticket(SYSTEM, ref.number, 1, {"title": "second"})
        async with turned.begin(SYSTEM) as work:
            assert await queue_redraw(work, ref.id, delay=timedelta()) == 1
        await until_states(turned, "sent", "dropped")
    async with turned.begin(SYSTEM) as work:
        assert await queue_redraw(work, ref.id, delay=timedelta()) == 0


async def test_a_message_that_can_never_be_redrawn_is_no_living_card(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel(gives_ids=False)
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id), recipient="U1")
    async with running(sender(turned, channel)):
        await until_states(turned, "sent")
    async with turned.begin(SYSTEM) as work:
        assert await queue_redraw(work, ref.id, delay=timedelta()) == 0


async def test_the_card_of_a_deleted_ticket_says_so_and_is_living_no_more(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer(), "secret")
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
    async with running(sender(turned, channel)):
        await until_states(turned, "sent")
        await Tickets(turned).delete_ticket(SYSTEM, ref.number)
        async with turned.begin(SYSTEM) as work:
            await queue_redraw(work, ref.id, delay=timedelta())
        await until_states(turned, "sent", "sent")
    (update_,) = channel.updates()
    assert update_.card is not None
    assert "secret" not in update_.card.model_dump_json()
    async with turned.begin(SYSTEM) as work:
        assert await queue_redraw(work, ref.id, delay=timedelta()) == 0


async def test_a_card_in_a_customers_channel_shows_what_the_customer_may_see(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    customer = await world.add_customer()
    shared = await world.add_conversation("C1", purpose=ConversationPurpose.CUSTOMER, customer_id=customer)
    staff = await world.add_conversation("C2")
    ref = await world.open_ticket(customer)
    tom = Actor(ActorKind.USER, user_id=await world.add_user("tom"))
    note = "The customer must not read this."
    await Tickets(turned).add_message(SYSTEM, ref.number, MessageKind.NOTE, note)
    foreign = await world.open_ticket(await world.add_customer("Other"), "foreign")
    async with turned.begin(tom) as work:
        for there in (shared, staff):
            await queue_view(work, there.id, own(ref.number, ref.id))
            await queue_view(work, there.id, own(foreign.number, foreign.id))
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    (to_customer,) = channel.posts("C1")
    assert to_customer.card is not None
    assert note not in to_customer.card.model_dump_json()
    own_card, foreign_card = channel.posts("C2")
    assert own_card.card is not None
    assert note in own_card.card.model_dump_json()
    assert "foreign" in foreign_card.heading


async def test_who_is_no_user_any_more_is_shown_nothing(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    tom = await world.add_user("tom")
    account = await world.add_account("U1", tom)
    there = await world.add_conversation("D1", PERSONAL, account="U1")
    view = ShownView("my_day", {}, "en", user_id=tom)
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, view)
    async with running(sender(turned, channel)):
        await until_states(turned, "sent")
        async with turned.begin(SYSTEM) as work:
            unlinked = {"user_id": None, "linked_by": None}
            await work.execute(update(chat_accounts).where(chat_accounts.c.id == account).values(**unlinked))
            await queue_view(work, there.id, view)
        await until_states(turned, "sent", "dropped")
    assert len(channel.shown) == 1


async def test_cards_that_never_change_are_replaced_and_taken_away(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    async with turned.begin(SYSTEM) as work:
        await queue_update(work, there.id, "1.1", content("done"), address={"response_url": "x"})
        await queue_delete(work, there.id, "2.2")
    async with running(sender(turned, channel)):
        await until_states(turned, "sent", "sent")
    assert sorted((each.how, each.external_id) for each in channel.shown) == [("delete", "2.2"), ("update", "1.1")]
    assert channel.updates()[0].destination.address == {"response_url": "x"}


async def test_a_card_in_the_place_of_a_message_is_drawn_even_if_it_was_drawn_before(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    async with running(sender(turned, channel)):
        for _ in range(2):
            async with turned.begin(SYSTEM) as work:
                await queue_view_in_place(work, there.id, "1.1", own(ref.number, ref.id))
            await until_none_is_queued(turned)
    assert [each.external_id for each in channel.updates()] == ["1.1", "1.1"]
