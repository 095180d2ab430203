"""What became of what the desk sent is seen on its ticket, and by who keeps the desk running."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.chat.arrivals import ChatArrivals, mark_failed
from core.chat.checks import STUCK, check_chat
from core.chat.conversations import drop_conversation
from core.chat.deliveries import (
    KEPT,
    ShownView,
    purge_deliveries,
    queue_content,
    queue_redraw,
    queue_view,
    retry_delivery,
)
from core.chat.model import chat_deliveries, posted_cards
from core.chat.queries import DeliveryFilter, find_deliveries, list_chat_deliveries, list_failed_arrivals
from core.chat.rules import ConversationPurpose, DeliveryState, Surface
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.identity.roles import Role
from core.ids import ChatDeliveryId, TicketNumber, new_uuid
from core.mail.model import outgoing_mails
from tests.integration.core.chat.world import ChatWorld


@pytest.fixture
def world(database: Database) -> ChatWorld:
    return ChatWorld(database)


async def fail_all(database: Database) -> list[ChatDeliveryId]:
    async with database.begin(SYSTEM) as work:
        failed = await work.execute(
            update(chat_deliveries).values(state="failed", last_error="msg_too_long").returning(chat_deliveries.c.id)
        )
        return [ChatDeliveryId(row.id) for row in failed]


async def test_a_tickets_deliveries_by_mail_and_in_chat_are_one_list(database: Database, world: ChatWorld) -> None:
    customer = await world.add_customer()
    ref, other = await world.open_ticket(customer), await world.open_ticket(customer)
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        mail = {"id": new_uuid(), "internet_message_id": "a@b", "ticket_id": ref.id, "recipient": "anna@kunde.example"}
        mail |= {"envelope_from": "x@y", "subject": "s", "content": "c", "state": "sent", "sent_at": work.now}
        work.insert(outgoing_mails, mail | {"next_attempt_at": work.now, "created_at": work.now})
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "a"}, ticket_id=ref.id)
        await queue_content(work, there.id, {"heading": "b"}, ticket_id=other.id)
    async with database.connect() as connection:
        page = await find_deliveries(connection, SYSTEM, ref.number)
        assert [(row["via"], row["place"], row["state"]) for row in page.rows] == [
            ("slack", "C1", "queued"),
            ("mail", "anna@kunde.example", "sent"),
        ]
        with pytest.raises(NotFound):
            await find_deliveries(connection, SYSTEM, TicketNumber(9999))
        customers_admin = Actor(ActorKind.USER, role=Role.CUSTOMER_ADMIN, customer_id=customer)
        with pytest.raises(PermissionDenied):
            await find_deliveries(connection, customers_admin, ref.number)


async def test_a_dead_delivery_is_sent_once_more_on_demand(database: Database, world: ChatWorld) -> None:
    ticket = await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        card = await queue_view(work, there.id, ShownView("ticket", {"ticket": "1"}, "de", (ticket,), ticket))
    async with database.begin(SYSTEM) as work:
        await work.execute(update(posted_cards).values(dropped_at=work.now))
    (dead,) = await fail_all(database)
    async with database.connect() as connection:
        found = await list_chat_deliveries(connection, DeliveryFilter((DeliveryState.FAILED,), Surface.SLACK))
        assert [(row["id"], row["last_error"]) for row in found.rows] == [(dead, "msg_too_long")]
        assert (await list_chat_deliveries(connection, DeliveryFilter(surface=Surface.TEAMS))).total == 0
    async with database.begin(SYSTEM) as work:
        await retry_delivery(work, dead)
    async with database.begin(SYSTEM) as work:
        with pytest.raises(NotFound):
            await retry_delivery(work, dead)
        row = (await work.execute(select(chat_deliveries))).one()
        kept = (await work.execute(select(posted_cards.c.dropped_at).where(posted_cards.c.id == card))).scalar_one()
    assert (row.state, row.attempts, row.last_error, kept) == ("queued", 0, None, None)


async def test_a_dead_redraw_is_needless_where_another_waits(database: Database, world: ChatWorld) -> None:
    ticket = await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        await queue_view(work, there.id, ShownView("ticket", {"ticket": "1"}, "de", (ticket,), ticket))
        await queue_redraw(work, ticket, delay=timedelta())
    _, dead = await fail_all(database)
    async with database.begin(SYSTEM) as work:
        await queue_redraw(work, ticket, delay=timedelta())
    async with database.begin(SYSTEM) as work:
        await retry_delivery(work, dead)
        row = (await work.execute(select(chat_deliveries).where(chat_deliveries.c.id == dead))).one()
    assert row.state == "dropped"


async def test_what_was_sent_is_forgotten_after_a_while_and_what_waits_is_not(
    database: Database, world: ChatWorld
) -> None:
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "a"})
    await fail_all(database)
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "b"})
    async with database.begin(SYSTEM) as work:
        await work.execute(update(chat_deliveries).values(created_at=work.now - KEPT - timedelta(days=1)))
        assert await purge_deliveries(work) == 1
        assert (await work.execute(select(func.count()).select_from(chat_deliveries))).scalar_one() == 1


async def test_the_doctor_says_what_is_wrong_with_chat_and_how_to_mend_it(database: Database, world: ChatWorld) -> None:
    now = database.clock.now()
    assert await check_chat(database, now) == []
    there = await world.add_conversation("C1")
    arrivals = ChatArrivals(database)
    arrival = await arrivals.store(Surface.SLACK, "Ev1", {})
    async with database.begin(SYSTEM) as work:
        await mark_failed(work, arrival, "ValueError: no")
        await queue_content(work, there.id, {"heading": "a"})
    await fail_all(database)
    async with database.connect() as connection:
        failed = await list_failed_arrivals(connection)
    assert [(row["id"], row["last_error"]) for row in failed.rows] == [(arrival.id, "ValueError: no")]
    found = await check_chat(database, database.clock.now())
    assert [each.mend.split(",")[0] for each in found] == [
        "See `psa chat dead`",
        "See `psa chat dead` for the surface's words",
    ]
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "b"})
    await arrivals.store(Surface.SLACK, "Ev2", {})
    later = database.clock.now() + STUCK + timedelta(seconds=1)
    assert len(await check_chat(database, later)) == 4
    assert await check_chat(database, later + timedelta(days=8), stuck=timedelta(days=30)) == []


async def test_a_channel_with_a_purpose_that_is_out_of_reach_is_told(database: Database, world: ChatWorld) -> None:
    for name, purpose in (("C1", ConversationPurpose.TRIAGE), ("C2", ConversationPurpose.TALK)):
        there = await world.add_conversation(name, purpose=purpose)
        async with database.begin(SYSTEM) as work:
            await drop_conversation(work, there.id)
    (found,) = await check_chat(database, database.clock.now())
    assert "C1 (slack)" in found.problem
