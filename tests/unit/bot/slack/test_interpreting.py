from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.buttons import Buttons
from bot.render.blockkit import modal
from bot.request import Edited, Joined, Pressed, Reacted, Request, Said
from bot.slack.interpreting import interpret
from bot.slack.kept import Kind, keep, natural_key
from bot.slack.places import write_place
from bot.views.card import Action, Card, TextInput
from core.chat.rules import ConversationKind
from tests.scenario.slack import payloads
from tests.scenario.slack.payloads import CHANNEL, event, message
from tests.services.fake_slack import DESK, TEAM

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
ANNA = "U0ANNA"
HERS = "D0ANNA"


def read(kind: Kind, payload: dict[str, Any], personal: str | None = HERS) -> Request | None:
    names = {ANNA: "Anna Huber", "U0BERT": "Bert Auer"}
    return interpret(keep(kind, payload, NOW, team=TEAM, desk=DESK, names=names, personal=personal))


def read_event(inner: dict[str, Any]) -> Request | None:
    return read(Kind.EVENT, event(inner))


def test_a_message_in_a_channel_is_not_addressed_to_the_desk() -> None:
    said = read_event(message("The printer again, &lt;sigh&gt;", ANNA))
    assert isinstance(said, Said)
    assert (said.text, said.is_addressed, said.place.kind) == (
        "The printer again, <sigh>",
        False,
        ConversationKind.CHANNEL,
    )
    assert (said.account.account, said.account.tenant, said.account.display_name) == (ANNA, TEAM, "Anna Huber")
    assert said.place.thread is None


def test_a_mention_and_a_personal_message_are() -> None:
    mentioned = read_event(payloads.mention(f"<@{DESK}> take #42", ANNA))
    also = read_event(message(f"hey <@{DESK}> assign #42 <@U0BERT>", ANNA))
    personal = read_event(message("mine", ANNA, HERS))
    assert isinstance(mentioned, Said)
    assert isinstance(also, Said)
    assert isinstance(personal, Said)
    assert [each.is_addressed for each in (mentioned, also, personal)] == [True, True, True]
    assert [each.text for each in (mentioned, also, personal)] == ["take #42", "hey  assign #42 @Bert Auer", "mine"]
    assert personal.place.kind is ConversationKind.PERSONAL


def test_both_events_of_one_mention_are_the_same_arrival() -> None:
    said = message(f"<@{DESK}> take #42", ANNA)
    again = {name: value for name, value in said.items() if name != "channel_type"} | {"type": "app_mention"}
    assert natural_key(Kind.EVENT, event(said)) == natural_key(Kind.EVENT, event(again))
    assert natural_key(Kind.EVENT, event(said)) != natural_key(Kind.EVENT, event(payloads.changed(said, "other")))


def test_an_answer_stands_in_its_thread_and_a_root_in_none() -> None:
    answer = read_event(message("I look into it", ANNA, thread_ts="1764021600.000100"))
    root = message("How it began", ANNA)
    assert isinstance(answer, Said)
    assert answer.place.thread == "1764021600.000100"
    began = read_event({**root, "thread_ts": root["ts"]})
    assert isinstance(began, Said)
    assert began.place.thread is None


def test_files_are_told_by_name_and_address() -> None:
    said = read_event(
        message(
            "see",
            ANNA,
            subtype="file_share",
            files=[{"name": "shot.png", "permalink": "https://acme.slack.com/files/U0ANNA/F1/shot.png"}],
        )
    )
    assert isinstance(said, Said)
    assert said.text == "see\nshot.png: https://acme.slack.com/files/U0ANNA/F1/shot.png"


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0OTHER", "subtype": "bot_message"},
        {"bot_id": "B0DESK"},
        {"app_id": "A0OTHER"},
        {"user": DESK},
        {"user": "USLACKBOT"},
        {"user": None},
    ],
)
def test_machines_are_not_answered(changes: dict[str, Any]) -> None:
    said = {**message(f"<@{DESK}> help", ANNA), **changes}
    assert read_event(said) is None
    assert read_event(payloads.changed(said, "other")) is None


