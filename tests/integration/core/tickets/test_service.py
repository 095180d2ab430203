"""Use cases on tickets: what they write, and what they refuse."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.actor import SYSTEM
from core.customers.model import contacts
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, VersionConflict
from core.identity.roles import Role
from core.ids import CustomerId, TicketId, UserId, new_uuid
from core.tickets.model import ticket_participants, tickets
from core.tickets.queries import find_messages
from core.tickets.rules import MessageKind, TicketPriority, TicketStatus
from core.tickets.service import IdempotencyKey, TicketChanges, TicketRequest, Tickets
from tests.integration.core.tickets.desk import Desk
from tests.integration.core.tickets.reading import audited, events, read, texts

PRINTER = TicketRequest("Drucker druckt nicht", "Seit heute früh kommt nur leeres Papier.")


@pytest.fixture
def service(database: Database) -> Tickets:
    return Tickets(database)


async def test_a_customers_user_opens_a_ticket_of_its_company_as_its_own_contact(service: Tickets, desk: Desk) -> None:
    ref = await service.open_ticket(desk.anna, PRINTER)
    ticket = await read(desk, ref.number, desk.anna)
    assert ticket["customer_id"] == desk.hofer
    assert ticket["contact_id"] == desk.anna_contact
    assert ticket["source"] == "api"
    assert ticket["description"] == PRINTER.description
    assert await events(desk, ref) == [("ticket.created", 1)]


async def test_a_user_whom_no_contact_stands_for_becomes_one_once(service: Tickets, desk: Desk) -> None:
    first, second = await asyncio.gather(
        service.open_ticket(desk.hofer_admin, PRINTER), service.open_ticket(desk.hofer_admin, PRINTER)
    )
    assert (await read(desk, first.id))["contact_id"] == (await read(desk, second.id))["contact_id"] is not None
    async with desk.database.connect() as connection:
        found = await connection.execute(select(contacts.c.last_name).where(contacts.c.email == "admin@hofer.example"))
        assert found.scalars().all() == ["Muster"]


async def test_a_contact_of_another_customer_is_not_taken(service: Tickets, desk: Desk) -> None:
    """The address belongs to Ben of Hofer; a user of Linde with it still sees its own ticket."""
    user = replace(desk.linde_admin, email="Ben@hofer.example", role=Role.CUSTOMER_USER)
    ref = await service.open_ticket(user, PRINTER)
    ticket = await read(desk, ref.id, user)
    assert (ticket["customer_id"], ticket["contact_id"]) == (desk.linde, None)


async def test_customers_open_nothing_for_others(service: Tickets, desk: Desk) -> None:
    foreign = TicketRequest("Drucker", "Bitte um Hilfe.", customer_id=desk.linde)
    with pytest.raises(InvalidInput) as caught:
        await service.open_ticket(desk.anna, foreign)
    assert caught.value.field == "customer_id"


async def test_staff_open_a_ticket_for_a_contact_as_on_the_phone(service: Tickets, desk: Desk) -> None:
    request = TicketRequest("Anruf", "Ben braucht Hilfe.", customer_id=desk.hofer, contact_id=desk.ben_contact)
    ref = await service.open_ticket(desk.technician, request)
    async with desk.database.connect() as connection:
        taking_part = select(ticket_participants.c.address).where(ticket_participants.c.ticket_id == ref.id)
        assert (await connection.execute(taking_part)).scalars().all() == ["ben@hofer.example"]


async def test_staff_say_for_whom(service: Tickets, desk: Desk) -> None:
    missing = TicketRequest("Anruf", "Hilfe.")
    unknown = TicketRequest("Anruf", "Hilfe.", customer_id=CustomerId(new_uuid()))
    stranger = TicketRequest("Anruf", "Hilfe.", customer_id=desk.linde, contact_id=desk.ben_contact)
    for request, field in ((missing, "customer_id"), (unknown, "customer_id"), (stranger, "contact_id")):
        with pytest.raises(InvalidInput) as caught:
            await service.open_ticket(desk.technician, request)
        assert caught.value.field == field
    with pytest.raises(PermissionDenied):
        await service.open_ticket(desk.security, PRINTER)


async def test_a_repeated_request_answers_the_same_ticket(service: Tickets, desk: Desk) -> None:
    key = IdempotencyKey("a-1", "digest")
    both = await asyncio.gather(*(service.open_ticket(desk.anna, PRINTER, key) for _ in range(5)))
    assert len(set(both)) == 1
    with pytest.raises(Conflict, match="another request"):
        await service.open_ticket(desk.anna, PRINTER, IdempotencyKey("a-1", "other"))
    assert await service.open_ticket(desk.hofer_admin, PRINTER, key) != both[0]
    async with desk.database.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(tickets))).scalar_one() == 2


async def test_a_change_is_told_and_audited(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    changes: TicketChanges = {"title": "Drucker EG", "priority": TicketPriority.HIGH, "tags": ("lan",)}
    after = await service.change_ticket(desk.technician, ref.id, 1, changes)
    assert after.version == 2
    ticket = await read(desk, ref.id)
    assert (ticket["title"], ticket["priority"], ticket["tags"]) == ("Drucker EG", "high", ["lan"])
    assert await events(desk, ref) == [("ticket.created", 1), ("ticket.updated", 2)]
    (record,) = await audited(desk, ref)
    assert record["old"] == {"title": "Drucker", "priority": "medium", "tags": []}
    assert record["new"]["title"] == "Drucker EG"


async def test_a_change_to_what_is_there_already_is_none(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    same: TicketChanges = {"title": "Drucker", "status": TicketStatus.NEW, "assigned_to": None, "tags": ()}
    assert await service.change_ticket(desk.technician, ref.id, 1, same) == ref
    assert await audited(desk, ref) == []


async def test_the_audit_does_not_hold_the_description(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.change_ticket(desk.technician, ref.id, 1, {"description": "Kennwort: geheim"})
    assert await audited(desk, ref) == [{"old": {}, "new": {"fields": ["description"]}}]


async def test_of_two_changes_to_one_version_the_second_is_refused(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    titles: list[TicketChanges] = [{"title": "eins"}, {"title": "zwei"}]
    outcomes = await asyncio.gather(
        *(service.change_ticket(desk.technician, ref.id, 1, title) for title in titles), return_exceptions=True
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
    assert (refused.expected, refused.actual) == (1, 2)
    assert (await read(desk, ref.id))["version"] == 2


async def test_a_new_ticket_that_someone_takes_is_assigned(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    taken = await service.change_ticket(desk.technician, ref.id, 1, {"assigned_to": desk.technician.user_id})
    assert taken.status is TicketStatus.ASSIGNED
    assert (await read(desk, ref.id))["assigned_to_name"] == "Toni Muster"
    assert await events(desk, ref) == [("ticket.created", 1), ("ticket.assigned", 2), ("ticket.status_changed", 2)]
    back = await service.change_ticket(desk.technician, ref.id, 2, {"assigned_to": None})
    assert back.status is TicketStatus.NEW


async def test_only_people_of_the_desk_are_assigned(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    for nobody in (desk.anna.user_id, UserId(new_uuid())):
        with pytest.raises(InvalidInput) as caught:
            await service.change_ticket(desk.technician, ref.id, 1, {"assigned_to": nobody})
        assert caught.value.field == "assigned_to"


async def test_a_status_that_cannot_follow_is_refused_with_those_that_can(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    closed = await service.change_ticket(desk.technician, ref.id, 1, {"status": TicketStatus.CLOSED})
    assert (await read(desk, ref.id))["closed_at"] is not None
    with pytest.raises(Conflict, match="closed cannot become new; possible: assigned, in_progress"):
        await service.change_ticket(desk.technician, ref.id, closed.version, {"status": TicketStatus.NEW})
    await service.change_ticket(desk.technician, ref.id, closed.version, {"status": TicketStatus.IN_PROGRESS})
    assert (await read(desk, ref.id))["closed_at"] is None


async def test_customers_change_delete_and_merge_nothing(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker", contact=desk.anna_contact)
    with pytest.raises(PermissionDenied):
        await service.change_ticket(desk.hofer_admin, ref.id, 1, {"title": "meins"})
    with pytest.raises(PermissionDenied):
        await service.delete_ticket(desk.technician, ref.id)
    with pytest.raises(PermissionDenied):
        await service.merge(desk.hofer_admin, ref.id, ref.id)


async def test_a_customers_reply_goes_in_and_reopens(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker", contact=desk.anna_contact)
    await service.change_ticket(desk.technician, ref.id, 1, {"status": TicketStatus.RESOLVED})
    await service.add_message(desk.anna, ref.id, MessageKind.PUBLIC, "Er druckt wieder nicht.")
    ticket = await read(desk, ref.id)
    assert (ticket["status"], ticket["resolved_at"], ticket["first_response_at"]) == ("in_progress", None, None)
    async with desk.database.connect() as connection:
        said = (await find_messages(connection, desk.anna, ref.id)).rows[-1]
    assert said["is_inbound"]
    assert said["author_contact_id"] == desk.anna_contact
    with pytest.raises(PermissionDenied):
        await service.add_message(desk.anna, ref.id, MessageKind.NOTE, "psst")


async def test_the_desks_first_public_reply_is_the_first_response(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.add_message(desk.technician, ref.id, MessageKind.NOTE, "schon wieder")
    assert (await read(desk, ref.id))["first_response_at"] is None
    await service.add_message(desk.technician, ref.id, MessageKind.PUBLIC, "Wir kommen.")
    first = (await read(desk, ref.id))["first_response_at"]
    assert first is not None
    await service.add_message(desk.technician, ref.id, MessageKind.PUBLIC, "Wir sind da.")
    assert (await read(desk, ref.id))["first_response_at"] == first


async def test_replies_side_by_side_are_all_kept(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    said = [f"Nachricht {position}" for position in range(6)]
    await asyncio.gather(*(service.add_message(desk.technician, ref.id, MessageKind.PUBLIC, text) for text in said))
    assert sorted((await texts(desk, ref.id))[1:]) == said
    assert (await read(desk, ref.id))["version"] == 7


async def test_a_stranger_finds_no_ticket_to_speak_on(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker", contact=desk.ben_contact)
    for stranger in (desk.anna, desk.linde_admin):
        with pytest.raises(NotFound):
            await service.add_message(stranger, ref.number, MessageKind.PUBLIC, "Hallo?")


async def test_a_deleted_ticket_is_gone_for_everyone(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.delete_ticket(desk.manager, ref.number)
    with pytest.raises(NotFound):
        await service.delete_ticket(desk.manager, ref.number)
    assert (await events(desk, ref))[-1] == ("ticket.deleted", 2)


async def test_a_merged_ticket_is_closed_and_points_to_the_other(service: Tickets, desk: Desk) -> None:
    old, living = await desk.open("Drucker"), await desk.open("Drucker die zweite")
    assert (await service.merge(desk.technician, old.number, living.number)).id == living.id
    gone = await read(desk, old.id)
    assert (gone["status"], gone["merged_into_id"]) == ("closed", living.id)
    assert await texts(desk, old.id) == ["Bitte um Hilfe.", f"Merged into ticket #{living.number}."]
    assert (await texts(desk, living.id))[1:] == [f"Ticket #{old.number} was merged into this one."]
    with pytest.raises(Conflict, match="merged into another"):
        await service.add_message(desk.technician, old.id, MessageKind.PUBLIC, "noch da?")
    with pytest.raises(Conflict, match="merged into another"):
        await service.change_ticket(desk.technician, old.id, 2, {"status": TicketStatus.IN_PROGRESS})


async def test_a_merge_follows_earlier_ones_and_never_makes_a_circle(service: Tickets, desk: Desk) -> None:
    """zammad#983"""
    first, second, third = [await desk.open(title) for title in ("eins", "zwei", "drei")]
    await service.merge(desk.technician, first.id, second.id)
    assert (await service.merge(desk.technician, third.id, first.id)).id == second.id
    for into in (first, second, third):
        with pytest.raises(Conflict):
            await service.merge(desk.technician, second.id, into.id)
    with pytest.raises(Conflict, match="already"):
        await service.merge(desk.technician, first.id, third.id)


