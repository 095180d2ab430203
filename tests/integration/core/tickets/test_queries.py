"""Who sees what, and what is found."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from core.actor import SYSTEM, Actor
from core.errors import NotFound, PermissionDenied
from core.ids import TicketNumber
from core.tickets.model import tickets
from core.tickets.queries import (
    Sort,
    SortKey,
    TicketFilters,
    find_attachments,
    find_messages,
    find_receipts,
    find_tickets,
    get_attachment,
    get_ticket,
)
from core.tickets.rules import MessageKind, TicketPriority, TicketStatus
from core.tickets.writing import NewAttachment
from tests.integration.core.tickets.desk import Desk

FILE = NewAttachment("Plan.pdf", "application/pdf", 5, "0" * 64)


async def titles(
    desk: Desk,
    actor: Actor,
    filters: TicketFilters | None = None,
    *,
    sort: tuple[Sort, ...] = (Sort(SortKey.NUMBER),),
) -> list[str]:
    async with desk.database.connect() as connection:
        found = await find_tickets(connection, actor, filters or TicketFilters(), sort=sort, limit=100)
    assert found.total == len(found.rows)
    return [row["title"] for row in found.rows]


async def test_each_kind_of_role_sees_its_tickets(desk: Desk) -> None:
    await desk.open("by anna", contact=desk.anna_contact)
    await desk.open("anna in copy", contact=desk.ben_contact, copied=("ANNA.Hofer@hofer.example",))
    await desk.open("by ben", contact=desk.ben_contact)
    await desk.open("linde", customer=desk.linde)
    await desk.open("linde with anna in copy", customer=desk.linde, copied=("anna.hofer@hofer.example",))
    assert await titles(desk, desk.anna) == ["by anna", "anna in copy"]
    assert await titles(desk, desk.hofer_admin) == ["by anna", "anna in copy", "by ben"]
    assert await titles(desk, desk.linde_admin) == ["linde", "linde with anna in copy"]
    assert len(await titles(desk, desk.technician)) == 5
    assert await titles(desk, desk.security) == []


async def test_a_ticket_of_others_is_not_there(desk: Desk) -> None:
    ticket = await desk.open("by ben", contact=desk.ben_contact, attachments=(FILE,))
    async with desk.database.connect() as connection:
        (file,) = await find_attachments(connection, desk.hofer_admin, ticket.number)
        assert (await get_ticket(connection, desk.hofer_admin, ticket.id))["contact_name"] == "Ben Hofer"
        for stranger in (desk.anna, desk.linde_admin, desk.security):
            with pytest.raises(NotFound):
                await get_ticket(connection, stranger, ticket.id)
            with pytest.raises(NotFound):
                await find_messages(connection, stranger, ticket.number)
            with pytest.raises(NotFound):
                await get_attachment(connection, stranger, file["id"])


async def test_a_deleted_ticket_is_seen_by_nobody(desk: Desk) -> None:
    ticket = await desk.open("gone")
    async with desk.database.begin(SYSTEM) as work:
        await work.execute(update(tickets).where(tickets.c.id == ticket.id).values(deleted_at=work.now))
    assert await titles(desk, SYSTEM) == []
    async with desk.database.connect() as connection:
        with pytest.raises(NotFound):
            await get_ticket(connection, SYSTEM, ticket.number)


async def test_notes_are_hidden_from_customers_in_reading_and_in_search(desk: Desk) -> None:
    ticket = await desk.say(await desk.open("Drucker"), "Der Kunde ist schwierig", MessageKind.NOTE)
    await desk.say(ticket, "Wir kommen morgen")
    async with desk.database.connect() as connection:
        seen = await find_messages(connection, desk.hofer_admin, ticket.number)
        assert [row["text"] for row in seen.rows] == ["Bitte um Hilfe.", "Wir kommen morgen"]
        assert seen.total == 2
        assert (await find_messages(connection, desk.technician, ticket.number)).total == 3
    assert await titles(desk, desk.hofer_admin, TicketFilters(search="schwierig")) == []
    assert await titles(desk, desk.technician, TicketFilters(search="schwierig")) == ["Drucker"]


async def test_receipts_are_for_staff(desk: Desk) -> None:
    ticket = await desk.open("Drucker")
    async with desk.database.connect() as connection:
        assert await find_receipts(connection, desk.technician, ticket.number) == []
        with pytest.raises(PermissionDenied):
            await find_receipts(connection, desk.hofer_admin, ticket.number)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Drucker", ["Alle Druckern fehlt Papier"]),
        ("networks", ["The network fails"]),
        ("Häuser", ["Anfrage"]),
        ("rebooting", ["Server"]),
        ('"keine Verbindung"', ["Server"]),
        ("network or Papier", ["Alle Druckern fehlt Papier", "The network fails"]),
        ("fails -network", []),
        ("gibt's nicht", []),
        ("'; DROP & | ! ( <-> :*", []),
    ],
)
async def test_search_knows_german_and_english(desk: Desk, words: str, found: list[str]) -> None:
    await desk.open("Alle Druckern fehlt Papier")
    await desk.open("The network fails")
    await desk.open("Anfrage", text="Im Haus ist das Licht aus.")
    await desk.open("Server", text="It reboots. Danach keine Verbindung.")
    assert await titles(desk, desk.technician, TicketFilters(search=words)) == found


async def test_filters_narrow_the_list_together(desk: Desk) -> None:
    first = await desk.open("first", priority=TicketPriority.HIGH)
    await desk.open("second", customer=desk.linde)
    async with desk.database.begin(SYSTEM) as work:
        values = {"status": "assigned", "assigned_to": desk.technician.user_id, "tags": ["vip", "lan"]}
        await work.execute(update(tickets).where(tickets.c.id == first.id).values(category="network", **values))
    matching = [
        TicketFilters(statuses=(TicketStatus.ASSIGNED, TicketStatus.CLOSED)),
        TicketFilters(priorities=(TicketPriority.HIGH,)),
        TicketFilters(customer_id=desk.hofer),
        TicketFilters(assigned_to=desk.technician.user_id),
        TicketFilters(category="network"),
        TicketFilters(tag="lan"),
        TicketFilters(number=first.number),
    ]
    for filters in matching:
        assert await titles(desk, desk.technician, filters) == ["first"], filters
    nothing = TicketFilters(statuses=(TicketStatus.NEW,), customer_id=desk.hofer)
    assert await titles(desk, desk.technician, nothing) == []
    assert await titles(desk, desk.technician, TicketFilters(number=TicketNumber(1))) == []


async def test_created_after_and_before_cut_the_time(desk: Desk) -> None:
    await desk.open("first")
    second = await desk.open("second")
    async with desk.database.connect() as connection:
        at = (await get_ticket(connection, SYSTEM, second.id))["created_at"]
    assert await titles(desk, SYSTEM, TicketFilters(created_before=at)) == ["first"]
    assert await titles(desk, SYSTEM, TicketFilters(created_after=at)) == ["second"]


async def test_priority_is_sorted_by_rank_and_then_by_the_next_key(desk: Desk) -> None:
    for title, priority in (("a", "low"), ("b", "critical"), ("c", "medium"), ("d", "high"), ("e", "critical")):
        await desk.open(title, priority=TicketPriority(priority))
    order = (Sort(SortKey.PRIORITY, descending=True), Sort(SortKey.CREATED_AT))
    assert await titles(desk, SYSTEM, sort=order) == ["b", "e", "d", "c", "a"]


async def test_pages_of_equal_keys_neither_overlap_nor_lose(desk: Desk) -> None:
    for position in range(7):
        await desk.open(f"ticket {position}")
    seen: list[int] = []
    async with desk.database.connect() as connection:
        for offset in (0, 3, 6):
            sort = (Sort(SortKey.PRIORITY),)
            part = await find_tickets(connection, SYSTEM, TicketFilters(), sort=sort, offset=offset, limit=3)
            assert part.total == 7
            seen += [row["number"] for row in part.rows]
    assert seen == sorted(set(seen))
    assert len(seen) == 7