@pytest.mark.parametrize("subtype", ["channel_join", "channel_topic", "channel_name", "pinned_item"])
def test_what_slack_writes_into_a_channel_is_nobodys_word(subtype: str) -> None:
    assert read_event(message(f"<@{DESK}> help", ANNA, subtype=subtype)) is None


def test_a_changed_text_is_an_edit() -> None:
    before = message("seriel number 4711", ANNA, thread_ts="1764021600.000100")
    edited = read_event(payloads.changed(before, "serial number 4711"))
    assert isinstance(edited, Edited)
    assert (edited.text, edited.message, edited.place.thread) == (
        "serial number 4711",
        before["ts"],
        "1764021600.000100",
    )
    assert edited.account is not None
    assert edited.account.account == ANNA


def test_a_change_without_another_text_is_none() -> None:
    # CopilotKit#6717: an unfurled link or a reply came as message_changed and was answered again and again.
    before = message("see <https://example.com>", ANNA)
    unfurled = payloads.changed(before, before["text"], attachments=[{"from_url": "https://example.com"}])
    replied = payloads.changed(before, before["text"], reply_count=1, thread_ts=before["ts"])
    assert read_event(unfurled) is None
    assert read_event(replied) is None


def test_a_deleted_message_says_nothing_any_more() -> None:
    before = message("secret", ANNA)
    gone = read_event(payloads.deleted(before))
    assert isinstance(gone, Edited)
    assert (gone.text, gone.message) == (None, before["ts"])
    tombstone = read_event(payloads.changed(before, "This message was deleted.", subtype="tombstone", user="USLACKBOT"))
    assert isinstance(tombstone, Edited)
    assert (tombstone.text, tombstone.message) == (None, before["ts"])


def test_a_card_of_ours_that_is_deleted_is_nothing() -> None:
    assert read_event(payloads.deleted({**message("card", DESK), "bot_id": "B0DESK"})) is None


def test_a_reaction_names_its_emoji_without_skin_tone() -> None:
    reacted = read_event(payloads.reaction("eyes::skin-tone-3", ANNA, "1764021600.000100"))
    assert isinstance(reacted, Reacted)
    assert (reacted.emoji, reacted.message, reacted.place.conversation) == ("eyes", "1764021600.000100", CHANNEL)
    assert read_event(payloads.reaction("eyes", DESK, "1764021600.000100")) is None


def test_only_the_desks_own_coming_and_going_matters() -> None:
    came = read_event(payloads.joined(DESK, inviter=ANNA))
    assert isinstance(came, Joined)
    assert came.is_there
    assert came.account is not None
    assert came.account.account == ANNA
    assert read_event(payloads.joined("U0BERT")) is None
    left = read_event({"type": "channel_left", "channel": CHANNEL, "actor_id": ANNA, "event_ts": "1.2"})
    assert isinstance(left, Joined)
    assert not left.is_there


def test_a_slash_command_is_answered_at_its_address_for_a_while() -> None:
    form = payloads.slash("assign #42 <@U0BERT|bert>", ANNA, "1.2.acme", response_url="https://hooks.example/1")
    said = read(Kind.COMMAND, form)
    assert isinstance(said, Said)
    assert (said.text, said.message, said.is_addressed) == ("assign #42 @bert", None, True)
    assert said.place.address == {"response_url": "https://hooks.example/1", "until": "2026-11-24T21:29:00+00:00"}
    assert said.place.name == "triage"


def test_the_direct_messages_of_others_are_no_personal_conversation() -> None:
    with_desk = read(Kind.COMMAND, payloads.slash("mine", ANNA, "1.2.acme", HERS))
    with_bert = read(Kind.COMMAND, payloads.slash("mine", ANNA, "1.2.acme", "D0ANNABERT"))
    assert isinstance(with_desk, Said)
    assert isinstance(with_bert, Said)
    assert with_desk.place.kind is ConversationKind.PERSONAL
    assert with_bert.place.kind is ConversationKind.GROUP


