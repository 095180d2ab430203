"""What happens to a ticket is seen where it stands in chat, told to whom it concerns, and never comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Row, delete, insert, select, update

from bot.views.living import Views
from core.actor import SYSTEM, Actor, ActorKind
from core.chat.conversations import Conversation, drop_conversation
from core.chat.deliveries import ShownView, queue_view
from core.chat.model import chat_conversations, chat_deliveries, chat_messages, posted_cards
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.engine import Database
from core.identity.model import users
from core.identity.roles import Role
from core.ids import CustomerId, UserId, new_uuid
from core.mail.events import MailboxFailing, MailboxRecovered
from core.messaging.bus import RetryPolicy
from core.messaging.embedded import EmbeddedBus
from core.messaging.model import outbox, queued_deliveries
from core.messaging.topology import queues_of
from core.messaging.worker import ConsumerWorker
from core.runtime.metrics import Metrics
from core.tickets.model import ticket_watchers
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.service import TicketRequest, Tickets
from core.tickets.writing import SaidIn, TicketRef
from notifier.chat.fan_out import CONSOLE_CHANNEL, ChatOut
from notifier.chat.sender import ChatSender
from notifier.subscriptions import CHAT_QUEUES, chat_subscriptions
from tests.integration.core.chat.world import ChatWorld
from tests.integration.core.messaging.spine import eventually, relay, running
from tests.integration.notifier.chat.recording import RecordingChannel

OUT = ChatOut("http://desk.example", timedelta(seconds=0.5))
PERSONAL = ConversationKind.PERSONAL
TRIAGE, CUSTOMER, MANAGERS = ConversationPurpose.TRIAGE, ConversationPurpose.CUSTOMER, ConversationPurpose.MANAGERS


@pytest.fixture
def world(database: Database) -> ChatWorld:
    return ChatWorld(database)


@asynccontextmanager
async def consuming(database: Database) -> AsyncIterator[EmbeddedBus]:
    subscriptions = chat_subscriptions(OUT)
    bus = EmbeddedBus(database, queues_of(subscriptions), retries=RetryPolicy(delays_seconds=()))
    workers = [ConsumerWorker(database, bus, each, Metrics()) for each in subscriptions]
    async with running(relay(database, bus), *workers):
        yield bus


async def deliver_events(database: Database) -> None:
    """Let the chat consumers take every event so far."""

    async def all_taken() -> bool:
        async with database.connect() as connection:
            pending = await connection.execute(select(outbox.c.id).where(outbox.c.published_at.is_(None)))
            waiting = await connection.execute(
                select(queued_deliveries.c.event_id).where(queued_deliveries.c.dead_at.is_(None))
            )
            return not pending.all() and not waiting.all()

    async with consuming(database) as bus:
        await eventually(all_taken)
    assert [await bus.list_dead(queue) for queue in CHAT_QUEUES.values()] == [[], [], []]


async def queued(database: Database, kind: str = "post") -> list[Row[Any]]:
    """The deliveries of a kind, with the conversation that they are for."""
    c, d = chat_conversations.c, chat_deliveries.c
    async with database.connect() as connection:
        statement = (
            select(chat_deliveries, c.external_id.label("place"), c.surface, posted_cards.c.user_id)
            .join(chat_conversations, c.id == d.conversation_id)
            .outerjoin(posted_cards, posted_cards.c.id == d.card_id)
            .where(d.kind == kind)
            .order_by(d.id)
        )
        return list(await connection.execute(statement))


async def root_of(database: Database, there: Conversation, ref: TicketRef) -> str:
    """A ticket's own card that stands in a conversation; returns its message."""
    message = f"root {there.external_id}"
    async with database.begin(SYSTEM) as work:
        view = ShownView("ticket", {"ticket": str(ref.number)}, "en", (ref.id,), ref.id)
        card = await queue_view(work, there.id, view)
        await work.flush()
        await work.execute(update(posted_cards).where(posted_cards.c.id == card).values(external_id=message))
        await work.execute(delete(chat_deliveries).where(chat_deliveries.c.card_id == card))
    return message


