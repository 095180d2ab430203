"""What a raw mail says, as values: the result of `parse_mail`, the input of every decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AutomaticReason(StrEnum):
    """Why a mail counts as written by a machine (RFC 3834 and the usual vendor headers)."""

    AUTO_REPLIED = "auto-replied"
    AUTO_GENERATED = "auto-generated"
    BULK = "bulk"
    LIST = "list"
    BOUNCE = "bounce"
    READ_RECEIPT = "read-receipt"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One address of a header field: display name (may be empty) and addr-spec, the domain in lower case."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """A part that is not the body. `payload` is decoded; where decoding failed it is the raw part."""

    filename: str | None
    content_type: str
    payload: bytes = field(repr=False)
    inline: bool
    content_id: str | None

    @property
    def size_bytes(self) -> int:
        return len(self.payload)


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of a delivery report: RFC 3464 Action, Status (enhanced code) and Diagnostic-Code."""

    address: str
    action: str | None
    status: str | None
    diagnostic: str | None


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report. `original_message_id` is the id (without angle brackets) of the mail that came back."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str | None

    @property
    def is_failure(self) -> bool:
        """A report of a permanent failure, not of a delay, a relay or a delivery."""
        return any(recipient.action in (None, "failed") for recipient in self.recipients)


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text part split for reading: nothing is lost, `full_text` holds it all.

    `text` is what the sender newly wrote; `quoted` and `signature` are what was folded away.
    """

    text: str
    full_text: str
    quoted: str
    signature: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A raw mail, decoded. Message ids are without angle brackets; texts are free of NUL and lone surrogates.

    `headers` are all header fields in order as (lower-case name, unfolded decoded value), for rules that need others.
    `html` is as sent; sanitising is for whoever shows it.
    `exceeded` says in sentences which limits the mail broke; what lies beyond them is an attachment with raw content.
    """

    subject: str
    sender: MailAddress | None
    to: tuple[MailAddress, ...]
    cc: tuple[MailAddress, ...]
    reply_to: tuple[MailAddress, ...]
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    date: datetime | None
    body: FoldedText
    html: str | None = field(repr=False)
    attachments: tuple[ParsedAttachment, ...]
    automatic: AutomaticReason | None
    bounce: Bounce | None
    charset_problems: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    exceeded: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header field of this name (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    def header_all(self, name: str) -> tuple[str, ...]:
        """All header fields of this name (lower case), top of the mail first."""
        return tuple(value for key, value in self.headers if key == name)
