"""Tickets that are linked, watched, moved to another customer, split in two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from core.actor import SYSTEM
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from core.ids import CustomerId, MessageId, TicketId, new_uuid
from core.tickets.lookups import find_linked_tickets, find_watchers
from core.tickets.model import thread_ids, ticket_participants
from core.tickets.queries import find_attachments, find_messages
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.service import Tickets
from core.tickets.writing import NewAttachment, NewMessage, TicketRef, add_message
from tests.integration.core.tickets.desk import Desk
from tests.integration.core.tickets.reading import audited, events, read, texts


@pytest.fixture
def service(database: Database) -> Tickets:
    return Tickets(database)


async def linked(desk: Desk, ticket: TicketRef) -> list[tuple[int, str]]:
    async with desk.database.connect() as connection:
        found = await find_linked_tickets(connection, desk.technician, ticket.id)
    return [(row["number"], row["kind"]) for row in found]


async def answer_by_mail(desk: Desk, ticket: TicketRef, text: str, message_id: str) -> MessageId:
    """A customer's mail that was added to the ticket, with a file."""
    mail = NewMessage(
        MessageKind.PUBLIC,
        TicketSource.EMAIL,
        text,
        "Ben Hofer",
        is_inbound=True,
        author_address="ben@hofer.example",
        internet_message_id=message_id,
        attachments=(NewAttachment("foto.png", "image/png", 1, "0" * 64),),
    )
    async with desk.database.begin(SYSTEM) as work:
        _, written = await add_message(work, ticket, mail)
    return written


async def message_rows(desk: Desk, ticket: TicketRef) -> list[Any]:
    async with desk.database.connect() as connection:
        return list((await find_messages(connection, SYSTEM, ticket.id)).rows)


async def test_a_link_is_seen_from_both_sides_and_made_once(service: Tickets, desk: Desk) -> None:
    one, two = await desk.open("Drucker"), await desk.open("Toner")
    assert (await service.link_tickets(desk.technician, one.number, two.number)).version == 2
    assert (await service.link_tickets(desk.technician, two.number, one.number)).version == 2
    assert await linked(desk, one) == [(two.number, "related")]
    assert await linked(desk, two) == [(one.number, "related")]
    for ticket in (one, two):
        assert await events(desk, ticket) == [("ticket.created", 1), ("ticket.updated", 2)]


async def test_links_made_crosswise_at_once_do_not_wait_for_each_other_forever(service: Tickets, desk: Desk) -> None:
    many = [await desk.open(f"Fall {position}") for position in range(4)]
    pairs = [(a, b) for a in many for b in many if a is not b]
    made = [service.link_tickets(desk.technician, a.id, b.id) for a, b in pairs]
    outcomes = await asyncio.gather(*made, return_exceptions=True)
    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []
    assert len(await linked(desk, many[0])) == 3


async def test_links_stay_within_a_customer_but_for_triage(service: Tickets, desk: Desk) -> None:
    async with desk.database.begin(SYSTEM) as work:
        triage = await ensure_triage_customer(work)
    ours, theirs, unknown = (
        await desk.open("Drucker"),
        await desk.open("Drucker", customer=desk.linde),
        await desk.open("Drucker", customer=triage),
    )
    with pytest.raises(Conflict, match="different customers"):
        await service.link_tickets(desk.technician, ours.id, theirs.id)
    with pytest.raises(InvalidInput):
        await service.link_tickets(desk.technician, ours.id, ours.number)
    with pytest.raises(PermissionDenied):
        await service.link_tickets(desk.hofer_admin, ours.id, ours.id)
    await service.link_tickets(desk.technician, ours.id, unknown.id)
    await service.link_tickets(desk.technician, unknown.id, theirs.id)


