"""Cards on their way to Slack, over HTTP to its end of the line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from bot.buttons import Buttons
from bot.channel import ConversationGone, Destination, MessageGone, Refused, Throttled, TryLater
from bot.slack.channel import SlackChannel
from bot.slack.client import open_slack
from bot.slack.people import SlackPeople
from bot.views.card import Action, Card, Text
from core.chat.rules import ConversationKind
from core.clock import SystemClock
from core.ids import new_uuid
from tests.services.fake_slack import BOT_TOKEN, DESK, TEAM, FakeSlack, fake_slack

CHANNEL = "C0TRIAGE"
ANNA = "U0ANNA"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as slack:
        slack.add_user(ANNA, "Anna Huber", "anna@msp.example")
        slack.add_channel(CHANNEL, ANNA, DESK)
        yield slack


@pytest.fixture
async def channel(slack: FakeSlack) -> AsyncIterator[SlackChannel]:
    clock = SystemClock()
    async with open_slack(BOT_TOKEN, f"{slack.url}/api/") as client:
        yield SlackChannel(client, SlackPeople(client, clock), Buttons(b"0123456789abcdef"), clock)


def card(text: str = "Printer does not print") -> Card:
    return Card(
        heading=f"#42 {text}",
        summary=f"#42 {text}",
        elements=(Text(text=text),),
        actions=(Action(label="Take", command="take", arguments={"ticket": "42"}),),
    )


def to(
    conversation: str = CHANNEL,
    *,
    kind: ConversationKind = ConversationKind.CHANNEL,
    thread: str | None = None,
    recipient: str | None = None,
    address: dict[str, object] | None = None,
    delivery_id: UUID | None = None,
    is_repeated: bool = False,
) -> Destination:
    return Destination(
        TEAM,
        conversation,
        kind,
        "en",
        thread=thread,
        recipient=recipient,
        address=address or {},
        delivery_id=delivery_id,
        is_repeated=is_repeated,
    )


def answer_at(url: str, *, minutes: int = 20, replaces: bool = False) -> dict[str, object]:
    until = SystemClock().now() + timedelta(minutes=minutes)
    return {"response_url": url, "until": until.isoformat()} | ({"replaces": True} if replaces else {})


async def test_a_card_stands_in_its_channel_and_is_redrawn_in_place(slack: FakeSlack, channel: SlackChannel) -> None:
    posted = await channel.post(to(thread="1764021600.000001"), card())
    assert posted is not None
    (told,) = slack.calls_of("chat.postMessage")
    assert (told["unfurl_links"], told["unfurl_media"], told["parse"], told["link_names"]) == (
        False,
        False,
        "none",
        False,
    )
    await channel.update(to(), posted, card("Printer prints"))
    (message,) = slack.seen_in(CHANNEL)
    assert (message.ts, message.thread_ts, message.edits) == (posted, "1764021600.000001", 1)
    assert "Printer prints" in message.text
    await channel.delete(to(), posted)
    assert slack.seen_in(CHANNEL) == []
    with pytest.raises(MessageGone):
        await channel.update(to(), posted, card())


async def test_texts_of_customers_call_nobody(slack: FakeSlack, channel: SlackChannel) -> None:
    await channel.post(to(), card("<!channel> <@U0ANNA> *bold* <https://evil.example|click>"))
    (message,) = slack.seen_in(CHANNEL)
    assert "<!channel>" not in message.text
    assert "<@" not in message.text
    assert all(block["type"] != "section" or block["text"]["type"] == "plain_text" for block in message.blocks)


async def test_a_private_card_is_shown_where_it_was_asked_for(slack: FakeSlack, channel: SlackChannel) -> None:
    url = slack.next_response_url(CHANNEL, ANNA)
    assert await channel.post(to(recipient=ANNA, address=answer_at(url)), card()) is None
    assert [each.seen_by for each in slack.seen_in(CHANNEL, ANNA)] == [ANNA]
    assert slack.calls_of("chat.postEphemeral") == []


async def test_a_private_card_takes_the_place_of_the_form_that_it_answers(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    url = slack.next_response_url(CHANNEL, ANNA)
    await channel.post(to(recipient=ANNA, address=answer_at(url)), card("Form"))
    await channel.post(to(recipient=ANNA, address=answer_at(url, replaces=True)), card("Done"))
    assert [each.text for each in slack.seen_in(CHANNEL, ANNA)] == ["#42 Done"]


@pytest.mark.parametrize("way", ["stale", "used up", "in a thread"])
async def test_where_the_answer_address_is_no_good_the_channel_shows_it_to_one(
    slack: FakeSlack, channel: SlackChannel, way: str
) -> None:
    url = slack.next_response_url(CHANNEL, ANNA, uses=0 if way == "used up" else 5)
    address = answer_at(url, minutes=-1 if way == "stale" else 20)
    thread = "1764021600.000001" if way == "in a thread" else None
    await channel.post(to(recipient=ANNA, address=address, thread=thread), card())
    (shown,) = slack.seen_in(CHANNEL, ANNA)
    assert (shown.seen_by, shown.thread_ts) == (ANNA, thread)
    assert len(slack.calls_of("chat.postEphemeral")) == 1


@pytest.mark.parametrize("where", ["not a member", "the desk is not there"])
async def test_what_is_private_goes_to_the_person_before_it_becomes_public(
    slack: FakeSlack, channel: SlackChannel, where: str
) -> None:
    slack.add_channel("C0OTHER", *([DESK] if where == "not a member" else [ANNA]))
    assert await channel.post(to("C0OTHER", recipient=ANNA), card()) is None
    assert slack.seen_in("C0OTHER", ANNA) == []
    (shown,) = slack.seen_in(slack.personal(ANNA))
    assert shown.seen_by is None


async def test_a_private_card_in_the_personal_conversation_can_be_redrawn(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    opened = await channel.open_personal(TEAM, ANNA)
    there = to(opened.conversation, kind=ConversationKind.PERSONAL, recipient=ANNA)
    posted = await channel.post(there, card())
    assert posted is not None
    await channel.update(there, posted, card("Later"))
    assert [each.text for each in slack.seen_in(opened.conversation)] == ["#42 Later"]


async def test_a_command_given_where_the_desk_is_not_is_answered_there(slack: FakeSlack, channel: SlackChannel) -> None:
    slack.add_channel("D0ANNABERT", ANNA, "U0BERT")
    url = slack.next_response_url("D0ANNABERT", ANNA)
    there = to("D0ANNABERT", kind=ConversationKind.GROUP, address=answer_at(url))
    assert await channel.post(there, card()) is None
    assert [each.seen_by for each in slack.seen_in("D0ANNABERT")] == [None]
    with pytest.raises(ConversationGone):
        await channel.post(to("D0ANNABERT", kind=ConversationKind.GROUP), card())


async def test_slack_says_how_long_to_wait(slack: FakeSlack, channel: SlackChannel) -> None:
    slack.throttle("chat.postMessage", 7)
    with pytest.raises(Throttled) as raised:
        await channel.post(to(), card())
    assert raised.value.retry_after_seconds == 7.0
    assert len(slack.calls_of("chat.postMessage")) == 1
    assert await channel.post(to(), card()) is not None


@pytest.mark.parametrize("thread", [None, "1764021600.000001"])
async def test_a_message_whose_answer_was_lost_is_not_sent_twice(
    slack: FakeSlack, channel: SlackChannel, thread: str | None
) -> None:
    delivery_id = new_uuid()
    slack.lose_answer("chat.postMessage")
    with pytest.raises(TryLater) as raised:
        await channel.post(to(thread=thread, delivery_id=delivery_id), card())
    assert raised.value.is_uncertain
    again = await channel.post(to(thread=thread, delivery_id=delivery_id, is_repeated=True), card())
    (message,) = slack.seen_in(CHANNEL)
    assert again == message.ts


async def test_a_message_that_never_arrived_is_sent_again(slack: FakeSlack, channel: SlackChannel) -> None:
    delivery_id = new_uuid()
    await channel.post(to(delivery_id=new_uuid()), card("another"))
    slack.fail("chat.postMessage", "internal_error")
    with pytest.raises(TryLater):
        await channel.post(to(delivery_id=delivery_id), card())
    await channel.post(to(delivery_id=delivery_id, is_repeated=True), card())
    assert len(slack.seen_in(CHANNEL)) == 2


async def test_as_long_as_nobody_can_look_it_is_not_sent_again(slack: FakeSlack, channel: SlackChannel) -> None:
    slack.throttle("conversations.history", 30)
    with pytest.raises(TryLater) as raised:
        await channel.post(to(delivery_id=new_uuid(), is_repeated=True), card())
    assert raised.value.is_uncertain
    assert slack.calls_of("chat.postMessage") == []
    slack.fail("conversations.history", "missing_scope")
    assert await channel.post(to(delivery_id=new_uuid(), is_repeated=True), card()) is not None


async def test_a_slack_that_is_away_is_tried_later() -> None:
    clock = SystemClock()
    async with open_slack(BOT_TOKEN, "http://127.0.0.1:9/api/") as client:
        nowhere = SlackChannel(client, SlackPeople(client, clock), Buttons(b"0123456789abcdef"), clock)
        with pytest.raises(TryLater) as raised:
            await nowhere.post(to(), card())
        assert not raised.value.is_uncertain


async def test_what_slack_refuses_says_why(slack: FakeSlack, channel: SlackChannel) -> None:
    slack.fail("chat.postMessage", "restricted_action")
    with pytest.raises(Refused, match="restricted_action"):
        await channel.post(to(), card())
    slack.fail("chat.update", "cant_update_message")
    with pytest.raises(MessageGone):
        await channel.update(to(), "1764021600.000001", card())


async def test_a_card_of_any_size_is_taken(slack: FakeSlack, channel: SlackChannel) -> None:
    long = Card(heading="H" * 500, summary="S" * 100_000, elements=tuple(Text(text="x" * 200_000) for _ in range(80)))
    assert await channel.post(to(), long) is not None
