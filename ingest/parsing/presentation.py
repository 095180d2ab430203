"""A parsed mail as the object that `psa mail parse --json` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from ingest.parsing.mail import Bounce, MailAddress, ParsedMail
from ingest.parsing.parse import NotAMail, parse_mail


def as_json(mail: ParsedMail) -> dict[str, Any]:
    """The mail in plain values: dates in ISO 8601, attachments without their payload."""
    return {
        "subject": mail.subject,
        "from": _address(mail.sender) if mail.sender is not None else None,
        "to": [_address(address) for address in mail.to],
        "cc": [_address(address) for address in mail.cc],
        "reply_to": [_address(address) for address in mail.reply_to],
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "date": mail.date.isoformat() if mail.date is not None else None,
        "text": mail.body.text,
        "full_text": mail.body.full_text,
        "html": mail.html,
        "quoted": mail.body.quoted,
        "signature": mail.body.signature,
        "attachments": [
            {
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size": attachment.size_bytes,
                "inline": attachment.inline,
            }
            for attachment in mail.attachments
        ],
        "auto_generated": mail.automatic.value if mail.automatic is not None else False,
        "bounce": _bounce(mail.bounce) if mail.bounce is not None else None,
        "charset_problems": list(mail.charset_problems),
        "exceeded": list(mail.exceeded),
    }


def parse_files(paths: Iterable[Path]) -> Iterator[bytes]:
    """One line of JSON for each file, in order; `{"error": …}` for a file that is unreadable or no mail."""
    for path in paths:
        try:
            answer = as_json(parse_mail(path.read_bytes()))
        except NotAMail:
            answer = {"error": f"{path}: no mail: it has no header field"}
        except OSError as error:
            answer = {"error": f"{path}: {error.strerror}"}
        yield orjson.dumps(answer)


def _address(address: MailAddress) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def _bounce(bounce: Bounce) -> dict[str, Any]:
    return {
        "recipients": [
            {
                "address": recipient.address,
                "action": recipient.action,
                "status": recipient.status,
                "diagnostic": recipient.diagnostic,
            }
            for recipient in bounce.recipients
        ],
        "original_message_id": bounce.original_message_id,
    }
