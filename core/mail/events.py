"""What happens to mailboxes. `subject_id` is the mailbox, `subject_version` the version of its configuration."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

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
