"""What is kept of a request of Slack's until it is worked on: the payload, and what we knew when it came. Pure.

A kept body has `kind` (`event`, `command`, `interaction`), `received_at` (ISO), `team` (the workspace of ours, also for
people of others), `desk` (our user there), `names` (people by id, as far as known), `personal` (the conversation with
the acting person alone, as far as known) and `payload`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

import orjson

Payload = Mapping[str, Any]

# Verification tokens are secrets, and blocks say again what the text says.
_LEFT_OUT = frozenset(
    {"token", "blocks", "attachments", "authed_users", "authed_teams", "event_context", "bot_profile"}
)


class Kind(StrEnum):
    EVENT = "event"
    COMMAND = "command"
    INTERACTION = "interaction"


def keep(
    kind: Kind,
    payload: Payload,
    received_at: datetime,
    *,
    team: str,
    desk: str | None,
    names: Mapping[str, str],
    personal: str | None,
) -> dict[str, Any]:
    """The body to keep."""
    return {
        "kind": kind.value,
        "received_at": received_at.isoformat(),
        "team": team,
        "desk": desk,
        "names": dict(names),
        "personal": personal,
        "payload": _slim(payload),
    }


def natural_key(kind: Kind, payload: Payload) -> str:
    """The same for what Slack sends again; also for the two events that it makes of one mention."""
    if kind is Kind.EVENT:
        event = payload["event"]
        if is_new_message(event):
            return f"said:{payload.get('team_id')}:{event['channel']}:{event['ts']}"
        return f"event:{payload['event_id']}"
    if kind is Kind.INTERACTION and payload.get("type") == "view_submission":
        return f"view:{payload['view']['id']}:{payload['view'].get('hash')}"
    trigger = payload.get("trigger_id")
    return f"{kind}:{trigger}" if trigger else f"{kind}:{sha256(orjson.dumps(payload)).hexdigest()}"


def is_new_message(event: Payload) -> bool:
    """Somebody said something, told by either of the events for that."""
    return event["type"] in ("app_mention", "message") and event.get("subtype") not in (
        "message_changed",
        "message_deleted",
    )


def _slim(value: Any) -> Any:
    if isinstance(value, Mapping):
        # What was put into a form is kept as it is, whatever its inputs are called.
        return {name: part if name == "state" else _slim(part) for name, part in value.items() if name not in _LEFT_OUT}
    return [_slim(part) for part in value] if isinstance(value, list) else value
