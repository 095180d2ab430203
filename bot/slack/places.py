"""Where something happened in Slack, as the desk names places. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from bot.request import Place
from bot.slack.kept import Payload
from core.chat.rules import ConversationKind, Surface

RESPONSE_TIME = timedelta(minutes=29)
"""Slack takes answers at a response_url for 30 minutes; the last one is for our own queue."""

NOWHERE = ""
"""The conversation of a place that Slack does not name and we do not know."""

_KINDS = {
    "im": ConversationKind.PERSONAL,
    "mpim": ConversationKind.GROUP,
    "channel": ConversationKind.CHANNEL,
    "group": ConversationKind.CHANNEL,
}


def kind_of(channel: str, channel_type: str | None = None, name: str = "") -> ConversationKind:
    """What a channel is, by what an event says of it, else by its id and name."""
    if channel_type in _KINDS:
        return _KINDS[channel_type]
    if name.startswith("mpdm-"):
        return ConversationKind.GROUP
    return ConversationKind.PERSONAL if channel.startswith("D") else ConversationKind.CHANNEL


def place_of_event(body: Mapping[str, Any], event: Payload) -> Place:
    """Events come from conversations that the desk is in: a direct one is the person's with the desk."""
    channel = event["channel"] if isinstance(event["channel"], str) else event["channel"]["id"]
    return Place(
        surface=Surface.SLACK,
        tenant=body["team"],
        conversation=channel,
        kind=kind_of(channel, event.get("channel_type")),
        thread=_thread(event),
    )


def place_of_slash(body: Mapping[str, Any], payload: Payload) -> Place:
    """Slash commands also come from conversations that the desk is not in, such as other people's direct ones."""
    return _place(body, payload["channel_id"], payload.get("channel_name") or "", _respond_at(body, payload))


def place_of_interaction(body: Mapping[str, Any], payload: Payload) -> Place:
    """Where the card stands; what has no place, such as the App Home, is answered in the personal conversation."""
    container = payload.get("container") or {}
    channel = payload.get("channel") or {}
    channel_id = channel.get("id") or container.get("channel_id")
    if not channel_id:
        return _place(body, body["personal"] or NOWHERE, "", {})
    message = {"ts": container.get("message_ts"), "thread_ts": container.get("thread_ts")}
    message = payload.get("message") or message
    address = _respond_at(body, payload)
    if address and container.get("is_ephemeral"):
        address["replaces"] = True
    return _place(body, channel_id, channel.get("name") or "", address, _thread(message))


def write_place(place: Place, message: str | None) -> str:
    """The place, and the message whose button opened a form, as the form carries them until it is sent."""
    told = [place.conversation, place.kind.value, place.thread, message, place.name, dict(place.address)]
    return orjson.dumps(told).decode()


def read_place(body: Mapping[str, Any], written: str) -> tuple[Place, str | None]:
    """What `write_place` was given."""
    conversation, kind, thread, message, name, address = orjson.loads(written)
    place = Place(
        Surface.SLACK, body["team"], conversation, ConversationKind(kind), thread=thread, name=name, address=address
    )
    return place, message


def _place(
    body: Mapping[str, Any], channel: str, name: str, address: Mapping[str, object], thread: str | None = None
) -> Place:
    kind = kind_of(channel, name=name)
    if kind is ConversationKind.PERSONAL and channel != body["personal"]:
        kind = ConversationKind.GROUP
    is_told = name not in ("directmessage", "privategroup") and kind is ConversationKind.CHANNEL
    return Place(
        surface=Surface.SLACK,
        tenant=body["team"],
        conversation=channel,
        kind=kind,
        thread=thread,
        name=name if is_told else "",
        address=address,
    )


def _thread(message: Payload) -> str | None:
    """The root of the thread that the message stands in; a root itself stands in none."""
    root = message.get("thread_ts")
    return root if root and root != message.get("ts") else None


def _respond_at(body: Mapping[str, Any], payload: Payload) -> dict[str, object]:
    url = payload.get("response_url")
    if not url:
        return {}
    until = datetime.fromisoformat(body["received_at"]) + RESPONSE_TIME
    return {"response_url": url, "until": until.isoformat()}
