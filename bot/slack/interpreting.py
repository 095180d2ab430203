"""What is kept of Slack's requests, as requests to the desk. Pure.

Payloads: https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.render.blockkit import input_values, pressed_value, read_metadata
from bot.request import Account, Edited, Joined, Pressed, Reacted, Request, Said
from bot.slack.kept import Kind, Payload
from bot.slack.places import place_of_event, place_of_interaction, place_of_slash, read_place
from bot.slack.plain_text import mentioned, plain_text
from core.chat.rules import ConversationKind, Surface

_SAID = frozenset({None, "file_share", "me_message", "thread_broadcast"})
_LEFT = frozenset(
    {"channel_left", "group_left", "channel_archive", "group_archive", "channel_deleted", "group_deleted", "im_close"}
)
_SLACKBOT = "USLACKBOT"


def interpret(body: Mapping[str, Any]) -> Request | None:
    """The request that a kept body means; None where there is nothing to do."""
    kind, payload = Kind(body["kind"]), body["payload"]
    if kind is Kind.COMMAND:
        return _slash_command(body, payload)
    if kind is Kind.INTERACTION:
        return _sent_form(body, payload) if payload["type"] == "view_submission" else _pressed(body, payload)
    event = payload["event"]
    if event["type"] in ("message", "app_mention"):
        return _message(body, event)
    if event["type"] == "reaction_added":
        return _reaction(body, event)
    return _coming_or_going(body, event)


def account_of(body: Mapping[str, Any], account: str, name: str = "") -> Account:
    """The account. Its tenant is our workspace, also for people of others, who talk to us through it."""
    return Account(Surface.SLACK, body["team"], account, display_name=body["names"].get(account) or name)


def account_of_interaction(body: Mapping[str, Any]) -> Account:
    """Who pressed, chose or sent something."""
    user = body["payload"]["user"]
    return account_of(body, user["id"], str(user.get("name") or user.get("username") or ""))


def is_by_machine(message: Payload, desk: str | None) -> bool:
    """The desk itself, another app, or Slack: never answered, or machines talk to each other for ever."""
    return (
        any(message.get(mark) for mark in ("bot_id", "app_id"))
        or message.get("subtype") == "bot_message"
        or message.get("user") in (None, desk, _SLACKBOT)
    )


def text_of(body: Mapping[str, Any], message: Payload) -> str:
    """What a message says, with its files by name and address."""
    files = [f"{file.get('name') or file.get('title')}: {file.get('permalink')}" for file in message.get("files") or ()]
    return "\n".join(part for part in (_plain(body, message.get("text")), *files) if part)


def _plain(body: Mapping[str, Any], text: str | None) -> str:
    return plain_text(text or "", names=body["names"], without=(body["desk"],))


def _message(body: Mapping[str, Any], event: Payload) -> Request | None:
    subtype = event.get("subtype")
    if subtype in ("message_changed", "message_deleted"):
        return _edited(body, event)
    if subtype not in _SAID or is_by_machine(event, body["desk"]):
        return None
    place = place_of_event(body, event)
    is_mention = event["type"] == "app_mention" or body["desk"] in mentioned(event.get("text") or "")
    return Said(
        account=account_of(body, event["user"]),
        place=place,
        text=text_of(body, event),
        message=event["ts"],
        is_addressed=is_mention or place.kind is ConversationKind.PERSONAL,
    )


def _edited(body: Mapping[str, Any], event: Payload) -> Edited | None:
    """A change that people make. Slack tells of many others: an unfurled link, a reply, a language found."""
    before = event.get("previous_message") or {}
    after = event.get("message") or {}
    is_deleted = event["subtype"] == "message_deleted" or after.get("subtype") == "tombstone"
    message = before if is_deleted else after
    if message and is_by_machine(message, body["desk"]):
        return None
    text = None if is_deleted else text_of(body, after)
    if not is_deleted and before and text == text_of(body, before):
        return None
    author = (after.get("edited") or {}).get("user") or message.get("user")
    return Edited(
        account=account_of(body, author) if author else None,
        place=place_of_event(body, {**event, "thread_ts": message.get("thread_ts"), "ts": message.get("ts")}),
        message=message.get("ts") or event["deleted_ts"],
        text=text,
    )


def _reaction(body: Mapping[str, Any], event: Payload) -> Reacted | None:
    item = event["item"]
    if item.get("type") != "message" or event["user"] == body["desk"]:
        return None
    return Reacted(
        account=account_of(body, event["user"]),
        place=place_of_event(body, {"channel": item["channel"]}),
        message=item["ts"],
        emoji=event["reaction"].partition("::")[0],
    )


def _coming_or_going(body: Mapping[str, Any], event: Payload) -> Joined | None:
    if event["type"] == "member_joined_channel" and event["user"] == body["desk"]:
        inviter = event.get("inviter")
        return Joined(account_of(body, inviter) if inviter else None, place_of_event(body, event), is_there=True)
    return Joined(None, place_of_event(body, event), is_there=False) if event["type"] in _LEFT else None


def _slash_command(body: Mapping[str, Any], payload: Payload) -> Said:
    return Said(
        account=account_of(body, payload["user_id"], payload.get("user_name") or ""),
        place=place_of_slash(body, payload),
        text=_plain(body, payload.get("text")),
        message=None,
        is_addressed=True,
    )


def _pressed(body: Mapping[str, Any], payload: Payload) -> Pressed | None:
    value = pressed_value(payload["actions"][0])
    if value is None:
        return None
    container = payload.get("container") or {}
    is_redrawable = container.get("type") == "message" and not container.get("is_ephemeral")
    state = (payload.get("view") or payload).get("state") or {}
    return Pressed(
        account=account_of_interaction(body),
        place=place_of_interaction(body, payload),
        value=value,
        inputs=input_values(state.get("values") or {}),
        message=container["message_ts"] if is_redrawable else None,
    )


def _sent_form(body: Mapping[str, Any], payload: Payload) -> Pressed:
    view = payload["view"]
    metadata = read_metadata(view["private_metadata"])
    place, message = read_place(body, metadata.data)
    return Pressed(
        account=account_of_interaction(body),
        place=place,
        value=metadata.value,
        inputs=input_values((view.get("state") or {}).get("values") or {}),
        message=message,
    )
