"""Commands, threads, edits, reactions and pages, from what people do in Slack to what they then see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, select

from core.actor import SYSTEM
from core.chat.conversations import ConversationChanges, Conversations, find_conversation
from core.chat.model import chat_accounts, chat_conversations
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.tickets.model import message_revisions, messages, tickets
from tests.integration.bot.chat import PUBLIC_URL
from tests.integration.ingest.imap.desk import eventually
from tests.scenario.slack import payloads
from tests.scenario.slack.desk import MARIA, STRANGER, TONI, TRIAGE, SlackDesk, labels
from tests.services.fake_slack import DESK, TEAM, Message


async def said_on(desk: SlackDesk, number: int) -> Sequence[Row[Any]]:
    """What stands on a ticket, in the order in which it was said."""
    statement = (
        select(messages)
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .where(tickets.c.number == number)
        .order_by(messages.c.created_at, messages.c.id)
    )
    return await desk.rows(statement)


async def ticket(desk: SlackDesk, number: int) -> Row[Any]:
    (found,) = await desk.rows(select(tickets).where(tickets.c.number == number))
    return found


def text_of(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


async def open_in_channel(desk: SlackDesk, text: str = "neu Hofer: Drucker druckt nicht") -> tuple[Message, int]:
    """A ticket's card in the triage channel, and the ticket's number."""
    await desk.say(f"<@{DESK}> {text}", channel=TRIAGE)
    card = await desk.answer(TRIAGE)
    (newest, *_) = await desk.rows(select(tickets.c.number).order_by(tickets.c.number.desc()))
    return card, int(newest.number)


async def test_a_ticket_is_opened_shown_and_taken(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    assert card.seen_by is None
    assert f"#{number}" in card.text
    assert "Übernehmen" in labels(card.blocks)
    await desk.press(card, "Übernehmen")
    await desk.settled()
    assert (await ticket(desk, number)).assigned_to == desk.desk.technician.user_id
    # Others see the card and nothing more: what was done is told to who did it.
    assert [each.ts for each in desk.slack.seen_in(TRIAGE)] == [card.ts]
    assert [each.seen_by for each in desk.slack.seen_in(TRIAGE, TONI)] == [None, TONI]


async def test_a_card_is_redrawn_where_it_stands_when_its_ticket_changes(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    await desk.say(f"nimm #{number}", user=MARIA)

    async def is_redrawn() -> bool:
        return "Maria" in text_of(card)

    await eventually(is_redrawn, "the card says who has the ticket")


async def test_a_slash_command_is_answered_to_who_gave_it(desk: SlackDesk) -> None:
    assert await desk.slash("meine") == {"text": ""}
    (answer,) = await desk.answers(TRIAGE)
    assert answer.seen_by == TONI
    assert desk.slack.seen_in(TRIAGE, MARIA) == []


async def test_an_unknown_command_is_answered_in_private_with_what_was_meant(desk: SlackDesk) -> None:
    await desk.say(f"<@{DESK}> warteschlnge", channel=TRIAGE)
    (answer,) = await desk.answers(TRIAGE)
    assert answer.seen_by == TONI
    assert "queue" in text_of(answer) or "liste" in text_of(answer)


async def test_members_are_known_by_their_confirmed_address_and_guests_are_not(desk: SlackDesk) -> None:
    await desk.desk.open("Geheimes Projekt")
    desk.slack.add_user(STRANGER, "Nemo", desk.desk.manager.email, is_restricted=True)
    await desk.say("liste", user=STRANGER)
    (answer,) = await desk.answers(user=STRANGER)
    assert "link-account" in text_of(answer)
    assert "Geheimes" not in text_of(answer)
    await desk.say("liste", user=MARIA)
    (known,) = await desk.answers(user=MARIA)
    assert "Geheimes" in text_of(known)
    linked = await desk.rows(select(chat_accounts.c.account).where(chat_accounts.c.user_id.is_not(None)))
    assert [row.account for row in linked] == [MARIA]


@pytest.mark.parametrize(
    "changes",
    [
        {"is_email_confirmed": False},
        {"is_ultra_restricted": True},
        {"is_bot": True},
        {"is_stranger": True},
        {"deleted": True},
        {"team_id": "T0OTHER"},
    ],
)
async def test_only_members_who_confirmed_their_address_are_known_by_it(
    desk: SlackDesk, changes: dict[str, Any]
) -> None:
    desk.slack.add_user("U0FALSE", "Maria", desk.desk.manager.email, **changes)
    await desk.say("liste", user="U0FALSE")
    (answer,) = await desk.answers(user="U0FALSE")
    assert "link-account" in text_of(answer)


async def test_what_is_said_below_a_card_is_an_internal_note_that_follows_its_changes(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    said = await desk.say("Seriennumer 4711 &amp; Toner", channel=TRIAGE, thread_ts=card.ts)
    await desk.settled()
    (_, note) = await said_on(desk, number)
    assert (note.kind, note.text, note.author_user_id) == (
        "note",
        "Seriennumer 4711 & Toner",
        desk.desk.technician.user_id,
    )
    await desk.tell(payloads.changed(said, "Seriennummer 4711 &amp; Toner"))
    await desk.settled()
    (_, note) = await said_on(desk, number)
    assert note.text == "Seriennummer 4711 & Toner"
    await desk.tell(payloads.deleted(said))
    await desk.settled()
    assert await desk.count(message_revisions) == 2
    assert "4711" not in json.dumps([dict(row._mapping) for row in await said_on(desk, number)], default=str)


async def test_a_command_in_a_thread_means_its_ticket(desk: SlackDesk) -> None:
    card, number = await open_in_channel(desk)
    await desk.say(f"<@{DESK}> prio hoch", channel=TRIAGE, thread_ts=card.ts)
    await desk.settled()
    assert (await ticket(desk, number)).priority == "high"


async def test_reactions_open_take_and_resolve(desk: SlackDesk) -> None:
    said = await desk.say("Der Scanner im Lager scannt nicht", user=MARIA, channel=TRIAGE)
    desk.slack.messages.append(Message(TRIAGE, said["ts"], said["text"], [], user=MARIA))
    await desk.tell(payloads.reaction("ticket", TONI, said["ts"]))
    await desk.settled()
    (opened,) = await desk.rows(select(tickets))
    assert "Scanner im Lager" in opened.title
    (card,) = [each for each in desk.slack.seen_in(TRIAGE) if each.user == DESK]
    assert card.thread_ts == said["ts"]
    await desk.tell(payloads.reaction("eyes", MARIA, card.ts))
    await desk.settled()
    assert (await ticket(desk, opened.number)).assigned_to == desk.desk.manager.user_id
    await desk.tell(payloads.reaction("white_check_mark", MARIA, card.ts))
    await desk.settled()
    assert (await ticket(desk, opened.number)).status == "resolved"


async def test_who_is_asked_by_mention_is_known_by_name(desk: SlackDesk) -> None:
    _, number = await open_in_channel(desk)
    desk.slack.users[MARIA]["profile"]["display_name"] = "Maria"
    await desk.say(f"zuweisen #{number} <@{MARIA}>")
    await desk.settled()
    assert (await ticket(desk, number)).assigned_to == desk.desk.manager.user_id


async def test_in_a_channel_that_is_shared_with_a_customer_their_people_may_write(desk: SlackDesk) -> None:
    await desk.tell(payloads.joined(DESK, inviter=MARIA))
    await desk.settled()
    async with desk.database.connect() as connection:
        conversation = await find_conversation(connection, Surface.SLACK, TEAM, TRIAGE)
    assert conversation is not None
    shared = ConversationChanges(purpose=ConversationPurpose.CUSTOMER, customer_id=desk.desk.hofer)
    await Conversations(desk.database).change_conversation(SYSTEM, conversation.id, shared)
    await desk.say(f"<@{DESK}> Unser Drucker druckt nicht", user=STRANGER, channel=TRIAGE)
    await desk.settled()
    (opened,) = await desk.rows(select(tickets))
    assert opened.customer_id == desk.desk.hofer
    (said,) = await said_on(desk, opened.number)
    assert said.author_name == "Nemo Niemand"


async def test_the_desk_says_hello_and_is_gone_when_it_is_removed(desk: SlackDesk) -> None:
    await desk.tell(payloads.joined(DESK, inviter=MARIA))
    (hello,) = await desk.answers(TRIAGE)
    assert hello.seen_by is None
    await desk.tell({"type": "channel_left", "channel": TRIAGE, "actor_id": MARIA, "event_ts": "1.2"})
    await desk.settled()
    (conversation,) = await desk.rows(
        select(chat_conversations).where(chat_conversations.c.surface == Surface.SLACK.value)
    )
    assert conversation.dropped_at is not None
    assert conversation.kind == ConversationKind.CHANNEL.value


async def test_the_app_home_shows_ones_day(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    await desk.say(f"nimm #{ref.number}")
    await desk.settled()
    await desk.tell(payloads.home_opened(TONI))
    assert "Drucker druckt nicht" in json.dumps(desk.slack.homes[TONI])
    await desk.tell(payloads.home_opened(STRANGER))
    assert "Drucker" not in json.dumps(desk.slack.homes[STRANGER])


async def test_an_app_home_that_cannot_be_shown_now_is_asked_for_again(desk: SlackDesk) -> None:
    body = json.dumps(payloads.event(payloads.home_opened(TONI)))
    desk.slack.throttle("views.publish", 1)
    first = await desk.post("/slack/events", body, "application/json")
    again = await desk.post("/slack/events", body, "application/json", retry=1)
    assert (first.status, again.status) == (503, 200)
    assert TONI in desk.slack.homes


async def test_a_link_to_a_ticket_shows_its_card_to_who_may_see_it(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    url = f"{PUBLIC_URL}/console/tickets/{ref.number}"
    await desk.tell(payloads.link_shared(url, TONI))
    (unfurled,) = desk.slack.unfurls
    assert "Drucker druckt nicht" in json.dumps(unfurled["unfurls"][url])
    await desk.tell(payloads.link_shared(url, STRANGER))
    await desk.tell(payloads.link_shared(url, TONI), is_ext_shared_channel=True)
    await desk.tell(payloads.link_shared("https://desk.example/other", TONI))
    assert len(desk.slack.unfurls) == 1


async def test_a_link_shows_nothing_while_nobody_can_say_who_will_read_it(desk: SlackDesk) -> None:
    ref = await desk.desk.open("Drucker druckt nicht")
    url = f"{PUBLIC_URL}/console/tickets/{ref.number}"
    draft = payloads.link_shared(url, TONI, "COMPOSER", message_ts="Uxxxxxxx-909b5454", source="composer")
    await desk.tell(draft)
    assert desk.slack.unfurls == []
    assert await desk.count(chat_conversations, chat_conversations.c.external_id == "COMPOSER") == 0
