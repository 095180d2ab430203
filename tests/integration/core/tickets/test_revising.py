"""What was said and then changed or taken back: nothing is lost, and nobody changes what another said."""

from __future__ import annotations

from typing import Any

import pytest

from core.actor import Actor, ActorKind
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.identity.roles import Role
from core.ids import MessageId
from core.tickets.lookups import find_revisions
from core.tickets.queries import TicketFilters, find_messages, find_tickets, get_message
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.service import TicketRequest, Tickets
from tests.integration.core.tickets.desk import Desk
from tests.integration.core.tickets.reading import events, read

NOTE, PUBLIC = MessageKind.NOTE, MessageKind.PUBLIC


@pytest.fixture
def service(database: Database) -> Tickets:
    return Tickets(database)


def gerda(desk: Desk) -> Actor:
    """Writes in the channel that is shared with Hofer; only her name is known."""
    role = Role.CUSTOMER_TECHNICIAN
    return Actor(kind=ActorKind.CONTACT, role=role, customer_id=desk.hofer, name="Gerda")


async def shown(desk: Desk, message_id: MessageId) -> tuple[str, bool, bool]:
    """Text, whether it was edited, whether it was taken back."""
    async with desk.database.connect() as connection:
        row = await get_message(connection, desk.manager, message_id)
    return row["text"], row["edited_at"] is not None, row["deleted_at"] is not None


async def revisions(desk: Desk, message_id: MessageId, actor: Actor | None = None) -> list[Any]:
    async with desk.database.connect() as connection:
        found = await find_revisions(connection, actor or desk.manager, message_id)
    return [(row["text"], row["is_deletion"], row["first_name"]) for row in found]


async def test_a_note_changes_and_what_it_said_is_kept(service: Tickets, desk: Desk) -> None:
    """posthog#85974"""
    ref = await desk.open("Drucker")
    message_id = await service.add_message(desk.technician, ref.id, NOTE, "Toner lehr")
    after = await service.revise_message(desk.technician, message_id, "Toner leer")
    assert await service.revise_message(desk.technician, message_id, "Toner leer") == after
    assert await shown(desk, message_id) == ("Toner leer", True, False)
    assert await revisions(desk, message_id) == [("Toner lehr", False, "Toni")]
    assert await revisions(desk, message_id, desk.hofer_admin) == []
    assert (await events(desk, ref))[-1] == ("ticket.updated", 3)


async def test_a_note_that_was_taken_back_is_empty_and_found_among_its_revisions_only(
    service: Tickets, desk: Desk
) -> None:
    ref = await desk.open("Drucker")
    message_id = await service.add_message(desk.technician, ref.id, NOTE, "Kennwort Zwiebelkuchen")
    await service.revise_message(desk.technician, message_id, None)
    assert await shown(desk, message_id) == ("", False, True)
    assert await revisions(desk, message_id) == [("Kennwort Zwiebelkuchen", True, "Toni")]
    async with desk.database.connect() as connection:
        found = await find_tickets(connection, desk.technician, TicketFilters(search="Zwiebelkuchen"))
    assert found.total == 0


async def test_what_the_desk_said_in_public_stays_as_it_was_mailed(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    message_id = await service.add_message(desk.technician, ref.id, PUBLIC, "Wir kommen um 9.")
    await service.revise_message(desk.technician, message_id, "Wir kommen um 10.")
    await service.revise_message(desk.technician, message_id, None)
    assert await shown(desk, message_id) == ("Wir kommen um 9.", True, False)
    assert await revisions(desk, message_id) == [
        ("Wir kommen um 10.", False, "Toni"),
        ("Wir kommen um 9.", True, "Toni"),
    ]


async def test_a_customer_takes_back_what_was_said_in_the_shared_channel(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    said = await service.add_message(gerda(desk), ref.id, PUBLIC, "Er druckt blau.", source=TicketSource.SLACK)
    await service.revise_message(gerda(desk), said, "Er druckt rot.")
    assert (await shown(desk, said))[0] == "Er druckt rot."
    await service.revise_message(gerda(desk), said, None)
    async with desk.database.connect() as connection:
        theirs = (await find_messages(connection, desk.hofer_admin, ref.id)).rows
        ours = (await find_messages(connection, desk.technician, ref.id)).rows
    assert [row["text"] for row in theirs] == ["Bitte um Hilfe."]
    assert [row["deleted_at"] is not None for row in ours] == [False, True]
    with pytest.raises(NotFound):
        await service.revise_message(gerda(desk), said, "doch")


async def test_the_description_follows_the_message_that_it_was_taken_from(service: Tickets, desk: Desk) -> None:
    request = TicketRequest("Drucker", "Kennwort Zwiebelkuchen", source=TicketSource.SLACK)
    ref = await service.open_ticket(gerda(desk), request)
    async with desk.database.connect() as connection:
        opening = (await find_messages(connection, gerda(desk), ref.id)).rows[0]["id"]
    await service.revise_message(gerda(desk), opening, "Das Kennwort geht nicht.")
    assert (await read(desk, ref.id))["description"] == "Das Kennwort geht nicht."
    await service.revise_message(gerda(desk), opening, None)
    assert (await read(desk, ref.id))["description"] == ""


async def test_nobody_changes_what_another_said(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    note = await service.add_message(desk.technician, ref.id, NOTE, "Toner leer")
    public = await service.add_message(desk.technician, ref.id, PUBLIC, "Wir kommen.")
    hers = await service.add_message(gerda(desk), ref.id, PUBLIC, "Danke.")
    for message_id in (note, public, hers):
        with pytest.raises(PermissionDenied):
            await service.revise_message(desk.manager, message_id, "anders")
    with pytest.raises(PermissionDenied):
        await service.revise_message(gerda(desk), public, "anders")
    with pytest.raises(NotFound):
        await service.revise_message(gerda(desk), note, "anders")
    with pytest.raises(NotFound):
        await service.revise_message(desk.linde_admin, hers, "anders")
