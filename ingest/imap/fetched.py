"""What a poller hands over, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.ids import MailboxId


class FetchProblem(StrEnum):
    """Why a mail is handed over to be kept and parked, not to be decided on.

    TOO_LARGE: `raw` is its header only. UNREADABLE: the server does not hand it out; `raw` is its header or empty.
    POISONOUS: `raw` is complete, but accepting it failed again and again.
    """

    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    POISONOUS = "poisonous"


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail of a folder. `size_bytes` is what the server says (RFC822.SIZE); `internal_date` when it got it, aware.

    `authserv_id` names the server whose Authentication-Results are believed; None: nobody's.
    """

    raw: bytes = field(repr=False)
    mailbox_id: MailboxId
    folder: str
    uidvalidity: int
    uid: int
    size_bytes: int
    internal_date: datetime | None
    authserv_id: str | None
    problem: FetchProblem | None = None


class FetchedMailAcceptor(Protocol):
    """Keeps fetched mails."""

    async def accept_fetched(self, mails: Sequence[FetchedMail]) -> None:
        """Keep the mails and move the cursor to the last of them (`core.mail.mailboxes.advance`), in one transaction.

        All are of one folder and UIDVALIDITY, in the order of their UIDs. A mail that is known already is no error. A
        mail with a `problem` gets a receipt that says so. Raises Unavailable when nothing can be kept now: the same
        mails come again later. Any other error makes the poller hand the mails over one by one, and the one that fails
        again as POISONOUS.
        """
        ...
