from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.request import Account, Edited, Joined, Pressed, Reacted, Said
from bot.teams.activities import natural_key
from bot.teams.interpreting import interpret
from core.chat.rules import ConversationKind, Surface
from tests.unit.bot.teams.activity import (
    ANNA,
    BOT,
    CHANNEL,
    PERSONAL,
    SERVICE_URL,
    TENANT,
    activity,
    in_channel,
    mention_of,
    mention_of_bot,
)


def said(body: dict[str, Any]) -> Said:
    request = interpret(body)
    assert isinstance(request, Said)
    return request


def pressed(body: dict[str, Any]) -> Pressed:
    request = interpret(body)
    assert isinstance(request, Pressed)
    return request


def test_a_text_in_the_personal_chat_is_addressed_to_the_desk() -> None:
    request = said(activity(text="nimm #42"))
    assert request.account == Account(Surface.TEAMS, TENANT, ANNA, "Anna Gruber")
    assert request.text == "nimm #42"
    assert request.message == "1700000000000"
    assert request.is_addressed
    assert request.place.kind is ConversationKind.PERSONAL
    assert request.place.conversation == PERSONAL
    assert request.place.thread is None
    assert request.place.reference == {"service_url": SERVICE_URL, "bot": BOT}


def test_an_account_is_named_by_the_directory_never_by_teams_own_id() -> None:
    assert said(activity(text="hilfe")).account.account == ANNA
    assert interpret(activity(text="hilfe", sender={"id": "29:anna", "name": "Anna"})) is None


def test_a_channel_is_kept_without_the_thread_that_its_id_carries() -> None:
    request = said(in_channel(thread="1699", text="die Lieferung ist da"))
    assert (request.place.conversation, request.place.thread) == (CHANNEL, "1699")
    assert request.place.kind is ConversationKind.CHANNEL
    assert request.place.name == "Technik / Störungen"
    assert not request.is_addressed


def test_a_mention_addresses_the_desk_and_is_no_part_of_the_text() -> None:
    request = said(
        in_channel(
            thread="1699",
            text="<at>PSA</at>&nbsp;weise #42 <at>Max Huber</at> zu\n",
            entities=[mention_of_bot(), mention_of("Max Huber"), {"type": "clientInfo", "locale": "de-DE"}],
        )
    )
    assert request.is_addressed
    assert request.text == "weise #42 Max Huber zu"


def test_a_mention_of_somebody_else_does_not_address_the_desk() -> None:
    assert not said(in_channel(text="<at>Max</at> schaust du?", entities=[mention_of("Max")])).is_addressed


def test_a_bare_mention_is_still_said_to_the_desk() -> None:
    request = said(in_channel(text="<at>PSA</at>", entities=[mention_of_bot()]))
    assert (request.text, request.is_addressed) == ("", True)


def test_what_looks_like_markup_in_a_plain_text_stays() -> None:
    text = "notiz #42 if x &lt; 3 &amp;&amp; y<z then <b>reset</b>"
    assert said(activity(text=text, textFormat="plain")).text == "notiz #42 if x < 3 && y<z then <b>reset</b>"


def test_html_is_read_as_a_person_would() -> None:
    html = "<p>Hallo,<br>der&nbsp;Drucker</p><ul><li>rot</li><li>laut</li></ul><script>x</script>"
    assert said(activity(text=html, textFormat="xml")).text == "Hallo,\nder Drucker\n\n- rot\n- laut"


def test_indents_and_lines_of_a_text_stay() -> None:
    assert said(activity(text="notiz #1\r\n  a\r\n    b  \r\n\r\n\r\n\r\nc")).text == "notiz #1\n  a\n    b\n\nc"


@pytest.mark.parametrize(
    "conversation",
    [
        {"id": "19:meeting_abc@thread.v2", "conversationType": "personal", "tenantId": TENANT},
        {"id": "19:meeting_abc@thread.v2", "conversationType": "groupChat", "tenantId": TENANT},
        {"id": "19:uni01_a_b@unq.gbl.spaces", "tenantId": TENANT},
        {"id": "19:0a1b-2c_3d4e-5f@unq.gbl.spaces", "conversationType": "personal", "tenantId": TENANT},
    ],
)
def test_a_meeting_a_chat_of_other_people_or_one_of_no_known_kind_is_not_personal(conversation: dict[str, Any]) -> None:
    request = said(activity(text="hilfe", conversation=conversation))
    assert request.place.kind is ConversationKind.GROUP
    assert not request.is_addressed


def test_a_pressed_button_is_read_from_an_execute() -> None:
    data = {"value": "mac.[]", "text": "Danke", "minutes": 15, "now": True, "msteams": {"x": 1}}
    request = pressed(
        activity(
            "invoke",
            name="adaptiveCard/action",
            replyToId="1698",
            value={"action": {"type": "Action.Execute", "verb": "take", "data": data}, "trigger": "manual"},
        )
    )
    assert (request.value, request.message) == ("mac.[]", "1698")
    assert request.inputs == {"text": "Danke", "minutes": "15", "now": "true"}


def test_the_fallback_of_a_button_comes_as_a_message_with_a_value() -> None:
    request = pressed(activity(text="", replyToId="1698", value={"value": "mac.[]", "text": "Danke"}))
    assert (request.value, request.inputs, request.message) == ("mac.[]", {"text": "Danke"}, "1698")