def staff(user_id: UserId) -> Actor:
    return Actor(ActorKind.USER, user_id=user_id, role=Role.TECHNICIAN_L2, email="tom@desk.example")


def anna(customer_id: CustomerId) -> Actor:
    return Actor(
        ActorKind.CONTACT,
        email="anna@kunde.example",
        role=Role.CUSTOMER_TECHNICIAN,
        customer_id=customer_id,
        name="Anna",
    )


async def test_a_new_ticket_is_shown_where_tickets_are_triaged(database: Database, world: ChatWorld) -> None:
    customer = await world.add_customer()
    await world.add_conversation("C1", purpose=TRIAGE)
    await world.add_conversation("19:x", surface=Surface.TEAMS, purpose=TRIAGE)
    await world.add_conversation("C2")
    await world.add_conversation("C3", purpose=MANAGERS)
    await world.add_conversation("C4", purpose=CUSTOMER, customer_id=customer)
    gone = await world.add_conversation("C5", purpose=TRIAGE)
    async with database.begin(SYSTEM) as work:
        await drop_conversation(work, gone.id)
    ref = await world.open_ticket(customer)
    await deliver_events(database)
    assert sorted(row.place for row in await queued(database)) == ["19:x", "C1"]
    assert {row.ticket_id for row in await queued(database)} == {ref.id}


async def test_events_that_arrive_twice_are_told_once(database: Database, world: ChatWorld) -> None:
    await world.add_conversation("C1", purpose=TRIAGE)
    await world.open_ticket(await world.add_customer())
    await deliver_events(database)
    async with database.begin(SYSTEM) as work:
        await work.execute(update(outbox).values(published_at=None))
    await deliver_events(database)
    assert len(await queued(database)) == 1


async def test_a_ticket_that_was_opened_in_a_channel_is_not_shown_there_a_second_time(
    database: Database, world: ChatWorld
) -> None:
    customer = await world.add_customer()
    there, other = (
        await world.add_conversation("C1", purpose=TRIAGE),
        await world.add_conversation("C2", purpose=TRIAGE),
    )
    request = TicketRequest("t", "d", customer, source=TicketSource.SLACK, said_in=SaidIn(there.id, "1.1"))
    ref = await Tickets(database).open_ticket(SYSTEM, request)
    await deliver_events(database)
    (row,) = await queued(database)
    assert row.place == "C2"
    # By a form nothing is said there: the answer may stand there before the card is sent, and then it is not.
    channel = RecordingChannel()
    async with database.begin(SYSTEM) as work:
        view = ShownView("ticket", {"ticket": str(ref.number)}, "en", (ref.id,), ref.id)
        await queue_view(work, other.id, view, thread="9.9")
    async with running(sender(database, channel)):

        async def all_settled() -> bool:
            return {each.state for each in await queued(database)} == {"sent", "dropped"}

        await eventually(all_settled)
    assert [each.destination.thread for each in channel.posts()] == ["9.9"]


def sender(database: Database, channel: RecordingChannel) -> ChatSender:
    views = Views(database, public_url="http://desk.example", desk_address="support@desk.example")
    return ChatSender(database, {channel.surface: channel}, views, Metrics())


async def test_every_event_of_a_ticket_redraws_its_cards_on_each_surface(database: Database, world: ChatWorld) -> None:
    ref = await world.open_ticket(await world.add_customer())
    slack = await world.add_conversation("C1")
    console = await world.add_conversation("u1", PERSONAL, surface=Surface.CONSOLE)
    for there in (slack, console):
        await root_of(database, there, ref)
    await deliver_events(database)
    async with database.begin(SYSTEM) as work:
        await work.execute(delete(chat_deliveries))
    await Tickets(database).change_ticket(SYSTEM, ref.number, 1, {"title": "other"})
    await deliver_events(database)
    redraws = {row.place: row.next_attempt_at - row.created_at for row in await queued(database, "update")}
    assert redraws == {"C1": timedelta(seconds=0.5), "u1": timedelta()}


