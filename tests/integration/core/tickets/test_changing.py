"""What chat does to tickets: intentions without a version, each once, whoever is faster."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.actor import Actor, ActorKind
from core.database.engine import Database
from core.errors import AlreadyDone, Conflict, InvalidInput, NotFound, PermissionDenied
from core.identity.roles import Role
from core.ids import new_uuid
from core.tickets.queries import find_messages, find_ticket_by_source_reference, get_ticket
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus
from core.tickets.service import TicketRequest, Tickets
from tests.integration.core.tickets.desk import Desk
from tests.integration.core.tickets.reading import events, read, texts


@pytest.fixture
def service(database: Database) -> Tickets:
    return Tickets(database)


def visitor(desk: Desk, *, name: str = "Gerda", email: str | None = None) -> Actor:
    """Someone of Hofer who writes in the channel that is shared with them."""
    role = Role.CUSTOMER_TECHNICIAN
    return Actor(kind=ActorKind.CONTACT, email=email, role=role, customer_id=desk.hofer, name=name)


async def test_an_intention_needs_no_version(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await desk.say(ref, "schon dran", MessageKind.NOTE)
    after = await service.change_ticket(desk.technician, ref.number, None, {"priority": TicketPriority.HIGH})
    assert after.version == 3


async def test_of_two_who_take_a_ticket_at_once_one_gets_it_and_the_other_hears_who(
    service: Tickets, desk: Desk
) -> None:
    ref = await desk.open("Drucker")
    both = [service.take_ticket(actor, ref.number) for actor in (desk.technician, desk.manager)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    owner = (await read(desk, ref.id))["assigned_to_name"]
    assert str(refused) == f"Ticket #{ref.number} is {owner}'s already."
    assert [name for name, _ in await events(desk, ref)].count("ticket.assigned") == 1


async def test_taking_ones_own_ticket_again_changes_nothing(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    taken = await service.take_ticket(desk.technician, ref.id)
    assert taken.status is TicketStatus.ASSIGNED
    assert await service.take_ticket(desk.technician, ref.id) == taken
    with pytest.raises(PermissionDenied):
        await service.take_ticket(desk.anna, ref.id)


async def test_what_arrives_twice_has_its_effect_once(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    actor = replace(desk.technician, origin=new_uuid())
    attempts = [service.add_message(actor, ref.id, MessageKind.NOTE, "Toner leer") for _ in range(3)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyDone", "AlreadyDone", "UUID"]
    assert await texts(desk, ref.id) == ["Bitte um Hilfe.", "Toner leer"]


async def test_what_was_refused_may_be_tried_again(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.take_ticket(desk.manager, ref.id)
    actor = replace(desk.technician, origin=new_uuid())
    with pytest.raises(Conflict):
        await service.take_ticket(actor, ref.id)
    await service.change_ticket(desk.manager, ref.id, None, {"assigned_to": None})
    await service.take_ticket(actor, ref.id)
    with pytest.raises(AlreadyDone):
        await service.take_ticket(actor, ref.id)


async def test_a_ticket_is_found_again_by_what_it_was_made_from(service: Tickets, desk: Desk) -> None:
    origin = new_uuid()
    actor = replace(visitor(desk), origin=origin)
    request = TicketRequest("Drucker", "Er druckt nicht.", source=TicketSource.SLACK, source_reference=f"chat:{origin}")
    ref = await service.open_ticket(actor, request)
    with pytest.raises(AlreadyDone):
        await service.open_ticket(actor, request)
    async with desk.database.connect() as connection:
        found = await find_ticket_by_source_reference(connection, actor, f"chat:{origin}")
        hidden = await find_ticket_by_source_reference(connection, desk.linde_admin, f"chat:{origin}")
    assert found is not None
    assert found["number"] == ref.number
    assert hidden is None


async def test_someone_without_a_user_or_an_address_opens_a_ticket_of_their_company(
    service: Tickets, desk: Desk
) -> None:
    request = TicketRequest("Drucker", "Er druckt nicht.", source=TicketSource.TEAMS)
    ref = await service.open_ticket(visitor(desk, name="Gerda Hofer"), request)
    async with desk.database.connect() as connection:
        ticket = await get_ticket(connection, desk.hofer_admin, ref.id)
        (opening,) = (await find_messages(connection, desk.hofer_admin, ref.id)).rows
    assert (ticket["customer_id"], ticket["contact_id"], ticket["source"]) == (desk.hofer, None, "teams")
    assert (opening["author_name"], opening["is_inbound"]) == ("Gerda Hofer", True)
    known = replace(request, contact_id=desk.ben_contact)
    ref = await service.open_ticket(visitor(desk, name="Ben Hofer"), known)
    assert (await read(desk, ref.id))["contact_id"] == desk.ben_contact
    stranger = replace(visitor(desk), customer_id=desk.linde)
    with pytest.raises(InvalidInput):
        await service.open_ticket(stranger, known)


async def test_a_word_and_a_status_go_together_or_not_at_all(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    public, note, done = MessageKind.PUBLIC, MessageKind.NOTE, TicketStatus.RESOLVED
    await service.add_message(
        desk.technician, ref.id, public, "Er druckt wieder.", source=TicketSource.SLACK, status=done
    )
    ticket = await read(desk, ref.id)
    assert (ticket["status"], ticket["version"], ticket["resolved_at"] is None) == ("resolved", 2, False)
    assert [name for name, _ in await events(desk, ref)] == [
        "ticket.created",
        "ticket.replied",
        "ticket.status_changed",
    ]
    with pytest.raises(Conflict, match="resolved cannot become new"):
        await service.add_message(desk.technician, ref.id, note, "doch neu", status=TicketStatus.NEW)
    assert len(await texts(desk, ref.id)) == 2
    with pytest.raises(PermissionDenied):
        await service.add_message(desk.hofer_admin, ref.id, public, "gut", status=TicketStatus.CLOSED)


async def test_a_word_in_a_shared_channel_reopens_as_a_mail_would(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.change_ticket(desk.technician, ref.id, None, {"status": TicketStatus.WAITING_CUSTOMER})
    someone = visitor(desk)
    await service.add_message(someone, ref.id, MessageKind.PUBLIC, "Seriennummer 17.", source=TicketSource.SLACK)
    assert (await read(desk, ref.id))["status"] == "in_progress"
    with pytest.raises(PermissionDenied):
        await service.add_message(someone, ref.id, MessageKind.NOTE, "psst")
    with pytest.raises(NotFound):
        await service.add_message(replace(someone, customer_id=desk.linde), ref.id, MessageKind.PUBLIC, "Hallo?")


async def test_tags_are_put_on_and_taken_off_whatever_their_case(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    await service.tag_ticket(desk.technician, ref.id, ["Druck", " WLAN "])
    same = await service.tag_ticket(desk.technician, ref.id, ["druck"], ["lan"])
    assert same.version == 2
    await service.tag_ticket(desk.technician, ref.id, ["VIP"], ["DRUCK"])
    assert (await read(desk, ref.id))["tags"] == ["WLAN", "VIP"]
    assert (await events(desk, ref))[1:] == [("ticket.updated", 2), ("ticket.updated", 3)]
    for wrong in ([" "], ["x" * 51], [f"tag {position}" for position in range(19)]):
        with pytest.raises(InvalidInput):
            await service.tag_ticket(desk.technician, ref.id, wrong)
    with pytest.raises(PermissionDenied):
        await service.tag_ticket(desk.hofer_admin, ref.id, ["VIP"])