def test_a_dialogs_button_names_the_message_where_the_dialog_began() -> None:
    value = {"data": {"value": "mac.[]", "psa.card": "1698"}, "context": {"theme": "dark"}}
    request = pressed(activity("invoke", name="task/submit", value=value))
    assert (request.message, request.inputs) == ("1698", {})


@pytest.mark.parametrize("name", ["task/fetch", "application/search", "composeExtension/query", "signin/verifyState"])
def test_invokes_that_only_show_something_ask_for_nothing(name: str) -> None:
    assert interpret(activity("invoke", name=name, value={"data": {"value": "mac.[]"}})) is None


def test_edits_and_deletions_name_the_message() -> None:
    edited = interpret(in_channel("messageUpdate", thread="1699", text="<at>PSA</at> neu", entities=[mention_of_bot()]))
    assert isinstance(edited, Edited)
    assert (edited.message, edited.text, edited.place.thread) == ("1700000000000", "neu", "1699")
    deleted = interpret(in_channel("messageDelete", thread="1699", text="neu"))
    assert isinstance(deleted, Edited)
    assert deleted.text is None


@pytest.mark.parametrize(
    ("reaction", "emoji"),
    [
        ("like", "like"),
        ("1f440_eyes", "eyes"),
        ("2705_whiteheavycheckmark", "white_check_mark"),
        ("1f3ab_ticket", "ticket"),
        ("1F3AB", "ticket"),
        ("heart", "heart"),
    ],
)
def test_reactions_are_named_as_the_desk_knows_them(reaction: str, emoji: str) -> None:
    request = interpret(
        in_channel("messageReaction", thread="1699", replyToId="1698", reactionsAdded=[{"type": reaction}])
    )
    assert isinstance(request, Reacted)
    assert (request.emoji, request.message) == (emoji, "1698")


def test_a_reaction_that_is_taken_back_asks_for_nothing() -> None:
    assert interpret(activity("messageReaction", replyToId="1698", reactionsRemoved=[{"type": "like"}])) is None


def test_the_desk_joins_and_leaves() -> None:
    came = interpret(activity("conversationUpdate", membersAdded=[{"id": "29:anna"}, {"id": BOT}]))
    assert isinstance(came, Joined)
    assert came.is_there
    assert came.account is not None
    gone = interpret(in_channel("conversationUpdate", membersRemoved=[{"id": BOT}]))
    assert isinstance(gone, Joined)
    assert not gone.is_there
    assert interpret(in_channel("conversationUpdate", membersAdded=[{"id": "29:max"}])) is None


def test_a_deleted_channel_is_left() -> None:
    data = {"tenant": {"id": TENANT}, "eventType": "channelDeleted", "channel": {"id": "19:weg@thread.tacv2"}}
    request = interpret(in_channel("conversationUpdate", channelData=data))
    assert isinstance(request, Joined)
    assert (request.place.conversation, request.is_there) == ("19:weg@thread.tacv2", False)


@pytest.mark.parametrize(("action", "is_there"), [("add", True), ("add-upgrade", True), ("remove", False)])
def test_an_installation_is_remembered_and_greets_nobody(action: str, is_there: bool) -> None:
    request = interpret(activity("installationUpdate", action=action))
    assert isinstance(request, Joined)
    assert (request.account, request.is_there) == (None, is_there)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "message"},
        activity("typing"),
        activity(conversation={"id": 5}, text="x"),
        activity(channelData=None, conversation={"id": PERSONAL}),
        activity(text=5, entities="x", sender=[]),
        activity("invoke", name="adaptiveCard/action", value=[1]),
        activity("invoke", name="adaptiveCard/action", value={"action": {"data": {"value": 5}}}),
        activity("messageReaction", replyToId="1", reactionsAdded=[None]),
        activity("conversationUpdate", membersAdded="28:x"),
    ],
)
def test_what_makes_no_sense_asks_for_nothing(body: dict[str, Any]) -> None:
    assert interpret(body) is None


def test_the_same_activity_has_the_same_key_and_another_one_another() -> None:
    first = activity(text="a")
    assert natural_key(first) == natural_key(activity(text="a"))
    assert natural_key(first) != natural_key(activity(text="a", id="1700000000001"))
    assert natural_key(first) != natural_key(in_channel(text="a"))
    assert natural_key(first) != natural_key(activity("messageUpdate", text="a"))


def test_each_edit_of_a_message_is_another_arrival() -> None:
    first = activity("messageUpdate", text="a")
    assert natural_key(first) != natural_key(activity("messageUpdate", text="b", timestamp="2026-11-24T10:00:01.000Z"))


def test_a_key_is_never_too_long_and_an_activity_without_an_id_has_one() -> None:
    assert len(natural_key(activity(id="x" * 5000))) <= 300
    body = activity(text="a")
    del body["id"]
    assert natural_key(body) != natural_key(body | {"text": "b"})


WORDS = st.sampled_from(["", "id", "type", "value", "data", "action", "tenant", "mention", "\x00", "ü" * 400])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | WORDS,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(WORDS, parts, max_size=3),
    max_leaves=8,
)
FIELDS = ("from", "conversation", "channelData", "recipient", "value", "entities", "text", "reactionsAdded", "id")
KINDS = ("message", "messageUpdate", "messageReaction", "conversationUpdate", "installationUpdate", "invoke")


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_activity_however_odd_is_too_much(kind: str, odd: dict[str, Any]) -> None:
    body = in_channel(kind, name="task/submit") | odd
    interpret(body)
    assert natural_key(body)
