"""Composes the desk's mails: plain ASCII that every relay takes, threaded, and marked so that answers find back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from core.errors import InvalidInput
from core.ids import TicketNumber
from core.mail.reply_token import ReplyTokens

REFERENCES_LIMIT = 20
"""RFC 5322 sets no limit, but relays do; the thread's first id and its newest ones are kept."""

LINE_LENGTH = 78
SUBJECT_LIMIT = 250
FILENAME_LIMIT = 150

_MAILABLE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", re.ASCII)
# Not one that readers would take for an encoded word.
_MESSAGE_ID = re.compile(r"(?!.*=\?)[!-;=?-~]{1,900}", re.ASCII)
_CONTENT_TYPE = re.compile(r"(application|audio|font|image|model|text|video)/([a-z0-9][a-z0-9.+-]{0,80})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who our mails come from: what signs them, and the display name and address that people see."""

    tokens: ReplyTokens
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that goes along."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be composed. Message ids are without angle brackets, `references` oldest first.

    `is_automatic` marks what no person wrote, so that no other machine answers to it (RFC 3834).
    """

    number: TicketNumber
    subject: str
    text: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    is_automatic: bool = False
    files: tuple[MailFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail ready to be sent: `content` is ASCII with CRLF line ends; what comes back goes to `envelope_from`."""

    internet_message_id: str
    envelope_from: str
    subject: str
    content: str


class _MessageIds(BaseHeader):
    """A header of message ids in angle brackets. The library would write long ones as encoded words, which no thread
    survives; this one folds at the spaces between ids and nowhere else.
    """

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["decoded"], kwds["parse_tree"] = value, None

    def fold(self, *, policy: Policy) -> str:
        first, *others = str(self).split()
        lines = [f"{self.name}: {first}"]
        for each in others:
            if len(lines[-1]) + 1 + len(each) > LINE_LENGTH:
                lines.append("")
            lines[-1] += f" {each}"
        return policy.linesep.join(lines) + policy.linesep


def _policy() -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    for name in ("message-id", "in-reply-to", "references"):
        registry.map_to_type(name, _MessageIds)
    return SMTP.clone(cte_type="7bit", header_factory=registry)


_POLICY = _policy()


def is_mailable(address: str) -> bool:
    """Whether mail can be sent to the address as it stands: plain ASCII, without quoting (RFC 5321 dot-string)."""
    local, _, domain = address.rpartition("@")
    dots_are_fine = not (local.startswith(".") or local.endswith(".") or ".." in local)
    return bool(_MAILABLE.fullmatch(address)) and dots_are_fine and len(domain) <= 253


def compose(desk: Desk, draft: Draft, unique: UUID, date: datetime) -> ComposedMail:
    """The mail, with `unique` in its Message-ID and `date` as its date.

    Raises InvalidInput where an address cannot be written to; ids that are no message ids are left out.
    """
    mail = EmailMessage(policy=_POLICY)
    envelope_from = desk.tokens.address_for(draft.number)
    message_id = desk.tokens.message_id_for(draft.number, unique)
    subject = tagged_subject(draft.subject, draft.number)
    mail["Date"] = format_datetime(date)
    mail["From"] = _address(desk.address, _one_line(desk.name, SUBJECT_LIMIT))
    mail["To"] = [_address(each) for each in draft.to]
    if draft.cc:
        mail["Cc"] = [_address(each) for each in draft.cc]
    mail["Reply-To"] = _address(envelope_from)
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{message_id}>"
    if in_reply_to := _message_ids([draft.in_reply_to or ""]):
        mail["In-Reply-To"] = in_reply_to
    if references := _message_ids([*draft.references, draft.in_reply_to or ""]):
        mail["References"] = references
    if draft.is_automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(f"{draft.text.rstrip()}\n\n{desk.tokens.body_mark_for(draft.number)}\n")
    for file in draft.files:
        _attach(mail, file)
    return ComposedMail(message_id, envelope_from, subject, mail.as_bytes().decode("ascii"))


def tagged_subject(subject: str, number: TicketNumber) -> str:
    """The subject with the ticket's number in front, once however often it went back and forth."""
    tag = f"[#{number}]"
    return f"{tag} {_one_line(subject.replace(tag, ' '), SUBJECT_LIMIT)}".rstrip()


def _one_line(text: str, limit: int) -> str:
    """Text fit for a header: no control characters, and nothing that the library would take for an encoded word."""
    printable = "".join(" " if unicodedata.category(each).startswith(("C", "Z")) else each for each in text)
    return " ".join(printable.replace("=?", "= ?").split())[:limit]


def _address(address: str, name: str = "") -> Address:
    if not is_mailable(address):
        raise InvalidInput(f"Mail cannot be sent to {address!r}.", field="address")
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _message_ids(ids: Iterable[str]) -> str:
    """The ids in angle brackets, each once where it stands last; of many the first and the newest."""
    good = [each for each in ids if _MESSAGE_ID.fullmatch(each)]
    kept = list(reversed(dict.fromkeys(reversed(good))))
    if len(kept) > REFERENCES_LIMIT:
        kept = [kept[0], *kept[-(REFERENCES_LIMIT - 1) :]]
    return " ".join(f"<{each}>" for each in kept)


def _attach(mail: EmailMessage, file: MailFile) -> None:
    # Types that the library would take for a structure of its own (message/…, multipart/…) go as plain bytes.
    match = _CONTENT_TYPE.fullmatch(file.content_type.lower())
    maintype, subtype = match.groups() if match else ("application", "octet-stream")
    mail.add_attachment(
        file.content,
        maintype=maintype,
        subtype=subtype,
        cte="base64",
        filename=_one_line(file.filename, FILENAME_LIMIT) or "file",
    )
