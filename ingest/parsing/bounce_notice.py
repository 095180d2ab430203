"""Bounces told in JSON: the notifications a sending service mails to its user (Amazon SES through SNS)."""

from __future__ import annotations

import json
import re
from typing import Any

from ingest.parsing.mail import Bounce, BouncedRecipient

_HARD_BREAK = re.compile(r"!\n ?")
"""Old relays break lines behind 990 characters so (sendmail)."""
_LONGEST_CHARS = 200_000
_MOST_RECIPIENTS = 1_000


def find_notice(text: str) -> Bounce | None:
    """The bounce that a text tells of which starts with such an object, or None."""
    if not text.lstrip().startswith("{") or "bouncedRecipients" not in text or len(text) > _LONGEST_CHARS:
        return None
    notice = _read_object(_HARD_BREAK.sub("", text))
    if isinstance(notice.get("Message"), str):
        notice = _read_object(notice["Message"])
    bounce = notice.get("bounce")
    if not isinstance(bounce, dict) or not isinstance(bounce.get("bouncedRecipients"), list):
        return None
    failed = [entry for entry in bounce["bouncedRecipients"][:_MOST_RECIPIENTS] if isinstance(entry, dict)]
    recipients = tuple(
        BouncedRecipient(
            address=str(entry.get("emailAddress", "")),
            action=_text(entry.get("action")) or "failed",
            status=_text(entry.get("status")),
            diagnostic=_text(entry.get("diagnosticCode")),
        )
        for entry in failed
    )
    return Bounce(recipients, _original_message_id(notice.get("mail")))


def _original_message_id(mail: Any) -> str | None:
    if not isinstance(mail, dict):
        return None
    common = mail.get("commonHeaders")
    known = _text(common.get("messageId")) if isinstance(common, dict) else None
    known = known or _text(mail.get("messageId"))
    return known.strip("<> ") if known else None


def _read_object(text: str) -> dict[str, Any]:
    """The object a text starts with; empty where it is none."""
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