async def test_an_open_page_of_the_console_hears_which_ticket_changed(
    database: Database, world: ChatWorld, database_url: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener(CONSOLE_CHANNEL, lambda *told: heard.put_nowait(told[3]))
    ref = await world.open_ticket(await world.add_customer())
    await deliver_events(database)
    assert await asyncio.wait_for(heard.get(), 5) == str(ref.id)
    await listener.close()


async def test_who_is_given_a_ticket_gets_its_card_and_who_takes_one_does_not(
    database: Database, world: ChatWorld
) -> None:
    tom, eva = await world.add_user("tom"), await world.add_user("eva")
    await world.add_account("U1", tom)
    await world.add_account("U2", eva)
    await world.add_conversation("D1", PERSONAL, account="U1")
    tickets = Tickets(database)
    ref = await world.open_ticket(await world.add_customer())
    await tickets.change_ticket(staff(tom), ref.number, 1, {"assigned_to": tom})
    await tickets.change_ticket(staff(tom), ref.number, 2, {"assigned_to": eva})
    await tickets.change_ticket(staff(eva), ref.number, 3, {"assigned_to": tom})
    await deliver_events(database)
    assert {(row.place, row.user_id) for row in await queued(database)} == {("unopened:U2", eva), ("D1", tom)}


async def test_a_customers_answer_stands_in_every_thread_and_is_told_to_whom_it_concerns(
    database: Database, world: ChatWorld
) -> None:
    customer = await world.add_customer()
    tom, eva, max_ = [await world.add_user(name) for name in ("tom", "eva", "max")]
    gone = await world.add_user("gone")
    for number, user in enumerate((tom, eva, max_, gone)):
        await world.add_account(f"U{number}", user)
        await world.add_conversation(f"D{number}", PERSONAL, account=f"U{number}")
    ref = await world.open_ticket(customer, "Printer")
    await Tickets(database).change_ticket(SYSTEM, ref.number, 1, {"assigned_to": tom})
    async with database.begin(SYSTEM) as work:
        for user in (tom, eva, gone):
            watched = {"ticket_id": ref.id, "user_id": user, "created_at": work.now}
            await work.execute(insert(ticket_watchers).values(**watched))
        await work.execute(update(users).where(users.c.id == gone).values(is_active=False))
    places = [
        await world.add_conversation("C1", purpose=TRIAGE),
        await world.add_conversation("C2"),
        await world.add_conversation("C3", purpose=CUSTOMER, customer_id=customer),
        await world.add_conversation("D9", PERSONAL),
    ]
    for there in places:
        await root_of(database, there, ref)
    await world.add_conversation("C4", purpose=MANAGERS)
    await deliver_events(database)
    async with database.begin(SYSTEM) as work:
        await work.execute(delete(chat_deliveries))
    await Tickets(database).add_message(anna(customer), ref.number, MessageKind.PUBLIC, "It <b>still</b> is broken")
    await deliver_events(database)
    rows = await queued(database)
    in_threads = [row.place for row in rows if row.under_card_id is not None]
    assert sorted(in_threads) == ["C1", "C2", "C3"]
    notices = {row.place: row.content for row in rows if row.under_card_id is None}
    assert sorted(notices) == ["D0", "D1"]
    assert "Anna" in notices["D0"]["heading"]
    assert notices["D0"]["elements"][0]["text"] == "It <b>still</b> is broken"


async def test_a_note_stays_among_us_and_does_not_come_back_to_where_it_was_said(
    database: Database, world: ChatWorld
) -> None:
    customer = await world.add_customer()
    ref = await world.open_ticket(customer)
    origin = await world.add_conversation("C1", purpose=TRIAGE)
    other = await world.add_conversation("19:x", surface=Surface.TEAMS, purpose=TRIAGE)
    shared = await world.add_conversation("C3", purpose=CUSTOMER, customer_id=customer)
    for there in (origin, other, shared):
        await root_of(database, there, ref)
    tom = await world.add_user("tom")
    said_in = SaidIn(origin.id, "2.2")
    await Tickets(database).add_message(
        staff(tom), ref.number, MessageKind.NOTE, "Only us.", source=TicketSource.SLACK, said_in=said_in
    )
    await deliver_events(database)
    assert [row.place for row in await queued(database) if row.under_card_id] == ["19:x"]


async def test_the_desks_reply_is_told_to_a_customers_channel_as_a_reply_to_them(
    database: Database, world: ChatWorld
) -> None:
    customer = await world.add_customer()
    ref = await world.open_ticket(customer)
    for there in (
        await world.add_conversation("C1", purpose=TRIAGE),
        await world.add_conversation("C3", purpose=CUSTOMER, customer_id=customer),
    ):
        await root_of(database, there, ref)
    tom = await world.add_user("tom")
    await Tickets(database).add_message(staff(tom), ref.number, MessageKind.PUBLIC, "Please restart it.")
    await deliver_events(database)
    said = {row.place: row.content["heading"] for row in await queued(database) if row.under_card_id}
    assert set(said) == {"C1", "C3"}
    assert said["C1"] != said["C3"]


async def test_what_was_shown_of_a_message_is_not_shown_again(database: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    customer = await world.add_customer()
    ref = await world.open_ticket(customer)
    there = await world.add_conversation("C1", purpose=TRIAGE)
    root = await root_of(database, there, ref)
    await Tickets(database).add_message(anna(customer), ref.number, MessageKind.PUBLIC, "Hello?")
    async with consuming(database), running(sender(database, channel)):

        async def is_shown() -> bool:
            return len(channel.posts()) == 1

        await eventually(is_shown)
    assert channel.posts()[0].destination.thread == root
    async with database.connect() as connection:
        noted = select(chat_messages.c.is_origin).where(chat_messages.c.conversation_id == there.id)
        assert (await connection.execute(noted)).scalars().all() == [False]


async def test_a_mailbox_that_is_not_read_is_told_to_managers(database: Database, world: ChatWorld) -> None:
    await world.add_conversation("C1", purpose=MANAGERS)
    await world.add_conversation("C2", purpose=TRIAGE)
    mailbox = new_uuid()
    async with database.begin(SYSTEM) as work:
        work.record(
            MailboxFailing(
                subject_id=mailbox,
                subject_version=1,
                mailbox="support",
                since=work.now,
                failures=4,
                error="AUTHENTICATE failed",
                needs_authorization=True,
            )
        )
    await deliver_events(database)
    async with database.begin(SYSTEM) as work:
        work.record(MailboxRecovered(subject_id=mailbox, subject_version=1, mailbox="support", failing_since=work.now))
    await deliver_events(database)
    failing, recovered = await queued(database)
    assert (failing.place, recovered.place) == ("C1", "C1")
    assert "support" in failing.content["heading"]
    assert "AUTHENTICATE failed" in failing.content["elements"][0]["text"]
    assert recovered.content["tone"] == "good"


async def test_a_deleted_ticket_is_told_by_its_cards_alone(database: Database, world: ChatWorld) -> None:
    ref = await world.open_ticket(await world.add_customer())
    there = await world.add_conversation("C1", purpose=TRIAGE)
    await root_of(database, there, ref)
    await Tickets(database).add_message(SYSTEM, ref.number, MessageKind.NOTE, "to be gone")
    await Tickets(database).delete_ticket(SYSTEM, ref.number)
    await deliver_events(database)
    assert [row.place for row in await queued(database) if row.under_card_id] == []
    assert [row.place for row in await queued(database, "update")] == ["C1"]
