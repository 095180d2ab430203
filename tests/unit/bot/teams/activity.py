"""Activities as Teams sends them, with what a test changes."""

from __future__ import annotations

from typing import Any

from tests.services.fake_connector import APP_ID, BOT, TENANT

ANNA = "a0000000-0000-4000-8000-000000000001"
CHANNEL = "19:kanal@thread.tacv2"
PERSONAL = f"a:{ANNA}"
SERVICE_URL = "https://smba.trafficmanager.net/emea/"

Json = dict[str, Any]


def activity(kind: str = "message", *, sender: object = None, **changes: Any) -> Json:
    """In the personal chat with Anna, or with `sender` in her place."""
    return {
        "type": kind,
        "id": "1700000000000",
        "timestamp": "2026-11-24T10:00:00.000Z",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "from": sender if sender is not None else {"id": "29:anna", "name": "Anna Gruber", "aadObjectId": ANNA},
        "recipient": {"id": BOT, "name": "PSA"},
        "conversation": {"id": PERSONAL, "conversationType": "personal", "tenantId": TENANT},
        "channelData": {"tenant": {"id": TENANT}},
        "locale": "de-DE",
    } | changes


def in_channel(kind: str = "message", *, thread: str | None = None, **changes: Any) -> Json:
    """In a channel, in the thread of that root."""
    suffix = f";messageid={thread}" if thread else ""
    return activity(
        kind,
        **{
            "conversation": {
                "id": CHANNEL + suffix,
                "conversationType": "channel",
                "tenantId": TENANT,
                "isGroup": True,
            },
            "channelData": {
                "tenant": {"id": TENANT},
                "team": {"id": "19:team@thread.tacv2", "name": "Technik"},
                "channel": {"id": CHANNEL, "name": "Störungen"},
            },
        }
        | changes,
    )


def mention_of_bot(text: str = "<at>PSA</at>") -> Json:
    return {"type": "mention", "text": text, "mentioned": {"id": BOT, "name": "PSA"}}


def mention_of(name: str) -> Json:
    return {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": f"29:{name}", "name": name}}


__all__ = ["ANNA", "APP_ID", "BOT", "CHANNEL", "PERSONAL", "SERVICE_URL", "TENANT", "Json", "activity", "in_channel"]
