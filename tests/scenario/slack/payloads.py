"""What Slack sends, in the shapes that it documents.

https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.services.fake_slack import APP, DESK, TEAM

Json = dict[str, Any]

CHANNEL = "C0TRIAGE"
_numbers = count(1)


def event(inner: Json, **changes: Any) -> Json:
    """An Events API envelope."""
    return {
        "token": "XXYYZZ",
        "team_id": TEAM,
        "api_app_id": APP,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{next(_numbers):010d}",
        "event_time": 1764021600,
        "authorizations": [
            {"enterprise_id": None, "team_id": TEAM, "user_id": DESK, "is_bot": True, "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-eyJldCI6Im1lc3NhZ2UifQ",
        **changes,
    }


def new_ts() -> str:
    return f"1764021700.{next(_numbers):06d}"


def message(text: str, user: str, channel: str = CHANNEL, **changes: Any) -> Json:
    """Somebody says something; a channel whose id begins with D is theirs with the desk."""
    ts = new_ts()
    return {
        "client_msg_id": f"0837851c-2d34-4d4d-804c-{next(_numbers):012d}",
        "type": "message",
        "user": user,
        "text": text,
        "ts": ts,
        "team": TEAM,
        "blocks": [{"type": "rich_text", "block_id": "YKju", "elements": []}],
        "channel": channel,
        "event_ts": ts,
        "channel_type": "im" if channel.startswith("D") else "channel",
        **changes,
    }


def mention(text: str, user: str, channel: str = CHANNEL, **changes: Any) -> Json:
    """The second event that Slack sends when the desk is mentioned."""
    said = message(text, user, channel, **changes)
    del said["channel_type"]
    return {**said, "type": "app_mention"}


def changed(before: Json, text: str, **changes: Any) -> Json:
    """The message `before` reads differently now."""
    kept = {name: value for name, value in before.items() if name not in ("channel", "channel_type", "event_ts")}
    now = {**kept, "text": text, "edited": {"user": before["user"], "ts": new_ts()}, **changes}
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": now,
        "previous_message": kept,
        "channel": before["channel"],
        "ts": new_ts(),
        "event_ts": new_ts(),
        "channel_type": before["channel_type"],
    }


def deleted(before: Json) -> Json:
    """The message `before` is gone."""
    kept = {name: value for name, value in before.items() if name not in ("channel", "channel_type", "event_ts")}
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": before["ts"],
        "previous_message": kept,
        "channel": before["channel"],
        "ts": new_ts(),
        "event_ts": new_ts(),
        "channel_type": before["channel_type"],
    }


def reaction(emoji: str, user: str, ts: str, channel: str = CHANNEL) -> Json:
    return {
        "type": "reaction_added",
        "user": user,
        "reaction": emoji,
        "item_user": user,
        "item": {"type": "message", "channel": channel, "ts": ts},
        "event_ts": new_ts(),
    }


def slash(text: str, user: str, trigger: str, channel: str = CHANNEL, **changes: Any) -> dict[str, str]:
    """The form of a slash command."""
    return {
        "token": "XXYYZZ",
        "team_id": TEAM,
        "team_domain": "acme",
        "channel_id": channel,
        "channel_name": "directmessage" if channel.startswith("D") else "triage",
        "user_id": user,
        "user_name": user.lower(),
        "command": "/psa",
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "trigger_id": trigger,
        **changes,
    }


def press(action: Json, user: str, trigger: str, channel: str, message_ts: str, **changes: Any) -> Json:
    """A button on a message."""
    return {
        "type": "block_actions",
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "api_app_id": APP,
        "token": "XXYYZZ",
        "container": {"type": "message", "message_ts": message_ts, "channel_id": channel, "is_ephemeral": False},
        "trigger_id": trigger,
        "team": {"id": TEAM, "domain": "acme"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "directmessage" if channel.startswith("D") else "triage"},
        "message": {"type": "message", "user": DESK, "ts": message_ts, "bot_id": "B0DESK", "text": "…"},
        "state": {"values": {}},
        "actions": [{"block_id": "b1", "action_ts": new_ts(), **action}],
        **changes,
    }


def submission(view: Json, values: Json, user: str, trigger: str) -> Json:
    """A modal that is sent; `values` are the state by block and action."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "api_app_id": APP,
        "token": "XXYYZZ",
        "trigger_id": trigger,
        "view": {**view, "team_id": TEAM, "app_id": APP, "bot_id": "B0DESK", "state": {"values": values}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def suggestion(action_id: str, block_id: str, typed: str, user: str, view: Json) -> Json:
    """What a lookup input asks while somebody types."""
    return {
        "type": "block_suggestion",
        "user": {"id": user, "name": user.lower(), "team_id": TEAM},
        "container": {"type": "view", "view_id": view["id"]},
        "api_app_id": APP,
        "token": "XXYYZZ",
        "action_id": action_id,
        "block_id": block_id,
        "value": typed,
        "team": {"id": TEAM, "domain": "acme"},
        "view": view,
    }


def message_shortcut(callback_id: str, said: Json, user: str, trigger: str, response_url: str) -> Json:
    """A shortcut in the menu of a message."""
    return {
        "type": "message_action",
        "token": "XXYYZZ",
        "action_ts": new_ts(),
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user, "name": user.lower(), "team_id": TEAM},
        "channel": {"id": said["channel"], "name": "triage"},
        "callback_id": callback_id,
        "trigger_id": trigger,
        "message_ts": said["ts"],
        "message": {"type": "message", "user": said["user"], "ts": said["ts"], "text": said["text"], "team": TEAM},
        "response_url": response_url,
    }


def global_shortcut(callback_id: str, user: str, trigger: str) -> Json:
    """A shortcut beside the composer: it happens nowhere."""
    return {
        "type": "shortcut",
        "token": "XXYYZZ",
        "action_ts": new_ts(),
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user, "username": user.lower(), "team_id": TEAM},
        "callback_id": callback_id,
        "trigger_id": trigger,
    }


def link_shared(url: str, user: str, channel: str = CHANNEL, **changes: Any) -> Json:
    return {
        "type": "link_shared",
        "channel": channel,
        "is_bot_user_member": True,
        "user": user,
        "message_ts": new_ts(),
        "unfurl_id": f"{channel}.123456789.987501.1b90fa12",
        "source": "conversations_history",
        "links": [{"domain": "desk.example", "url": url}],
        "event_ts": new_ts(),
        **changes,
    }


def home_opened(user: str) -> Json:
    return {
        "type": "app_home_opened",
        "user": user,
        "channel": f"D{user[1:]}",
        "tab": "home",
        "event_ts": new_ts(),
    }


def joined(user: str, inviter: str | None = None, channel: str = CHANNEL) -> Json:
    return {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel,
        "channel_type": "C",
        "team": TEAM,
        "event_ts": new_ts(),
    } | ({"inviter": inviter} if inviter else {})
