"""Delivery reports. The structure of RFC 3464 first, in whatever place a mailer put it; the prose of mailers second."""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.parsing.bounce_notice import find_notice
from ingest.parsing.bounce_signs import may_report, seems_personal, sounds_like_bounce
from ingest.parsing.bounce_text import find_status, read_prose
from ingest.parsing.charsets import clean_text, guess_text
from ingest.parsing.headers import RawHeaders, decode_words, split_headers, unfold
from ingest.parsing.limits import ParsingLimits
from ingest.parsing.mail import Bounce, BouncedRecipient, MailAddress
from ingest.parsing.mime import Part, is_message

_STATUS_PARTS = frozenset(("message/delivery-status", "message/global-delivery-status", "text/delivery-status"))
_RETURNED_PARTS = frozenset(("text/rfc822-headers", "text/rfc822", "message/rfc822-headers", "message/global-headers"))
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_MESSAGE_ID = re.compile(
    rb"^[ \t>|]*Message-Id:[ \t]*(?:\r?\n[ \t]+)?<?([^<>\s]{3,500})>?", re.IGNORECASE | re.MULTILINE
)
_BLANK_LINES = re.compile(rb"\r?\n[ \t]*(?:\r?\n)+")
_UNINDENTED = re.compile(rb"\r?\n(?![A-Za-z][A-Za-z0-9-]{0,60}[ \t]*:)")
"""A field that is continued without the blank that should start the line."""
_GOOD_NEWS = frozenset(("delivered", "relayed", "expanded"))
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
    notice = find_notice(text)
    if notice is not None:
        return notice
    named = dict(reversed(headers))
    parts = [part for part in root.walk() if not part.children] if root.children else [root]
    reports = [part for part in parts if part.content_type in _STATUS_PARTS]
    if reports and not report and seems_personal(named, text):
        return None
    recipients = [recipient for part in reports for recipient in _read_status(part.decode(), limits)]
    if recipients and all(recipient.action in _GOOD_NEWS for recipient in recipients):
        return _bounce(recipients, root, parts)
    failed = [value for name, value in headers if name == "x-failed-recipients"]
    if not reports and not failed and not may_report(named, sender):
        return None
    own = _own_addresses(named, sender)
    named_in_text = read_prose(text, own, loosely=False)
    if not reports and not failed and not sounds_like_bounce(named, sender, text, names_recipient=bool(named_in_text)):
        return None
    if not recipients and "final-recipient" in text[:_READ_CHARS].lower():
        recipients = _read_status(text.encode("utf-8", "replace"), limits)
    prose = named_in_text or read_prose(text, own, loosely=True)
    if failed:
        recipients = _named_by_field(failed, recipients, prose)
    if not recipients:
        sent_by = frozenset((sender.address.lower(),)) if sender is not None else frozenset[str]()
        recipients = prose or read_prose(text, sent_by, loosely=False)
    recipients = [_completed(recipient, prose) for recipient in recipients]
    return _bounce(recipients or _from_returned(parts, limits), root, parts)


def _completed(recipient: BouncedRecipient, prose: list[BouncedRecipient]) -> BouncedRecipient:
    """What the fields leave out or leave vague, from the prose for people."""
    told = next((found for found in prose if found.address.lower() == recipient.address.lower()), None)
    if told is None or told is recipient:
        return recipient
    status = recipient.status
    if status is None or (status.endswith(".0.0") and told.status is not None and told.status[0] == status[0]):
        status = told.status
    return replace(recipient, status=status, diagnostic=recipient.diagnostic or told.diagnostic)


def _named_by_field(
    failed: list[str], recipients: list[BouncedRecipient], prose: list[BouncedRecipient]
) -> list[BouncedRecipient]:
    """The recipients of X-Failed-Recipients (Exim, Gmail), with what the report or its prose says of them."""
    known = {recipient.address.lower(): recipient for recipient in (*prose, *recipients)}
    out = [recipient for recipient in recipients if "@" in recipient.address]
    of_all = recipients or prose
    for address in dict.fromkeys(found for value in failed for found in _ADDRESS.findall(value[:_FIELD_CHARS])):
        if any(recipient.address.lower() == address.lower() for recipient in out):
            continue
        detail = known.get(address.lower()) or (of_all[0] if len(of_all) == 1 else None)
        out.append(replace(detail, address=address) if detail else BouncedRecipient(address, "failed", None, None))
    return out


def _bounce(recipients: list[BouncedRecipient], root: Part, parts: list[Part]) -> Bounce:
    merged: dict[str, BouncedRecipient] = {}
    for recipient in recipients[:_MOST_RECIPIENTS]:
        merged.setdefault(recipient.address.lower(), recipient)
    return Bounce(tuple(merged.values()), _original_message_id(root, parts))


def _read_status(source: bytes, limits: ParsingLimits) -> list[BouncedRecipient]:
    """The groups of fields of a message/delivery-status that name a recipient."""
    source = source[:_READ_CHARS]
    found: list[BouncedRecipient] = []
    for group in _BLANK_LINES.split(source.strip() + b"\n"):
        group = _UNINDENTED.sub(b"\n ", group.strip(b"\r\n"))
        if not group:
            continue
        headers = split_headers(group + b"\n", 0, len(group) + 1, limits).headers
        address = _recipient(headers)
        action = _field(headers, "action")
        status = _field(headers, "status")
        diagnostic = _field(headers, "diagnostic-code") or _field(headers, "x-supplementary-info")
        if address is None:
            continue
        told = find_status(diagnostic)
        status = find_status(status) if told is None or told.endswith(".0.0") else told
        found.append(
            BouncedRecipient(
                address=address,
                action=action.split()[0].lower().strip("()") if action and action.split() else None,
                status=status or told,
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
