"""Reads what every activity says: who, where, which message. Activities are kept as they came, so nothing is certain.

The shapes: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson

from bot.request import Account, Place
from bot.teams.references import Reference
from core.chat.rules import ConversationKind, Surface

NATURAL_KEY_CHARACTERS = 300

_THREAD = ";messageid="
_MEETING = re.compile(r"19:meeting_", re.IGNORECASE)
_CHAT_OF_TWO = re.compile(r"19:([0-9a-f-]+)_([0-9a-f-]+)@unq\.gbl\.spaces")
_KINDS = {"personal": ConversationKind.PERSONAL, "channel": ConversationKind.CHANNEL}
_REPEATING = frozenset({"messageUpdate", "messageDelete"})
"""Types whose id is that of the message, the same each time it is changed."""


def part(thing: object, *names: str) -> Mapping[str, Any]:
    """The object at a path of names; empty where there is none."""
    for name in names:
        thing = thing.get(name) if isinstance(thing, Mapping) else None
    return thing if isinstance(thing, Mapping) else {}


def text_of(thing: Mapping[str, Any], name: str) -> str:
    """The text of that name; empty where there is none."""
    found = thing.get(name)
    return found if isinstance(found, str) else ""


def natural_key(activity: Mapping[str, Any]) -> str:
    """What makes a second arrival of the same activity the same: its type, conversation and id."""
    kind, conversation = text_of(activity, "type"), text_of(part(activity, "conversation"), "id")
    identity = text_of(activity, "id") or sha256(orjson.dumps(activity, option=orjson.OPT_SORT_KEYS)).hexdigest()
    parts = [kind, conversation, identity]
    if kind in _REPEATING:
        parts.append(text_of(activity, "timestamp"))
    key = "/".join(quote(each, safe=":;@.=") for each in parts)
    return key if len(key) <= NATURAL_KEY_CHARACTERS else f"{kind[:50]}/{sha256(key.encode()).hexdigest()}"


def bot_of(activity: Mapping[str, Any]) -> str:
    """Our own account's id in Teams (28:…)."""
    return text_of(part(activity, "recipient"), "id")


def tenant_of(activity: Mapping[str, Any]) -> str:
    """The tenant's id; empty for an activity that names none."""
    return text_of(part(activity, "channelData", "tenant"), "id") or text_of(part(activity, "conversation"), "tenantId")


def account_of(activity: Mapping[str, Any]) -> Account | None:
    """Who did it: by the directory's object id. None for machines and for people of no directory.

    Teams does not vouch for an address here: that is looked up when it is needed.
    """
    sender = part(activity, "from")
    directory_id, tenant = text_of(sender, "aadObjectId"), tenant_of(activity)
    if not directory_id or not tenant:
        return None
    return Account(Surface.TEAMS, tenant, directory_id, text_of(sender, "name"))


def place_of(activity: Mapping[str, Any]) -> Place | None:
    """Where it happened; None for an activity that does not say."""
    conversation, _, thread = text_of(part(activity, "conversation"), "id").partition(_THREAD)
    tenant = tenant_of(activity)
    if not conversation or not tenant:
        return None
    kind = kind_of(activity)
    return Place(
        surface=Surface.TEAMS,
        tenant=tenant,
        conversation=conversation,
        kind=kind,
        thread=thread or None,
        name=_name(activity, kind),
        reference=Reference(text_of(activity, "serviceUrl"), bot_of(activity)).keep(),
    )


def kind_of(activity: Mapping[str, Any]) -> ConversationKind:
    """Meeting chats are for everybody in the meeting, and chats of two people for both, whatever their type says."""
    conversation = part(activity, "conversation")
    named = _KINDS.get(text_of(conversation, "conversationType"), ConversationKind.GROUP)
    is_meeting = bool(part(activity, "channelData", "meeting")) or bool(_MEETING.match(text_of(conversation, "id")))
    is_others = is_meeting or _is_between_people(activity)
    return ConversationKind.GROUP if is_others and named is ConversationKind.PERSONAL else named


def _is_between_people(activity: Mapping[str, Any]) -> bool:
    """The message extension is also called in chats that the desk is not in."""
    two = _CHAT_OF_TWO.match(text_of(part(activity, "conversation"), "id"))
    return two is not None and bot_of(activity).removeprefix("28:").lower() not in two.group(1, 2)


def replied_to(activity: Mapping[str, Any]) -> str | None:
    """The message that carries the card whose button was pressed, or that was reacted to."""
    return text_of(activity, "replyToId") or None


def _name(activity: Mapping[str, Any], kind: ConversationKind) -> str:
    if kind is ConversationKind.PERSONAL:
        return text_of(part(activity, "from"), "name")
    data = part(activity, "channelData")
    names = [text_of(part(data, "team"), "name"), text_of(part(data, "channel"), "name")]
    return " / ".join(each for each in names if each) or text_of(part(activity, "conversation"), "name")
