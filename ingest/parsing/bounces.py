"""Delivery reports. The structure of RFC 3464 first, in whatever place a mailer put it; the prose of mailers second."""

from __future__ import annotations

import re

from ingest.parsing.bounce_text import read_prose, sounds_like_bounce
from ingest.parsing.charsets import clean_text, guess_text
from ingest.parsing.headers import RawHeaders, decode_words, split_headers, unfold
from ingest.parsing.limits import ParsingLimits
from ingest.parsing.mail import Bounce, BouncedRecipient, MailAddress
from ingest.parsing.mime import Part, is_message

_STATUS_PARTS = frozenset(("message/delivery-status", "message/global-delivery-status", "text/delivery-status"))
_RETURNED_PARTS = frozenset(("text/rfc822-headers", "text/rfc822", "message/rfc822-headers", "message/global-headers"))
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_MESSAGE_ID = re.compile(
    rb"^[ \t>|]*Message-Id:[ \t]*(?:\r?\n[ \t]+)?<?([^<>\s]{3,500})>?", re.IGNORECASE | re.MULTILINE
)
_BLANK_LINES = re.compile(rb"\r?\n[ \t]*(?:\r?\n)+")
_READ_CHARS = 400_000
_MOST_RECIPIENTS = 1_000
_FIELD_CHARS = 5_000
_RECIPIENT_FIELDS = ("x-actual-recipient", "final-recipient", "original-recipient", "x-failed-recipient")


def find_bounce(
    root: Part, headers: tuple[tuple[str, str], ...], sender: MailAddress | None, text: str, limits: ParsingLimits
) -> Bounce | None:
    """The delivery report this mail is, or None. `text` is the whole text of its body."""
    report = root.parameters.get("report-type", "").lower() if root.content_type == "multipart/report" else ""
    if report in ("disposition-notification", "feedback-report"):
        return None
    parts = [part for part in root.walk() if not part.children] if root.children else [root]
    recipients: list[BouncedRecipient] = []
    has_status = False
    for part in parts:
        if part.content_type in _STATUS_PARTS:
            has_status = True
            recipients.extend(_read_status(part, limits))
    named = dict(reversed(headers))
    failed = [value for name, value in headers if name == "x-failed-recipients"]
    if not has_status and not failed and not sounds_like_bounce(named, sender, text):
        return None
    if (
        has_status
        and any(r.action not in (None, "failed") for r in recipients)
        and all(r.action in ("delivered", "relayed", "expanded") for r in recipients)
    ):
        return _bounce(recipients, root, parts)
    prose = read_prose(text, own=_own_addresses(named, sender))
    known = {recipient.address.lower() for recipient in recipients}
    for value in failed:
        for address in _ADDRESS.findall(value[:_FIELD_CHARS]):
            if address.lower() not in known:
                known.add(address.lower())
                detail = next((found for found in prose if found.address.lower() == address.lower()), None)
                recipients.append(detail or BouncedRecipient(address, "failed", None, None))
    if not recipients:
        recipients = prose
    if not recipients and not has_status:
        recipients = _from_returned(parts, limits)
    return _bounce(recipients, root, parts)


def _bounce(recipients: list[BouncedRecipient], root: Part, parts: list[Part]) -> Bounce:
    merged: dict[str, BouncedRecipient] = {}
    for recipient in recipients[:_MOST_RECIPIENTS]:
        merged.setdefault(recipient.address.lower(), recipient)
    return Bounce(tuple(merged.values()), _original_message_id(root, parts))


def _read_status(part: Part, limits: ParsingLimits) -> list[BouncedRecipient]:
    """The groups of fields of a message/delivery-status that name a recipient."""
    source = part.decode()[:_READ_CHARS]
    found: list[BouncedRecipient] = []
    for group in _BLANK_LINES.split(source.strip() + b"\n"):
        group = group.strip(b"\r\n")
        if not group:
            continue
        headers = split_headers(group + b"\n", 0, len(group) + 1, limits).headers
        address = _recipient(headers)
        action = _field(headers, "action")
        status = _field(headers, "status")
        diagnostic = _field(headers, "diagnostic-code") or _field(headers, "x-supplementary-info")
        if address is None:
            continue
        match = _STATUS.search(status or "") or _STATUS.search(diagnostic or "")
        found.append(
            BouncedRecipient(
                address=address,
                action=action.split()[0].lower().strip("()") if action and action.split() else None,
                status=match[0] if match else None,
                diagnostic=_diagnostic(diagnostic),
            )
        )
        if len(found) >= _MOST_RECIPIENTS:
            break
    return found


def _recipient(headers: RawHeaders) -> str | None:
    for name in _RECIPIENT_FIELDS:
        value = _field(headers, name)
        if not value:
            continue
        address = _ADDRESS.search(value.rpartition(";")[2]) or _ADDRESS.search(value)
        if address is not None:
            return _clean_address(address[0])
    # Without an address with "@" a local part still says who.
    value = _field(headers, "final-recipient") or _field(headers, "original-recipient")
    local = value.rpartition(";")[2].strip().strip("<>") if value else ""
    return local or None


def _clean_address(address: str) -> str:
    local, _, domain = address.strip(".").rpartition("@")
    return f"{local}@{domain.lower()}"


def _field(headers: RawHeaders, name: str) -> str | None:
    raw = headers.find(name)
    if raw is None:
        return None
    return re.sub(r"\s+", " ", decode_words(unfold(raw[:_FIELD_CHARS], None))).strip() or None


def _diagnostic(value: str | None) -> str | None:
    if value is None:
        return None
    kind, separator, rest = value.partition(";")
    return (rest.strip() if separator and len(kind) < 20 else value)[:2_000] or None


def _own_addresses(named: dict[str, str], sender: MailAddress | None) -> frozenset[str]:
    """Addresses that a report mentions but that did not fail: its own sender and receiver."""
    own = {sender.address.lower()} if sender is not None else set()
    for name in ("to", "delivered-to", "return-path", "message-id", "envelope-to", "x-original-to"):
        own.update(address.lower() for address in _ADDRESS.findall(named.get(name, "")[:_FIELD_CHARS]))
    return frozenset(own)


def _from_returned(parts: list[Part], limits: ParsingLimits) -> list[BouncedRecipient]:
    """A report that names nobody: whoever the returned mail was sent to."""
    for part in parts:
        if is_message(part.content_type) or part.content_type in _RETURNED_PARTS:
            headers = split_headers(part.source, part.start, part.end, limits).headers
            found = _ADDRESS.findall(_field(headers, "to") or "")
            if found:
                return [BouncedRecipient(_clean_address(address), None, None, None) for address in found[:20]]
    return []


def _original_message_id(root: Part, parts: list[Part]) -> str | None:
    """The Message-ID of the mail that came back: in a returned part, else in the text below the report."""
    for part in parts:
        if is_message(part.content_type) or part.content_type in _RETURNED_PARTS:
            match = _MESSAGE_ID.search(part.decode()[:_READ_CHARS])
            if match is not None:
                return clean_text(guess_text(match[1]))
    for part in parts:
        if part.content_type.startswith("text/") or part.content_type in _STATUS_PARTS:
            match = _MESSAGE_ID.search(part.decode()[:_READ_CHARS])
            if match is not None:
                return clean_text(guess_text(match[1]))
    match = _MESSAGE_ID.search(root.source, root.start, min(len(root.source), root.start + _READ_CHARS))
    return clean_text(guess_text(match[1])) if match is not None else None
