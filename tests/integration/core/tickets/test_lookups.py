"""Queues, counts, and what is found as one types."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text, update

from core.actor import SYSTEM, Actor
from core.database.page import RowPage
from core.tickets.lookups import find_ticket_numbers
from core.tickets.model import tickets
from core.tickets.queries import Sort, SortKey, TicketFilters, count_by_status, find_tickets
from core.tickets.rules import TicketPriority, TicketStatus
from core.tickets.service import Tickets
from core.tickets.writing import TicketRef
from tests.integration.core.tickets.desk import Desk

QUEUE = (Sort(SortKey.PRIORITY, descending=True), Sort(SortKey.CREATED_AT))


async def queue(desk: Desk, filters: TicketFilters, actor: Actor = SYSTEM) -> RowPage:
    async with desk.database.connect() as connection:
        return await find_tickets(connection, actor, filters, sort=QUEUE)


async def typed(desk: Desk, words: str, actor: Actor = SYSTEM) -> list[int]:
    async with desk.database.connect() as connection:
        return [row["number"] for row in await find_ticket_numbers(connection, actor, words)]


async def age(desk: Desk, ticket: TicketRef, hours: int) -> None:
    async with desk.database.begin(SYSTEM) as work:
        older = {"created_at": work.now - timedelta(hours=hours)}
        await work.execute(update(tickets).where(tickets.c.id == ticket.id).values(older))


async def test_the_queue_has_what_nobody_took_by_priority_and_then_by_age(desk: Desk) -> None:
    service = Tickets(desk.database)
    low, young, old, taken, done = [await desk.open(f"Fall {position}") for position in range(5)]
    await service.change_ticket(desk.technician, low.id, None, {"priority": TicketPriority.LOW})
    urgent = await desk.open("Server steht", priority=TicketPriority.CRITICAL)
    await age(desk, old, hours=2)
    await age(desk, young, hours=1)
    await service.take_ticket(desk.technician, taken.id)
    await service.change_ticket(desk.technician, done.id, None, {"status": TicketStatus.RESOLVED})
    found = await queue(desk, TicketFilters(is_open=True, is_unassigned=True))
    assert [row["number"] for row in found.rows] == [each.number for each in (urgent, old, young, low)]
    assert found.total == 4
    mine = await queue(desk, TicketFilters(is_open=True, assigned_to=desk.technician.user_id))
    assert [row["number"] for row in mine.rows] == [taken.number]
    closed = await queue(desk, TicketFilters(is_open=False))
    assert [row["number"] for row in closed.rows] == [done.number]


async def test_open_tickets_are_counted_by_status_within_what_one_may_see(desk: Desk) -> None:
    service = Tickets(desk.database)
    for position in range(3):
        ref = await desk.open(f"Fall {position}")
    await service.take_ticket(desk.technician, ref.id)
    await desk.open("fremd", customer=desk.linde)
    async with desk.database.connect() as connection:
        counts = await count_by_status(connection, desk.technician, TicketFilters(is_open=True))
        theirs = await count_by_status(connection, desk.hofer_admin, TicketFilters(is_open=True))
    assert counts == {TicketStatus.NEW: 3, TicketStatus.ASSIGNED: 1}
    assert theirs == {TicketStatus.NEW: 2, TicketStatus.ASSIGNED: 1}


async def test_the_list_of_open_tickets_comes_sorted_from_its_index(desk: Desk) -> None:
    async with desk.database.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        await connection.execute(text("SET enable_sort = off"))
        statement = "EXPLAIN SELECT id FROM tickets WHERE status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"
        order = "array_position(ARRAY['low', 'medium', 'high', 'critical'], priority) DESC, created_at, id"
        plan = (await connection.execute(text(f"{statement} ORDER BY {order}"))).scalars().all()
    assert "Index Scan Backward using tickets_queue_idx" in plan[0]


async def test_a_number_is_found_by_its_beginning_and_a_title_by_a_part(desk: Desk) -> None:
    opened = [await desk.open(title) for title in ("Drucker streikt", "100% Papier_stau", "WLAN")]
    first, second, third = [each.number for each in opened]
    assert await typed(desk, f"#{first}") == [first]
    assert await typed(desk, str(first)[:-1]) == [third, second, first]
    assert await typed(desk, "DRUCK") == [first]
    assert await typed(desk, "0% papier_") == [second]
    assert await typed(desk, "%") == [second]
    assert await typed(desk, "9" * 30) == []
    assert await typed(desk, "") == [third, second, first]


async def test_nobody_finds_what_they_may_not_see(desk: Desk) -> None:
    ref = await desk.open("Drucker")
    assert await typed(desk, str(ref.number), desk.linde_admin) == []
    assert await typed(desk, "", desk.security) == []
    assert await typed(desk, "druck", desk.hofer_admin) == [ref.number]
