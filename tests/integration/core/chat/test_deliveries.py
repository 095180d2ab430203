"""What is to be shown in chat is queued with what wants it, and one redraw of a card waits at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from core.actor import SYSTEM
from core.chat.cards import drop_card, find_card, find_ticket_of_thread
from core.chat.deliveries import (
    ShownView,
    queue_content,
    queue_delete,
    queue_redraw,
    queue_update,
    queue_view,
    queue_view_in_place,
)
from core.chat.model import chat_deliveries, posted_cards
from core.chat.rules import Surface
from core.database.engine import Database
from core.ids import CardId, TicketId
from tests.integration.core.chat.world import ChatWorld

SOON = timedelta(seconds=0.5)


@pytest.fixture
def world(database: Database) -> ChatWorld:
    return ChatWorld(database)


def own(ticket: TicketId) -> ShownView:
    return ShownView("ticket", {"ticket": "1"}, "de", (ticket,), ticket)


async def list_deliveries(database: Database) -> list[Row[Any]]:
    async with database.connect() as connection:
        return list(await connection.execute(select(chat_deliveries).order_by(chat_deliveries.c.id)))


async def posted(database: Database, card: CardId, external_id: str) -> None:
    async with database.begin(SYSTEM) as work:
        await work.execute(update(posted_cards).where(posted_cards.c.id == card).values(external_id=external_id))


async def test_what_a_failed_use_case_queued_is_not_shown(database: Database, world: ChatWorld) -> None:
    there = await world.add_conversation("C1")

    async def fail() -> None:
        async with database.begin(SYSTEM) as work:
            await queue_content(work, there.id, {"heading": "a"})
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await fail()
    assert await list_deliveries(database) == []


async def test_changes_of_a_ticket_redraw_each_of_its_cards_once(database: Database, world: ChatWorld) -> None:
    ticket, other = await world.add_ticket(), await world.add_ticket()
    slack = await world.add_conversation("C1")
    teams = await world.add_conversation("19:x", surface=Surface.TEAMS)
    async with database.begin(SYSTEM) as work:
        await queue_view(work, slack.id, own(ticket))
        await queue_view(work, teams.id, ShownView("queue", {}, "de", (ticket, other)))
        await queue_view(work, slack.id, own(other))
        await queue_view(work, slack.id, ShownView("my_day", {}, "de"))
        begun = work.now
        assert await queue_redraw(work, ticket, delay=SOON) == 2
    async with database.begin(SYSTEM) as work:
        assert await queue_redraw(work, ticket, delay=SOON, surface=Surface.SLACK) == 1
        assert await queue_redraw(work, ticket, delay=SOON, surface=Surface.CONSOLE) == 0
    redraws = [row for row in await list_deliveries(database) if row.kind == "update"]
    assert sorted((row.conversation_id == slack.id, row.wanted) for row in redraws) == [(False, 1), (True, 2)]
    # The first change says when it is due: a ticket that never rests is shown all the same.
    assert {row.next_attempt_at for row in redraws} == {begun + SOON}


async def test_what_changes_while_a_card_is_redrawn_is_due_after_the_delay(
    database: Database, world: ChatWorld
) -> None:
    ticket = await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        await queue_view(work, there.id, own(ticket))
        await queue_redraw(work, ticket, delay=timedelta())
        await work.execute(
            update(chat_deliveries).where(chat_deliveries.c.kind == "update").values(leased_until=work.now + SOON)
        )
    async with database.begin(SYSTEM) as work:
        await queue_redraw(work, ticket, delay=SOON)
        changed = work.now
    (_, redraw) = await list_deliveries(database)
    assert (redraw.wanted, redraw.next_attempt_at) == (2, changed + SOON)


async def test_dropped_cards_and_conversations_are_not_redrawn(database: Database, world: ChatWorld) -> None:
    ticket = await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        card = await queue_view(work, there.id, own(ticket))
        await work.flush()
        await drop_card(work, card)
        assert await queue_redraw(work, ticket, delay=SOON) == 0


async def test_a_message_that_shows_another_view_now_is_the_same_card(database: Database, world: ChatWorld) -> None:
    ticket, other = await world.add_ticket(), await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        card = await queue_view(work, there.id, ShownView("queue", {}, "de", (other,)))
    await posted(database, card, "1.1")
    async with database.begin(SYSTEM) as work:
        assert await queue_view_in_place(work, there.id, "1.1", own(ticket)) == card
        unknown = await queue_view_in_place(work, there.id, "2.2", own(ticket))
    async with database.connect() as connection:
        shown = await find_card(connection, there.id, "1.1")
        assert shown is not None
        assert (shown.view, shown.ticket_id) == ("ticket", ticket)
        assert await find_ticket_of_thread(connection, there.id, "2.2") == ticket
    updates = [row.card_id for row in await list_deliveries(database) if row.kind == "update"]
    assert sorted(updates) == sorted([card, unknown])


async def test_a_static_card_in_the_place_of_a_living_one_ends_it(database: Database, world: ChatWorld) -> None:
    ticket = await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        card = await queue_view(work, there.id, own(ticket))
    await posted(database, card, "1.1")
    async with database.begin(SYSTEM) as work:
        await queue_update(work, there.id, "1.1", {"heading": "first"})
        await queue_update(work, there.id, "1.1", {"heading": "second"})
        await queue_delete(work, there.id, "2.2")
        assert await queue_redraw(work, ticket, delay=SOON) == 0
    (_, change, deletion) = await list_deliveries(database)
    assert (change.target, change.content, change.wanted) == ("1.1", {"heading": "second"}, 2)
    assert (deletion.kind, deletion.target) == ("delete", "2.2")


async def test_a_thread_belongs_to_the_ticket_whose_own_card_stands_in_it(database: Database, world: ChatWorld) -> None:
    ticket, other = await world.add_ticket(), await world.add_ticket()
    there = await world.add_conversation("C1")
    async with database.begin(SYSTEM) as work:
        root = await queue_view(work, there.id, own(ticket))
        await queue_view(work, there.id, own(other), thread="1.1")
        await queue_view(work, there.id, own(other), thread="3.3")
        await queue_view(work, there.id, ShownView("queue", {}, "de", (other,)), thread="4.4")
    await posted(database, root, "1.1")
    async with database.connect() as connection:
        found = [await find_ticket_of_thread(connection, there.id, each) for each in ("1.1", "3.3", "4.4")]
    assert found == [ticket, other, None]
