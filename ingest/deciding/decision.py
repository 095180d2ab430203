"""What is to be done with a mail, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.ids import CustomerId, RawMailId
from ingest.deciding.facts import KnownContact, KnownTicket, KnownUser


class Rule(StrEnum):
    """The rules a receipt can name."""

    DUPLICATE = "duplicate"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    LOOP = "loop"
    AUTHENTICATION = "authentication"
    SENDER = "sender"
    THREAD = "thread"
    MERGE = "merge"
    CLOSED_TOO_LONG = "closed_too_long"
    NEW_TICKET = "new_ticket"
    CHARSET = "charset"
    FOLDED = "folded"
    ATTACHMENT = "attachment"
    FAULT = "fault"
    TRUSTED = "trusted"
    RELEASED = "released"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired, and why, in one English sentence."""

    rule: Rule
    detail: str


@dataclass(frozen=True, slots=True)
class Author:
    """For whom the mail is taken. A customer without a contact is a sender nobody knows yet; staff has `user`."""

    address: str | None
    name: str
    customer_id: CustomerId
    contact: KnownContact | None = None
    user: KnownUser | None = None

    @property
    def is_staff(self) -> bool:
        return self.user is not None


@dataclass(frozen=True, slots=True)
class Duplicate:
    of: RawMailId


@dataclass(frozen=True, slots=True)
class RecordBounce:
    ticket: KnownTicket | None


@dataclass(frozen=True, slots=True)
class FileAutomatic:
    """Keep it with its receipt; it belongs to no ticket and needs none."""


@dataclass(frozen=True, slots=True)
class Park:
    """Keep it until a person looks: the sender's loop budget is used up."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep it until a person decides: it claims to come from staff and could not prove it."""


@dataclass(frozen=True, slots=True)
class AddReply:
    ticket: KnownTicket
    author: Author
    reopens: bool


@dataclass(frozen=True, slots=True)
class OpenTicket:
    author: Author
    follows: KnownTicket | None = None


Action = Duplicate | RecordBounce | FileAutomatic | Park | Quarantine | AddReply | OpenTicket


@dataclass(frozen=True, slots=True)
class Decision:
    action: Action
    findings: tuple[Finding, ...]
