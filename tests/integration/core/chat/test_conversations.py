"""Conversations are kept as they become known; managers say what they are for."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import audit_log
from core.chat.conversations import (
    ConversationFilter,
    Conversations,
    drop_conversation,
    find_conversation,
    keep_conversation,
    keep_personal_conversation,
    open_conversation,
)
from core.chat.deliveries import ShownView, queue_content, queue_redraw, queue_view
from core.chat.model import chat_conversations, chat_deliveries
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.engine import Database
from core.errors import InvalidInput, NotFound, PermissionDenied
from core.identity.roles import Role
from core.ids import ConversationId, CustomerId, new_uuid
from tests.integration.core.chat.world import MANAGER, TENANT, ChatWorld

CHANNEL, PERSONAL = ConversationKind.CHANNEL, ConversationKind.PERSONAL


@pytest.fixture
def world(database: Database) -> ChatWorld:
    return ChatWorld(database)


async def list_states(database: Database) -> list[str]:
    async with database.connect() as connection:
        rows = await connection.execute(select(chat_deliveries.c.state).order_by(chat_deliveries.c.id))
        return [row.state for row in rows]


async def test_a_conversation_is_made_once_and_refreshed_with_what_is_known_now(database: Database) -> None:
    async with database.begin(SYSTEM) as work:
        made = await keep_conversation(
            work, Surface.TEAMS, "tenant", "19:x", CHANNEL, name="Desk", reference={"serviceUrl": "a"}, language="en"
        )
        same = await keep_conversation(work, Surface.TEAMS, "tenant", "19:x", CHANNEL)
        moved = await keep_conversation(
            work, Surface.TEAMS, "tenant", "19:x", CHANNEL, reference={"serviceUrl": "b"}, language="de"
        )
    assert same == made
    assert (moved.id, moved.name, moved.reference, moved.language) == (made.id, "Desk", {"serviceUrl": "b"}, "en")
    async with database.connect() as connection:
        assert await find_conversation(connection, Surface.TEAMS, "tenant", "19:x") == moved
        assert await find_conversation(connection, Surface.TEAMS, "other tenant", "19:x") is None


async def test_a_dropped_conversation_loses_what_waits_and_is_back_when_something_comes_from_there(
    database: Database, world: ChatWorld
) -> None:
    there = await world.add_conversation("C1")
    other = await world.add_conversation("C2")
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "a"})
        await queue_content(work, other.id, {"heading": "b"})
    async with database.begin(SYSTEM) as work:
        await drop_conversation(work, there.id)
    assert await list_states(database) == ["dropped", "queued"]
    async with database.begin(SYSTEM) as work:
        assert (await keep_conversation(work, Surface.SLACK, TENANT, "C1", CHANNEL)).dropped_at is None


async def test_a_personal_conversation_is_found_or_waits_to_be_begun(database: Database, world: ChatWorld) -> None:
    account = await world.add_account("U1", await world.add_user("tom"))
    async with database.begin(SYSTEM) as work:
        unopened = await keep_personal_conversation(work, account)
        assert unopened is not None
        assert await keep_personal_conversation(work, account) == unopened
        opened = await open_conversation(work, unopened, "D1", {"a": 1})
    assert (opened.id, opened.external_id, opened.account_id) == (unopened.id, "D1", account)
    async with database.begin(SYSTEM) as work:
        assert await keep_personal_conversation(work, account) == opened
        await drop_conversation(work, opened.id)
        assert await keep_personal_conversation(work, account) is None


async def test_what_waits_for_a_conversation_that_became_known_meanwhile_goes_on_there(
    database: Database, world: ChatWorld
) -> None:
    account = await world.add_account("U1", await world.add_user("tom"))
    async with database.begin(SYSTEM) as work:
        unopened = await keep_personal_conversation(work, account)
        assert unopened is not None
        await queue_view(work, unopened.id, ShownView("my_day", {}, "de"))
    known = await world.add_conversation("D1", PERSONAL, account="U1")
    async with database.begin(SYSTEM) as work:
        assert await open_conversation(work, unopened, "D1", {}) == known
    async with database.connect() as connection:
        where = await connection.execute(select(chat_deliveries.c.conversation_id, chat_deliveries.c.state))
        assert [tuple(row) for row in where] == [(known.id, "queued")]
    async with database.begin(SYSTEM) as work:
        assert await keep_personal_conversation(work, account) == known


async def test_a_manager_says_what_a_conversation_is_for_and_it_is_audited(
    database: Database, world: ChatWorld
) -> None:
    conversations = Conversations(database)
    there = await world.add_conversation("C1")
    customer = await world.add_customer()
    await conversations.change_conversation(
        MANAGER, there.id, {"purpose": ConversationPurpose.CUSTOMER, "customer_id": customer, "language": "de"}
    )
    found = await conversations.get_conversation(MANAGER, there.id)
    assert (found["purpose"], found["customer_name"], found["language"]) == ("customer", "Kunde", "de")
    page = await conversations.list_conversations(MANAGER, ConversationFilter(customer_id=customer))
    assert [row["id"] for row in page.rows] == [there.id]
    assert (await conversations.list_conversations(MANAGER, ConversationFilter(is_dropped=True))).total == 0
    async with database.connect() as connection:
        written = select(func.count()).where(audit_log.c.entity_type == "chat_conversation")
        assert (await connection.execute(written)).scalar_one() == 1


async def test_what_was_meant_for_other_eyes_does_not_reach_a_channel_that_is_shared_now(
    database: Database, world: ChatWorld
) -> None:
    there = await world.add_conversation("C1")
    ticket = await world.add_ticket()
    async with database.begin(SYSTEM) as work:
        await queue_content(work, there.id, {"heading": "an internal note"})
        await queue_view(work, there.id, ShownView("ticket", {"ticket": "1"}, "de", (ticket,), ticket))
    await world.purpose(there.id, ConversationPurpose.CUSTOMER, await world.add_customer())
    assert await list_states(database) == ["dropped", "dropped"]
    async with database.begin(SYSTEM) as work:
        assert await queue_redraw(work, ticket, delay=work.now - work.now) == 0


@pytest.mark.parametrize(
    ("kind", "purpose", "customer_id", "field"),
    [
        (CHANNEL, ConversationPurpose.CUSTOMER, None, "customer_id"),
        (CHANNEL, ConversationPurpose.CUSTOMER, CustomerId(new_uuid()), "customer_id"),
        (CHANNEL, ConversationPurpose.TRIAGE, CustomerId(new_uuid()), "customer_id"),
        (PERSONAL, ConversationPurpose.TRIAGE, None, "purpose"),
    ],
)
async def test_a_purpose_that_cannot_be_is_refused(
    world: ChatWorld,
    kind: ConversationKind,
    purpose: ConversationPurpose,
    customer_id: CustomerId | None,
    field: str,
) -> None:
    there = await world.add_conversation("C1", kind)
    with pytest.raises(InvalidInput) as refused:
        await world.purpose(there.id, purpose, customer_id)
    assert refused.value.field == field


async def test_technicians_do_not_manage_conversations(database: Database) -> None:
    technician = Actor(kind=ActorKind.USER, role=Role.TECHNICIAN_L3)
    conversations = Conversations(database)
    with pytest.raises(PermissionDenied):
        await conversations.list_conversations(technician, ConversationFilter())
    with pytest.raises(PermissionDenied):
        await conversations.change_conversation(technician, ConversationId(new_uuid()), {"language": "en"})
    with pytest.raises(NotFound):
        await conversations.change_conversation(MANAGER, ConversationId(new_uuid()), {"language": "en"})


async def test_two_that_meet_a_new_conversation_at_once_keep_the_same_one(database: Database) -> None:
    async with database.begin(SYSTEM) as one:
        await keep_conversation(one, Surface.SLACK, TENANT, "C1", CHANNEL)
    async with database.begin(SYSTEM) as two:
        await keep_conversation(two, Surface.SLACK, TENANT, "C1", CHANNEL)
    async with database.connect() as connection:
        count = await connection.execute(select(func.count()).select_from(chat_conversations))
        assert count.scalar_one() == 1
