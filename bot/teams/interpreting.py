"""What a stored activity asks of the desk. Pure: the same activity always means the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.request import Edited, Joined, Place, Pressed, Reacted, Request, Said
from bot.teams.activities import account_of, bot_of, part, place_of, replied_to, text_of
from bot.teams.plain_text import mentioned_id, mentions, said_text
from core.chat.rules import ConversationKind

BUTTON: Final = "value"
"""Where a button's signed value stands in the data of its action (`bot.render.adaptive`)."""

CARD: Final = "psa.card"
"""Where a dialog keeps the message whose button opened it."""

_NO_INPUTS = frozenset({BUTTON, CARD, "msteams"})

_EMOJI: Final = {
    "1f3ab": "ticket",
    "1f39f": "admission_tickets",
    "1f440": "eyes",
    "2705": "white_check_mark",
}
"""Teams names a reaction by the emoji's code point and its own name for it: 1f440_eyes."""

_CODE_POINT = re.compile(r"([0-9a-f]{4,6})(?:[-_].*)?")


def interpret(activity: Mapping[str, Any]) -> Request | None:
    """The request, or None: nothing is asked of the desk."""
    place = place_of(activity)
    if place is None:
        return None
    match text_of(activity, "type"):
        case "message":
            return _message(activity, place)
        case "messageUpdate" | "messageDelete":
            return _edited(activity, place)
        case "messageReaction":
            return _reacted(activity, place)
        case "conversationUpdate":
            return _conversation(activity, place)
        case "installationUpdate":
            return _installation(activity, place)
        case "invoke":
            return _invoked(activity, place)
        case _:
            return None


def inputs_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What was put into a form, by input."""
    return {
        name: value if isinstance(value, str) else _spelt(value)
        for name, value in data.items()
        if name not in _NO_INPUTS and value is not None
    }


def button_data(activity: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of the action that was pressed, wherever its kind of activity keeps them; empty if it is none of ours.

    Action.Execute: value.action.data; dialogs and the message extension: value.data; Action.Submit: value itself.
    """
    value = part(activity, "value")
    for data in (part(value, "action", "data"), part(value, "data"), value):
        if isinstance(data.get(BUTTON), str):
            return data
    return {}


def _message(activity: Mapping[str, Any], place: Place) -> Request | None:
    account = account_of(activity)
    if account is None:
        return None
    if button_data(activity):
        return _pressed(activity, place)
    text = said_text(activity, bot_of(activity))
    is_addressed = place.kind is ConversationKind.PERSONAL or _is_mentioned(activity)
    if not text and not is_addressed:
        return None
    return Said(account, place, text, text_of(activity, "id") or None, is_addressed)


def _pressed(activity: Mapping[str, Any], place: Place) -> Request | None:
    data, account = button_data(activity), account_of(activity)
    if not data or account is None:
        return None
    message = replied_to(activity) or text_of(data, CARD) or None
    return Pressed(account, place, data[BUTTON], inputs_of(data), message)


def _invoked(activity: Mapping[str, Any], place: Place) -> Request | None:
    name = text_of(activity, "name")
    if name in ("adaptiveCard/action", "task/submit"):
        return _pressed(activity, place)
    if name == "composeExtension/submitAction":
        return _pressed(activity, place)
    return None


def _edited(activity: Mapping[str, Any], place: Place) -> Request | None:
    message = text_of(activity, "id")
    if not message:
        return None
    text = said_text(activity, bot_of(activity)) if activity["type"] == "messageUpdate" else None
    return Edited(account_of(activity), place, message, text)


def _reacted(activity: Mapping[str, Any], place: Place) -> Request | None:
    account, message, added = account_of(activity), replied_to(activity), activity.get("reactionsAdded")
    if account is None or message is None or not isinstance(added, Sequence) or not added:
        return None
    name = text_of(part({"added": added[0]}, "added"), "type")
    return Reacted(account, place, message, emoji_name(name)) if name else None


def emoji_name(reaction: str) -> str:
    """The emoji by the name that the desk knows; as Teams says it where it knows none."""
    found = _CODE_POINT.fullmatch(reaction.lower())
    return _EMOJI.get(found.group(1), reaction) if found else reaction


def _conversation(activity: Mapping[str, Any], place: Place) -> Request | None:
    """The desk came, or went; or the channel was deleted."""
    event = text_of(part(activity, "channelData"), "eventType")
    if event == "channelDeleted":
        channel = text_of(part(activity, "channelData", "channel"), "id")
        return Joined(None, _in_channel(place, channel), is_there=False) if channel else None
    if _names_bot(activity, "membersAdded"):
        return Joined(account_of(activity), place, is_there=True)
    if _names_bot(activity, "membersRemoved"):
        return Joined(None, place, is_there=False)
    return None


def _installation(activity: Mapping[str, Any], place: Place) -> Request | None:
    """The greeting is for `conversationUpdate`, which comes with it: here the place is only remembered or dropped."""
    match text_of(activity, "action"):
        case "add" | "add-upgrade":
            return Joined(None, place, is_there=True)
        case "remove":
            return Joined(None, place, is_there=False)
        case _:
            return None


def _in_channel(place: Place, channel: str) -> Place:
    return Place(
        surface=place.surface,
        tenant=place.tenant,
        conversation=channel,
        kind=ConversationKind.CHANNEL,
        reference=place.reference,
    )


def _names_bot(activity: Mapping[str, Any], members: str) -> bool:
    found, bot = activity.get(members), bot_of(activity)
    if not isinstance(found, Sequence) or isinstance(found, str) or not bot:
        return False
    return any(isinstance(each, Mapping) and each.get("id") == bot for each in found)


def _is_mentioned(activity: Mapping[str, Any]) -> bool:
    bot = bot_of(activity)
    return bool(bot) and any(mentioned_id(each) == bot for each in mentions(activity))


def _spelt(value: object) -> str:
    """A number or a truth value as a form sends it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
