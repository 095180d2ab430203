"""What waits to be said reaches those only who may still read it when it is sent."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select, update

from core.actor import SYSTEM
from core.chat.accounts import link_contact
from core.chat.deliveries import ShownView, queue_content, queue_redraw, queue_view, queue_view_in_place, retry_delivery
from core.chat.model import chat_accounts, chat_deliveries
from core.chat.rules import ConversationKind, ConversationPurpose
from core.customers.model import contacts
from core.database.engine import Database
from core.identity.model import users
from core.ids import ContactId, CustomerId, MessageId, TicketId, new_uuid
from core.tickets.model import messages
from core.tickets.rules import MessageKind
from core.tickets.service import Tickets
from tests.integration.core.chat.world import ChatWorld
from tests.integration.core.messaging.spine import running
from tests.integration.notifier.chat.recording import RecordingChannel
from tests.integration.notifier.chat.sending import content, own, rows_of, sender, until_none_is_queued

PERSONAL = ConversationKind.PERSONAL
CUSTOMER = ConversationPurpose.CUSTOMER


async def _contact(database: Database, customer: CustomerId) -> ContactId:
    contact_id = ContactId(new_uuid())
    async with database.begin(SYSTEM) as work:
        name = {"first_name": "Ben", "last_name": "Hofer", "email": "ben@hofer.example"}
        stamps = {"created_at": work.now, "updated_at": work.now}
        work.insert(contacts, {"id": contact_id, "customer_id": customer, **name, **stamps})
    return contact_id


async def _opening_of(database: Database, ticket: TicketId) -> MessageId:
    async with database.connect() as connection:
        statement = select(messages.c.id).where(messages.c.ticket_id == ticket).order_by(messages.c.created_at)
        return MessageId((await connection.execute(statement.limit(1))).scalar_one())


async def test_a_contacts_living_cards_show_what_they_take_part_in_and_nothing_of_their_colleagues(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    customer = await world.add_customer()
    await world.open_ticket(customer, "Payroll of the boss")
    account = await world.add_account("U-ben")
    contact = await _contact(turned, customer)
    async with turned.begin(SYSTEM) as work:
        await link_contact(work, account, contact)
    there = await world.add_conversation("D-ben", PERSONAL, account="U-ben")
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, ShownView("queue", {}, "en"))
        await queue_view(work, there.id, ShownView("search", {"words": "Payroll"}, "en"))
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    cards = [each.card.model_dump(mode="json") for each in channel.posts() if each.card]
    assert len(cards) == 2
    assert "boss" not in json.dumps(cards)


async def test_a_message_of_a_ticket_that_was_moved_is_not_told_in_its_old_customers_channel(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    old, new = await world.add_customer("Old"), await world.add_customer("New")
    ref = await world.open_ticket(old)
    there = await world.add_conversation("C1", purpose=CUSTOMER, customer_id=old)
    message = await _opening_of(turned, ref.id)
    async with turned.begin(SYSTEM) as work:
        await queue_content(work, there.id, content("told"), ticket_id=ref.id, message_id=message)
    await Tickets(turned).move_ticket(SYSTEM, ref.number, new)
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    assert channel.shown == []


async def test_a_dead_note_that_is_sent_once_more_does_not_reach_a_channel_that_is_a_customers_now(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    customer = await world.add_customer()
    ref = await world.open_ticket(customer)
    note = await Tickets(turned).add_message(SYSTEM, ref.number, MessageKind.NOTE, "They never pay.")
    there = await world.add_conversation("C1")
    async with turned.begin(SYSTEM) as work:
        await queue_content(work, there.id, content("They never pay."), ticket_id=ref.id, message_id=note)
    async with turned.begin(SYSTEM) as work:
        await work.execute(update(chat_deliveries).values(state="failed"))
    await world.purpose(there.id, CUSTOMER, customer)
    async with turned.begin(SYSTEM) as work:
        await retry_delivery(work, (await rows_of(turned))[0].id)
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    assert channel.shown == []


async def test_who_was_deactivated_is_not_told_what_a_customer_answered_before(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    ref = await world.open_ticket(await world.add_customer())
    tom = await world.add_user("tom")
    await world.add_account("U1", tom)
    there = await world.add_conversation("D1", PERSONAL, account="U1")
    async with turned.begin(SYSTEM) as work:
        await queue_content(work, there.id, content("Anna answered"), ticket_id=ref.id)
        await work.execute(update(users).where(users.c.id == tom).values(is_active=False))
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    assert channel.shown == []


async def test_what_was_taken_back_before_it_was_told_is_told_to_nobody(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    ref = await world.open_ticket(await world.add_customer())
    note = await Tickets(turned).add_message(SYSTEM, ref.number, MessageKind.NOTE, "oops")
    there = await world.add_conversation("C1")
    async with turned.begin(SYSTEM) as work:
        await queue_content(work, there.id, content("oops"), ticket_id=ref.id, message_id=note)
    await Tickets(turned).revise_message(SYSTEM, note, None)
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
    assert channel.shown == []


async def test_a_card_in_a_personal_chat_is_drawn_for_who_pressed_it_last(turned: Database, world: ChatWorld) -> None:
    channel = RecordingChannel()
    tom, eva = await world.add_user("tom"), await world.add_user("eva")
    account = await world.add_account("U1", tom)
    there = await world.add_conversation("D1", PERSONAL, account="U1")
    async with turned.begin(SYSTEM) as work:
        await queue_view(work, there.id, ShownView("my_day", {}, "en", user_id=tom))
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
        async with turned.begin(SYSTEM) as work:
            await work.execute(update(chat_accounts).where(chat_accounts.c.id == account).values(user_id=eva))
            await queue_view_in_place(work, there.id, "m1", ShownView("my_day", {}, "de", user_id=eva))
        await until_none_is_queued(turned)
    assert [(each.how, each.external_id) for each in channel.shown] == [("post", "m1"), ("update", "m1")]


async def test_cards_that_stand_in_a_channel_are_redrawn_for_the_customer_with_whom_it_is_shared(
    turned: Database, world: ChatWorld
) -> None:
    channel = RecordingChannel()
    customer = await world.add_customer()
    mine, foreign = (
        await world.open_ticket(customer, "mine"),
        await world.open_ticket(await world.add_customer("Other")),
    )
    await Tickets(turned).add_message(SYSTEM, mine.number, MessageKind.NOTE, "They never pay.")
    there = await world.add_conversation("C1")
    async with turned.begin(SYSTEM) as work:
        for ref in (mine, foreign):
            await queue_view(work, there.id, own(ref.number, ref.id))
    async with running(sender(turned, channel)):
        await until_none_is_queued(turned)
        await world.purpose(there.id, CUSTOMER, customer)
        await until_none_is_queued(turned)
        shown = {each.external_id: each.card.model_dump_json() for each in channel.updates() if each.card}
        assert "mine" in shown["m1"]
        assert "They never pay." not in shown["m1"]
        assert "Drucker" not in shown["m2"]
        await world.purpose(there.id, ConversationPurpose.TALK)
        await Tickets(turned).add_message(SYSTEM, mine.number, MessageKind.NOTE, "Again.")
        async with turned.begin(SYSTEM) as work:
            assert await queue_redraw(work, mine.id, delay=timedelta()) == 0