async def test_watching_is_told_once(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.watch(desk.technician, ref.number)
    assert (await service.watch(desk.technician, ref.id)).version == 2
    await service.watch(desk.manager, ref.id)
    async with desk.database.connect() as connection:
        seen = await find_watchers(connection, desk.technician, ref.id)
        assert [row["first_name"] for row in seen] == ["Toni", "Maria"]
        assert await find_watchers(connection, desk.hofer_admin, ref.id) == []
    await service.unwatch(desk.technician, ref.id)
    assert (await service.unwatch(desk.technician, ref.id)).version == 4
    assert [name for name, _ in await events(desk, ref)][1:] == ["ticket.updated"] * 3
    with pytest.raises(PermissionDenied):
        await service.watch(desk.hofer_admin, ref.id)
    with pytest.raises(NotFound):
        await service.watch(desk.security, ref.id)


async def test_a_moved_ticket_is_the_other_customers_alone(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker", contact=desk.anna_contact)
    after = await service.move_ticket(desk.technician, ref.id, desk.linde, source=TicketSource.TEAMS)
    ticket = await read(desk, ref.id, desk.linde_admin)
    assert (ticket["customer_name"], ticket["contact_id"]) == ("Gasthof zur Linde", None)
    with pytest.raises(NotFound):
        await read(desk, ref.id, desk.hofer_admin)
    remark = (await message_rows(desk, ref))[-1]
    assert (remark["text"], remark["kind"], remark["source"]) == (
        "Moved from Tischlerei Hofer to Gasthof zur Linde.",
        "system",
        "teams",
    )
    (record,) = await audited(desk, ref)
    assert record["old"] == {"customer_id": str(desk.hofer), "contact_id": str(desk.anna_contact)}
    assert after.version == (await read(desk, ref.id))["version"]
    assert await service.move_ticket(desk.technician, ref.id, desk.linde) == after


async def test_a_ticket_is_moved_by_those_who_may_to_customers_there_are(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    with pytest.raises(InvalidInput):
        await service.move_ticket(desk.technician, ref.id, CustomerId(new_uuid()))
    with pytest.raises(PermissionDenied):
        await service.move_ticket(desk.hofer_admin, ref.id, desk.linde)
    await service.merge(desk.technician, ref.id, (await desk.open("anderer")).id)
    with pytest.raises(Conflict):
        await service.move_ticket(desk.technician, ref.id, desk.linde)


async def test_a_message_that_is_split_off_opens_a_ticket_with_all_that_is_its_own(
    service: Tickets, desk: Desk
) -> None:
    old = await desk.open("Drucker", contact=desk.anna_contact, address="anna.hofer@hofer.example")
    message_id = await answer_by_mail(desk, old, "Übrigens geht das WLAN nicht.\nBen", "wlan@hofer.example")
    new = await service.split_ticket(desk.technician, old.number, message_id, source=TicketSource.SLACK)
    assert await texts(desk, old.id) == ["Bitte um Hilfe.", f"A message was split off into ticket #{new.number}."]
    assert await texts(desk, new.id) == ["Übrigens geht das WLAN nicht.\nBen", f"Split off from ticket #{old.number}."]
    ticket = await read(desk, new.id)
    assert (ticket["title"], ticket["customer_id"], ticket["source"]) == (
        "Übrigens geht das WLAN nicht.",
        desk.hofer,
        "slack",
    )
    assert await linked(desk, old) == [(new.number, "related")]
    async with desk.database.connect() as connection:
        assert len(await find_attachments(connection, SYSTEM, new.id)) == 1
        edges = await connection.execute(select(thread_ids.c.ticket_id))
        assert edges.scalars().all() == [new.id]
        asks = select(ticket_participants.c.address).where(ticket_participants.c.ticket_id == new.id)
        assert (await connection.execute(asks)).scalars().all() == ["ben@hofer.example"]
    assert [name for name, _ in await events(desk, new)] == ["ticket.created", "ticket.replied"]
    assert (await events(desk, old))[-1] == ("ticket.replied", 3)


async def test_what_a_ticket_begins_with_stays_there(service: Tickets, desk: Desk) -> None:
    ref, other = await desk.open("Drucker"), await desk.open("Toner")
    message_id = await answer_by_mail(desk, ref, "Danke", "a@hofer.example")
    opening = (await message_rows(desk, ref))[0]["id"]
    with pytest.raises(Conflict, match="begins with this message"):
        await service.split_ticket(desk.technician, ref.id, opening, "neu")
    for elsewhere in (other.id, TicketId(new_uuid())):
        with pytest.raises(NotFound):
            await service.split_ticket(desk.technician, elsewhere, message_id, "neu")
    with pytest.raises(PermissionDenied):
        await service.split_ticket(desk.hofer_admin, ref.id, message_id, "neu")
    twice = [service.split_ticket(desk.technician, ref.id, message_id, "neu") for _ in range(2)]
    outcomes = await asyncio.gather(*twice, return_exceptions=True)
    assert [type(each) for each in outcomes if isinstance(each, BaseException)] == [NotFound]
