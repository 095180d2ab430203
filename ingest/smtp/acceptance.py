"""What the listener hands over, and what it may hear back: the edge between SMTP and the rest of the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.errors import LimitExceeded, PsaError, Unavailable


class MailChannel(StrEnum):
    """The protocol a mail came by."""

    SMTP = "smtp"
    LMTP = "lmtp"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the protocol said about a mail, apart from the mail itself.

    `sender` is empty for the null sender of bounces. `recipients` are all accepted ones, each once, in order.
    `client_ip` is that of the real client behind a proxy. The first `trace_bytes` of the raw mail are our Received
    field: what follows them is what the client sent, and the same again when it sends the mail again.
    """

    sender: str
    recipients: tuple[str, ...]
    client_ip: str | None
    helo: str | None
    channel: MailChannel
    tls: bool
    received_at: datetime
    trace_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The mail is kept for good. `reference` is shown to the sender, for example "ticket #4711" or "duplicate"."""

    reference: str


class TemporarilyUnavailable(Unavailable):
    """The mail cannot be kept now; the sender is told to try again (451 4.3.0)."""


class MailTooLarge(LimitExceeded):
    """The mail is larger than we take (552 5.3.4)."""


class Rejected(PsaError):
    """The mail is refused for good (550); the message is shown to the sender."""


class MailAcceptor(Protocol):
    """Keeps mails."""

    async def accept(self, raw: bytes, envelope: Envelope) -> Accepted:
        """Keep one mail; it is committed when this returns.

        Raises `TemporarilyUnavailable` (or any `Unavailable`), `MailTooLarge`, `Rejected`. Any other error is logged
        and told to the sender as temporary. May be cancelled when it takes too long or the client goes away.
        """
        ...
