"""Whether a request is Slack's own (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from slack_sdk.signature import Clock, SignatureVerifier


class _Instant(Clock):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        return self._now.timestamp()


def is_from_slack(signing_secret: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Signed with our secret, not more than five minutes ago or ahead."""
    try:
        return SignatureVerifier(signing_secret, _Instant(now)).is_valid_request(body, dict(headers))
    except (TypeError, ValueError):
        # A time that is no number, a signature that is no ASCII, a body that is no UTF-8.
        return False
