"""`parse_mail` and `parse_any`: a raw mail to a `ParsedMail`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ingest.parsing.addresses import parse_addresses
from ingest.parsing.automatic import find_automatic_reason
from ingest.parsing.body import read_contents, readable
from ingest.parsing.bounces import find_bounce
from ingest.parsing.charsets import clean_text, guess_text
from ingest.parsing.folding import fold
from ingest.parsing.headers import RawHeaders, decode_words, unfold
from ingest.parsing.limits import DEFAULT_LIMITS, ParsingLimits
from ingest.parsing.mail import MailAddress, ParsedAttachment, ParsedMail
from ingest.parsing.mime import read_mail

_MESSAGE_ID = re.compile(r"<\s{0,20}([^<>]{1,998}?)\s{0,20}>")
_KNOWN_FIELDS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "content-type",
        "mime-version",
        "in-reply-to",
        "references",
        "reply-to",
        "sender",
        "delivered-to",
        "content-transfer-encoding",
        "x-mailer",
        "resent-from",
        "resent-date",
    ]
)


class NotAMail(ValueError):
    """These bytes hold no recognisable header field."""


def parse_mail(raw: bytes, limits: ParsingLimits = DEFAULT_LIMITS) -> ParsedMail:
    """Everything a mail says. Never fails on bytes that start with at least one known header field.

    Raises `NotAMail` where there is none: the bytes are no mail at all.
    """
    root, block = read_mail(raw, limits)
    fields = block.headers
    if not any(name in _KNOWN_FIELDS for name, _ in fields.fields):
        raise NotAMail
    charset = root.charset
    headers = tuple((name, decode_words(unfold(value, charset))) for name, value in fields.fields)
    contents = read_contents(root, limits)
    body, html = readable(contents, limits)
    if block.is_cut:
        contents.attachments.insert(0, _beyond(raw))
    sender = _addresses(fields, "from", charset, limits) or _addresses(fields, "sender", charset, limits)
    references = _message_ids(fields, "references", charset, limits)
    bounce = find_bounce(root, headers, sender[0] if sender else None, body.full_text, limits)
    return ParsedMail(
        subject=_first(headers, "subject"),
        sender=sender[0] if sender else None,
        to=_addresses(fields, "to", charset, limits),
        cc=_addresses(fields, "cc", charset, limits),
        reply_to=_addresses(fields, "reply-to", charset, limits),
        message_id=next(iter(_message_ids(fields, "message-id", charset, limits)), None),
        in_reply_to=next(iter(_message_ids(fields, "in-reply-to", charset, limits)), None),
        references=references,
        date=_date(_first(headers, "date")),
        body=body,
        html=html,
        attachments=tuple(contents.attachments),
        automatic=find_automatic_reason(headers, root, is_bounce=bounce is not None),
        bounce=bounce,
        charset_problems=tuple(dict.fromkeys(contents.charset_problems)),
        headers=headers,
        exceeded=tuple(dict.fromkeys(contents.exceeded)),
    )


def parse_any(raw: bytes, limits: ParsingLimits = DEFAULT_LIMITS) -> ParsedMail:
    """As `parse_mail`, and never raises: what is no mail becomes one whose body is the text of these bytes."""
    try:
        return parse_mail(raw, limits)
    except NotAMail:
        text = clean_text(guess_text(raw[: limits.max_folded_chars]))
        rest = raw[limits.max_folded_chars :]
        return ParsedMail(
            subject="",
            sender=None,
            to=(),
            cc=(),
            reply_to=(),
            message_id=None,
            in_reply_to=None,
            references=(),
            date=None,
            body=fold(text),
            html=None,
            attachments=(ParsedAttachment("raw", "application/octet-stream", raw, False, None),) if rest else (),
            automatic=None,
            bounce=None,
            charset_problems=(),
            headers=(),
            exceeded=("no header fields",),
        )


def _beyond(raw: bytes) -> ParsedAttachment:
    return ParsedAttachment("raw", "message/rfc822", raw, False, None)


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key == name), "")


def _addresses(fields: RawHeaders, name: str, charset: str | None, limits: ParsingLimits) -> tuple[MailAddress, ...]:
    values = fields.find_all(name)
    if name in ("from", "sender"):
        values = values[:1]
    found: list[MailAddress] = []
    for value in values:
        found.extend(parse_addresses(unfold(value, charset), limits.max_addresses - len(found)))
        if len(found) >= limits.max_addresses:
            break
    return tuple(each for each in found if _fits(each.address, limits))


def _message_ids(fields: RawHeaders, name: str, charset: str | None, limits: ParsingLimits) -> tuple[str, ...]:
    raw = fields.find(name)
    if raw is None:
        return ()
    text = unfold(raw, charset)
    found: list[str] = []
    if "<" in text:
        found = [identifier.replace(" ", "") for identifier in _MESSAGE_ID.findall(text)]
    if not found:
        text = decode_words(text).strip("<> \t")
        found = [text] if name == "message-id" else [word.strip("<>,;") for word in text.split() if "@" in word]
    return tuple(dict.fromkeys(each for each in found if each and _fits(each, limits)))


def _fits(identifier: str, limits: ParsingLimits) -> bool:
    return len(identifier.encode("utf-8", "replace")) <= limits.max_identifier_bytes


def _date(text: str) -> datetime | None:
    """The Date field; without a zone it counts as UTC."""
    if not text or len(text) > 200:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
