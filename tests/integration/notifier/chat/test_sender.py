"""The queue of chat deliveries is delivered: in order, within the budgets, once, in spite of what surfaces may do."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channel import ConversationGone, Destination, Refused, Throttled, TryLater
from core.actor import SYSTEM
from core.chat.conversations import keep_personal_conversation
from core.chat.deliveries import (
    ShownView,
    queue_content,
    queue_delete,
    queue_redraw,
    queue_view,
)
from core.chat.messages import find_conversations_with
from core.chat.model import chat_conversations, posted_cards
from core.chat.rules import ConversationKind, Surface
from core.database.engine import Database
from core.messaging.model import outbox
from core.runtime.metrics import Metrics
from core.tickets.rules import MessageKind
from core.tickets.service import Tickets
from notifier.chat.budget import LIMITS, Limit, SurfaceLimits
from notifier.chat.queue import LEASE
from notifier.chat.settling import GIVEN_UP_AFTER, delay_after
from tests.integration.core.chat.world import ChatWorld
from tests.integration.core.messaging.spine import eventually, running
from tests.integration.notifier.chat.recording import RecordingChannel
from tests.integration.notifier.chat.sending import (
    UNLIMITED,
    content,
    own,
    rows_of,
    say,
    sender,
    until_none_is_queued,
    until_states,
)
from tests.integration.notifier.desk import TurnedClock

PERSONAL = ConversationKind.PERSONAL


async def test_what_is_queued_is_posted_at_once_and_the_message_is_known(turned: Database, world: ChatWorld) -> None:
    metrics, channel = Metrics(), RecordingChannel()
    there = await world.add_conversation("C1")
    ticket = await world.open_ticket(await world.add_customer(), "Printer on fire")
    async with running(sender(turned, channel, metrics=metrics)):
        async with turned.begin(SYSTEM) as work:
            card = await queue_view(work, there.id, own(ticket.number, ticket.id), thread="9.9")
        await until_states(turned, "sent")
    (shown,) = channel.posts()
    assert "Printer on fire" in shown.heading
    assert (shown.destination.conversation, shown.destination.thread, shown.destination.language) == ("C1", "9.9", "en")
    async with turned.connect() as connection:
        row = (await connection.execute(select(posted_cards).where(posted_cards.c.id == card))).one()
    assert (row.external_id, row.dropped_at) == ("m1", None)
    labels = {"surface": "slack", "kind": "post", "result": "sent"}
    assert metrics.registry.get_sample_value("psa_chat_deliveries_total", labels) == 1
    assert metrics.registry.get_sample_value("psa_chat_delivery_seconds_count", {"surface": "slack"}) == 1


async def test_posts_of_a_conversation_keep_their_order_and_others_do_not_wait(
    turned: Database, world: ChatWorld, clock: TurnedClock
) -> None:
    channel = RecordingChannel()
    there, other = await world.add_conversation("C1"), await world.add_conversation("C2")
    channel.errors["C1"] = deque([TryLater("503")])
    await say(turned, there.id, "first", "second", "third")
    await say(turned, other.id, "elsewhere")
    async with running(*(sender(turned, channel) for _ in range(2))):
        await until_states(turned, "queued", "queued", "queued", "sent")
        assert [each.heading for each in channel.shown] == ["elsewhere"]
        clock.ahead = timedelta(seconds=2)
        await say(turned, other.id, "wakes")
        await until_none_is_queued(turned)
    assert [each.heading for each in channel.posts("C1")] == ["first", "second", "third"]


async def test_a_post_that_never_works_does_not_hold_up_its_conversation_for_ever(
    turned: Database, world: ChatWorld, clock: TurnedClock
) -> None:
    channel = RecordingChannel()
    there, other = await world.add_conversation("C1"), await world.add_conversation("C2")
    channel.errors["C1"] = deque([TryLater("500")] * 7)
    await say(turned, there.id, "poison", "fine")
    async with running(sender(turned, channel)):
        for number in range(7):

            async def is_tried(number: int = number) -> bool:
                poison, *_ = await rows_of(turned)
                return poison.attempts > number and poison.leased_until is None

            await say(turned, other.id, "wakes")
            await eventually(is_tried)
            clock.ahead += timedelta(minutes=8)

        async def is_fine() -> bool:
            return "fine" in [each.heading for each in channel.posts("C1")]

        await say(turned, other.id, "wakes")
        await eventually(is_fine)


async def test_retry_after_holds_back_that_conversation_and_nothing_else(
    turned: Database, world: ChatWorld, clock: TurnedClock
) -> None:
    channel = RecordingChannel()
    there, other = await world.add_conversation("C1"), await world.add_conversation("C2")
    channel.errors["C1"] = deque([Throttled("ratelimited", 30)])
    async with running(sender(turned, channel, dict(LIMITS))):
        await say(turned, there.id, "first", "second")

        async def is_tried() -> bool:
            return bool((await rows_of(turned))[0].last_error == "ratelimited")

        await eventually(is_tried)
        async with turned.begin(SYSTEM) as work:
            await queue_delete(work, there.id, "1.1")
        clock.ahead = timedelta(seconds=29)
        await say(turned, other.id, "elsewhere")
        await until_states(turned, "queued", "queued", "queued", "sent")
        assert [each.destination.conversation for each in channel.shown] == ["C2"]
        clock.ahead = timedelta(seconds=60)
        await say(turned, other.id, "wakes")
        await until_none_is_queued(turned)
    assert [each.heading for each in channel.posts("C1")] == ["first", "second"]
    assert {row.attempts for row in await rows_of(turned)} == {1}


async def test_several_senders_together_keep_to_the_budget(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    limits = {**UNLIMITED, Surface.SLACK: SurfaceLimits(short=Limit(3, timedelta(seconds=0.2)))}
    places = [await world.add_conversation(f"C{number}") for number in range(3)]
    for there in places:
        await say(turned, there.id, *(str(number) for number in range(8)))
    began = turned.clock.now()
    async with running(*(sender(turned, channel, limits) for _ in range(3))):
        await until_none_is_queued(turned)
    for there in places:
        posts = channel.posts(there.external_id)
        assert [each.heading for each in posts] == [str(number) for number in range(8)]
        # Three at once, then one each 0.2 s.
        assert posts[-1].at - began >= timedelta(seconds=0.2 * 5)


async def test_a_tenants_conversations_share_one_budget(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    shared = {kind: ("all", Limit(2, timedelta(seconds=0.1))) for kind in LIMITS[Surface.TEAMS].shared or {}}
    limits = {**UNLIMITED, Surface.SLACK: SurfaceLimits(shared=shared)}
    for number in range(10):
        await say(turned, (await world.add_conversation(f"C{number}")).id, "hello")
    began = turned.clock.now()
    async with running(*(sender(turned, channel, limits) for _ in range(2))):
        await until_none_is_queued(turned)
    assert max(each.at for each in channel.posts()) - began >= timedelta(seconds=0.1 * 8)


async def test_two_senders_post_each_thing_once(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    for number in range(12):
        there = await world.add_conversation(f"C{number}")
        await say(turned, there.id, *(f"{number}.{each}" for each in range(5)))
    async with running(*(sender(turned, channel) for _ in range(2))):
        await until_none_is_queued(turned)
    counted = Counter(each.heading for each in channel.posts())
    assert len(counted) == 60
    assert set(counted.values()) == {1}


async def test_a_sender_that_is_killed_between_post_and_note_has_the_next_one_look(
    turned: Database, world: ChatWorld, clock: TurnedClock
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    await say(turned, there.id, "hello")
    reached = asyncio.Event()

    async def hang(destination: Destination) -> None:
        reached.set()
        await asyncio.Event().wait()

    channel.after = hang
    killed = asyncio.create_task(sender(turned, channel).run(asyncio.Event()))
    await reached.wait()
    for task in asyncio.all_tasks():
        if task is killed or task.get_name().startswith("chat delivery"):
            task.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    channel.after = None
    async with running(sender(turned, channel)):
        clock.ahead = LEASE + timedelta(seconds=1)
        await say(turned, (await world.add_conversation("C2")).id, "wakes")
        await until_states(turned, "sent", "sent")
    to_there = [each for each in channel.tried if each.conversation == "C1"]
    assert [each.is_repeated for each in to_there] == [False, True]
    assert len({each.delivery_id for each in to_there}) == 1


@pytest.mark.parametrize("is_uncertain", [True, False])
async def test_an_attempt_that_failed_for_sure_is_not_repeated_but_made(
    turned: Database, world: ChatWorld, clock: TurnedClock, is_uncertain: bool
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    channel.errors["C1"] = deque([TryLater("502", is_uncertain=is_uncertain)])
    await say(turned, there.id, "hello")
    async with running(sender(turned, channel)):

        async def is_put_off() -> bool:
            return bool((await rows_of(turned))[0].last_error == "502")

        await eventually(is_put_off)
        clock.ahead = timedelta(seconds=2)
        await say(turned, there.id, "wakes")
        await until_states(turned, "sent", "sent")
    assert [each.is_repeated for each in channel.tried] == [False, is_uncertain, False]


async def test_what_a_surface_refuses_is_dead_and_told(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    channel.errors["C1"] = deque([Refused("msg_blocks_too_long")])
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ref.number, ref.id))
        await queue_redraw(work, ref.id, delay=timedelta())
    async with running(sender(turned, channel)):
        await until_states(turned, "failed", "dropped")
    async with turned.connect() as connection:
        told = select(outbox.c.payload).where(outbox.c.name == "chat.delivery_failed")
        (payload,) = (await connection.execute(told)).scalars()
    assert (payload["ticket_id"], payload["error"]) == (str(ref.id), "msg_blocks_too_long")


async def test_what_nobody_takes_is_given_up(turned: Database, world: ChatWorld, clock: TurnedClock) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    channel.errors["C1"] = deque([TryLater("503")])
    await say(turned, there.id, "hello")
    clock.ahead = GIVEN_UP_AFTER
    async with running(sender(turned, channel)):
        await until_states(turned, "failed")


async def test_a_conversation_that_is_gone_gets_nothing_more(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    channel.errors["C1"] = deque([ConversationGone("is_archived")])
    await say(turned, there.id, "first", "second")
    async with running(sender(turned, channel)):
        await until_states(turned, "dropped", "dropped")
    async with turned.connect() as connection:
        dropped = await connection.execute(select(chat_conversations.c.dropped_at))
        assert dropped.scalar_one() is not None
    assert len(channel.tried) == 1


async def test_a_personal_conversation_is_begun_when_there_is_something_to_say(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel(personal={"U1": "D7"})
    tom = await world.add_user("tom")
    account = await world.add_account("U1", tom)
    async with turned.begin(SYSTEM) as work:
        there = await keep_personal_conversation(work, account)
        assert there is not None
        await queue_view(work, there.id, ShownView("my_day", {}, "en", user_id=tom))
        await queue_content(work, there.id, content("second"))
    async with running(sender(turned, channel)):
        await until_states(turned, "sent", "sent")
    assert [each.destination.conversation for each in channel.posts()] == ["D7", "D7"]
    assert channel.posts()[0].destination.reference == {"opened": "U1"}


async def test_a_post_stands_in_the_thread_of_the_card_that_was_posted_before_it(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    there = await world.add_conversation("C1")
    ref = await world.open_ticket(await world.add_customer())
    message = await Tickets(turned).add_message(SYSTEM, ref.number, MessageKind.NOTE, "a note")
    async with turned.begin(SYSTEM) as work:
        root = await queue_view(work, there.id, own(ref.number, ref.id))
        await queue_content(work, there.id, content("a note"), under=root, message_id=message)
    async with running(sender(turned, channel)):
        await until_states(turned, "sent", "sent")
    assert channel.posts()[1].destination.thread == channel.posts()[0].external_id
    async with turned.connect() as connection:
        assert await find_conversations_with(connection, message) == {there.id}


def test_a_delivery_waits_longer_each_time_and_not_all_come_back_at_once() -> None:
    assert [delay_after(attempts, 0).total_seconds() for attempts in (1, 2, 3, 9, 50)] == [1, 2, 4, 256, 300]
    assert delay_after(1, 1) == timedelta(seconds=1.5)
