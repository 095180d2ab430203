"""Replies that their author looks at once more: sent once, by nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.actor import SYSTEM
from core.database.engine import Database
from core.errors import AlreadyDone, Conflict, InvalidInput, NotFound, PermissionDenied
from core.ids import DraftId, new_uuid
from core.tickets.lookups import get_draft
from core.tickets.rules import TicketSource, TicketStatus
from core.tickets.service import Tickets
from tests.integration.core.tickets.desk import Desk
from tests.integration.core.tickets.reading import events, read, texts

SLACK = TicketSource.SLACK


@pytest.fixture
def service(database: Database) -> Tickets:
    return Tickets(database)


async def test_a_draft_is_seen_by_its_author_and_changes_nothing_yet(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    draft_id = await service.draft_reply(desk.technician, ref.number, "Bitte neu starten.")
    async with desk.database.connect() as connection:
        draft = await get_draft(connection, desk.technician, draft_id)
        assert (draft["number"], draft["text"], draft["settled_at"]) == (ref.number, "Bitte neu starten.", None)
        for other in (desk.manager, desk.anna, SYSTEM):
            with pytest.raises(NotFound):
                await get_draft(connection, other, draft_id)
    assert await texts(desk, ref.id) == ["Bitte um Hilfe."]
    assert await events(desk, ref) == [("ticket.created", 1)]


async def test_a_draft_is_sent_once_however_often_it_is_pressed(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    draft_id = await service.draft_reply(desk.technician, ref.id, "Bitte neu starten.")
    presses = [service.send_draft(desk.technician, draft_id, SLACK, TicketStatus.WAITING_CUSTOMER) for _ in range(4)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)
    assert [str(each) for each in outcomes if isinstance(each, Conflict)] == ["This reply was sent already."] * 3
    assert await texts(desk, ref.id) == ["Bitte um Hilfe.", "Bitte neu starten."]
    ticket = await read(desk, ref.id)
    assert (ticket["status"], ticket["first_response_at"] is None) == ("waiting_customer", False)
    async with desk.database.connect() as connection:
        draft = await get_draft(connection, desk.technician, draft_id)
    (sent,) = [each for each in outcomes if not isinstance(each, BaseException)]
    assert draft["message_id"] == sent[1]
    assert draft["settled_at"] is not None


async def test_the_same_press_twice_is_known_as_such(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    draft_id = await service.draft_reply(desk.technician, ref.id, "Bitte neu starten.")
    pressed = replace(desk.technician, origin=new_uuid())
    await service.send_draft(pressed, draft_id, SLACK)
    with pytest.raises(AlreadyDone):
        await service.send_draft(pressed, draft_id, SLACK)


async def test_a_draft_that_was_thrown_away_is_not_sent(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    draft_id = await service.draft_reply(desk.technician, ref.id, "Bitte neu starten.")
    with pytest.raises(NotFound):
        await service.discard_draft(desk.manager, draft_id)
    await service.discard_draft(desk.technician, draft_id)
    with pytest.raises(Conflict, match="thrown away"):
        await service.send_draft(desk.technician, draft_id, SLACK)
    with pytest.raises(NotFound):
        await service.send_draft(desk.technician, DraftId(new_uuid()), SLACK)


async def test_what_cannot_be_sent_leaves_the_draft_as_it_was(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker")
    draft_id = await service.draft_reply(desk.technician, ref.id, "Bitte neu starten.")
    await service.change_ticket(desk.technician, ref.id, None, {"status": TicketStatus.CLOSED})
    with pytest.raises(Conflict, match="closed cannot become resolved"):
        await service.send_draft(desk.technician, draft_id, SLACK, TicketStatus.RESOLVED)
    with pytest.raises(NotFound):
        await service.send_draft(desk.manager, draft_id, SLACK)
    await service.send_draft(desk.technician, draft_id, SLACK)


async def test_only_the_desk_drafts_and_says_something(service: Tickets, desk: Desk) -> None:
    ref = await desk.open("Drucker", contact=desk.anna_contact)
    with pytest.raises(PermissionDenied):
        await service.draft_reply(desk.anna, ref.id, "Bitte neu starten.")
    with pytest.raises(InvalidInput):
        await service.draft_reply(desk.technician, ref.id, " \n")