def test_a_button_carries_its_value_and_what_was_put_in_beside_it() -> None:
    state = {"values": {"text": {"input": {"type": "plain_text_input", "value": "done"}}}}
    action = {"type": "button", "action_id": "press:1", "value": "mac.[]"}
    body = payloads.press(action, ANNA, "1.2.acme", CHANNEL, "1764021600.000100", state=state)
    pressed = read(Kind.INTERACTION, body)
    assert isinstance(pressed, Pressed)
    assert (pressed.value, pressed.inputs, pressed.message) == ("mac.[]", {"text": "done"}, "1764021600.000100")
    assert pressed.place.thread is None


def test_a_menu_carries_the_value_of_what_was_chosen() -> None:
    action = {
        "type": "overflow",
        "action_id": "press:9",
        "selected_option": {"text": {"type": "plain_text", "text": "Link"}, "value": "mac.[1]"},
    }
    pressed = read(Kind.INTERACTION, payloads.press(action, ANNA, "1.2.acme", CHANNEL, "1764021600.000100"))
    assert isinstance(pressed, Pressed)
    assert pressed.value == "mac.[1]"


def test_a_link_button_is_nothing_to_the_desk() -> None:
    action = {"type": "button", "action_id": "link:2", "url": "https://desk.example/console/tickets/42"}
    assert read(Kind.INTERACTION, payloads.press(action, ANNA, "1.2.acme", CHANNEL, "1764021600.000100")) is None


def test_a_message_that_one_person_sees_cannot_be_redrawn_but_replaced() -> None:
    action = {"type": "button", "action_id": "press:1", "value": "mac.[]"}
    container = {"type": "message", "message_ts": "1764021600.000100", "channel_id": CHANNEL, "is_ephemeral": True}
    body = payloads.press(
        action,
        ANNA,
        "1.2.acme",
        CHANNEL,
        "1764021600.000100",
        container=container,
        response_url="https://hooks.example/1",
    )
    pressed = read(Kind.INTERACTION, body)
    assert isinstance(pressed, Pressed)
    assert pressed.message is None
    assert pressed.place.address["replaces"] is True


def test_a_button_in_the_app_home_is_answered_in_the_personal_conversation() -> None:
    action = {"type": "button", "action_id": "press:1", "value": "mac.[]"}
    body = payloads.press(action, ANNA, "1.2.acme", CHANNEL, "1")
    for name in ("channel", "message"):
        del body[name]
    body |= {"container": {"type": "view", "view_id": "V1"}, "view": {"type": "home", "state": {"values": {}}}}
    pressed = read(Kind.INTERACTION, body)
    assert isinstance(pressed, Pressed)
    assert (pressed.place.conversation, pressed.place.kind) == (HERS, ConversationKind.PERSONAL)
    assert pressed.message is None


def test_a_form_comes_back_to_where_it_was_opened() -> None:
    opened = read(
        Kind.INTERACTION,
        payloads.press(
            {"type": "button", "action_id": "press:1", "value": "mac.[]"},
            ANNA,
            "1.2.acme",
            CHANNEL,
            "1764021600.000100",
        ),
    )
    assert isinstance(opened, Pressed)
    buttons = Buttons(b"0123456789abcdef")
    note = Action(label="Save", command="note", arguments={"ticket": "42"})
    form = Card(heading="Note", summary="Note", elements=(TextInput(name="text", label="Text"),), actions=(note,))
    view = modal(form, buttons, "en", private_metadata=write_place(opened.place, opened.message))
    values = {"text": {"input": {"type": "plain_text_input", "value": "Toner is on its way"}}}
    body = payloads.submission({**view, "id": "V1", "hash": "1.abc"}, values, ANNA, "1.3.acme")
    sent = read(Kind.INTERACTION, body)
    assert isinstance(sent, Pressed)
    assert (sent.place, sent.message, sent.inputs) == (opened.place, opened.message, {"text": "Toner is on its way"})
    assert buttons.read(sent.value).arguments == {"ticket": "42"}
    assert natural_key(Kind.INTERACTION, body) == "view:V1:1.abc"


def test_what_is_kept_holds_no_verification_token() -> None:
    body = keep(Kind.EVENT, event(message("hello", ANNA)), NOW, team=TEAM, desk=DESK, names={}, personal=None)
    assert "token" not in body["payload"]
    assert "blocks" not in body["payload"]["event"]