async def test_merges_side_by_side_leave_one_ticket_living(service: Tickets, desk: Desk) -> None:
    """zammad#983"""
    circle = [await desk.open(f"Fall {position}") for position in range(4)]
    merges = [service.merge(desk.technician, each.id, circle[at - 3].id) for at, each in enumerate(circle)]
    outcomes = await asyncio.gather(*merges, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [Conflict]
    async with desk.database.connect() as connection:
        living = await connection.execute(select(tickets.c.id).where(tickets.c.merged_into_id.is_(None)))
        assert len(living.scalars().all()) == 1


async def test_what_an_unknown_sender_wrote_is_merged_into_a_customers_ticket(service: Tickets, desk: Desk) -> None:
    async with desk.database.begin(SYSTEM) as work:
        triage = await ensure_triage_customer(work)
    unknown, known = await desk.open("Drucker", customer=triage), await desk.open("Drucker")
    assert (await service.merge(desk.technician, unknown.id, known.id)).id == known.id


async def test_tickets_of_two_customers_are_not_merged(service: Tickets, desk: Desk) -> None:
    ours, theirs = await desk.open("Drucker"), await desk.open("Drucker", customer=desk.linde)
    with pytest.raises(Conflict, match="different customers"):
        await service.merge(desk.technician, ours.id, theirs.id)
    with pytest.raises(NotFound):
        await service.merge(desk.technician, ours.id, TicketId(new_uuid()))
