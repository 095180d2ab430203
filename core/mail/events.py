"""What happens to mailboxes and to mails that are held.

`subject_id` is the mailbox or the raw mail, `subject_version` the version of the mailbox's configuration; of a mail the
number of its receipts so far.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from core.messaging.event import Event


class MailboxFailing(Event):
    """A mailbox has not been read for too long; recorded once an episode.

    `since` is the last time all was well. `needs_authorization`: only a person can mend it, by authorising it anew.
    """

    name: ClassVar[str] = "mailbox.failing"
    version: ClassVar[int] = 1

    mailbox: str
    since: datetime
    failures: int
    error: str | None
    needs_authorization: bool


class MailboxRecovered(Event):
    """A mailbox that was reported as failing is read again."""

    name: ClassVar[str] = "mailbox.recovered"
    version: ClassVar[int] = 1

    mailbox: str
    failing_since: datetime | None


class MailReleased(Event):
    """A person vouches for a mail that was held: it is to be decided on again, its sender taken as proven.

    `user_id` is None where the command line released it.
    """

    name: ClassVar[str] = "mail.released"
    version: ClassVar[int] = 1

    user_id: UUID | None
    user: str


class MailRejected(Event):
    """A person decided that a mail which was held has no effect."""

    name: ClassVar[str] = "mail.rejected"
    version: ClassVar[int] = 1

    user_id: UUID | None
    user: str
