"""The small desk that the IMAP tests read mail for: real database, real mailboxes, an acceptor of their own."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from core.actor import SYSTEM
from core.database.engine import Database
from core.errors import Unavailable
from core.ids import MailboxId, new_uuid
from core.mail.mailboxes import Cursor, Mailbox, Mailboxes, MailboxSecret, NewMailbox, advance
from core.mail.model import MailboxTls, MailChannel, raw_mails
from core.messaging.model import outbox
from core.runtime.metrics import Metrics
from ingest.imap.fetched import FetchedMail
from ingest.imap.poller import PollPolicy
from ingest.imap.pollers import MailboxPollers
from tests.services.dovecot import PASSWORD, Dovecot

QUICK = PollPolicy(
    poll_seconds=0.3,
    first_retry_seconds=0.1,
    first_login_retry_seconds=0.2,
    longest_retry_seconds=0.5,
    unavailable_retry_seconds=0.2,
    note_success_seconds=0.0,
    reload_seconds=0.1,
    claim_retry_seconds=0.1,
)


class PlainKeyring:
    """Hides nothing, but opens a token only with its context."""

    def encrypt(self, text: str, context: str) -> str:
        return f"{context}|{b64encode(text.encode()).decode()}"

    def decrypt(self, token: str, context: str) -> str:
        made_for, _, text = token.partition("|")
        if made_for != context:
            raise ValueError("made for something else")
        return b64decode(text).decode()


@dataclass
class KeptMails:
    """Keeps mails and cursor in one transaction. Chokes on mails that say so, and while it is `away`."""

    database: Database
    away: bool = False
    batches: list[list[FetchedMail]] = field(default_factory=list)
    kept_at: dict[bytes, float] = field(default_factory=dict)

    async def accept_fetched(self, mails: Sequence[FetchedMail]) -> None:
        if self.away:
            raise Unavailable("The database is away.")
        for mail in mails:
            if b"POISON" in mail.raw and mail.problem is None:
                raise ValueError("this cannot be understood")
            if b"DEADLY" in mail.raw:
                raise ValueError("this cannot even be kept")
        async with self.database.begin(SYSTEM) as work:
            for mail in mails:
                row = {
                    "id": new_uuid(),
                    "dedup_key": dedup_key(mail),
                    "sha256": hashlib.sha256(mail.raw).hexdigest(),
                    "size_bytes": mail.size_bytes,
                    "channel": MailChannel.IMAP.value,
                    "mailbox_id": mail.mailbox_id,
                    "subject": BytesHeaderParser().parsebytes(mail.raw).get("Subject"),
                    "received_at": work.now,
                }
                await work.execute(insert(raw_mails).values(row).on_conflict_do_nothing())
            last = mails[-1]
            await advance(work, last.mailbox_id, last.folder, Cursor(last.uidvalidity, last.uid))
        self.batches.append(list(mails))
        self.kept_at.update(dict.fromkeys((mail.raw for mail in mails), time.monotonic()))

    @property
    def mails(self) -> list[FetchedMail]:
        return [mail for batch in self.batches for mail in batch]


def dedup_key(mail: FetchedMail) -> str:
    """Mailbox and Message-ID, or the digest where there is none."""
    found = re.search(rb"^Message-ID: *<([^>\r\n]+)>", mail.raw, re.IGNORECASE | re.MULTILINE)
    key = found[1].decode() if found else hashlib.sha256(mail.raw).hexdigest()
    return f"{mail.mailbox_id}:{key}"


def mail(subject: str, *, message_id: str | None = "", body: str = "Guten Tag\n") -> bytes:
    """A raw mail. `message_id`: empty makes one from the subject, None leaves the field out."""
    message = EmailMessage()
    message["From"] = "Eva <eva@customer.example>"
    message["To"] = "support@desk.example"
    message["Subject"] = subject
    if message_id is not None:
        message["Message-ID"] = message_id or f"<{subject.replace(' ', '-')}@customer.example>"
    message.set_content(body)
    return message.as_bytes().replace(b"\n", b"\r\n")


class Desk:
    """A database with mailboxes on one dovecot."""

    def __init__(self, database: Database, dovecot: Dovecot) -> None:
        self.database = database
        self.dovecot = dovecot
        self.mailboxes = Mailboxes(database, PlainKeyring())
        self.kept = KeptMails(database)
        self.metrics = Metrics()
        self.ssl_context = ssl.create_default_context(cafile=str(dovecot.ca_file))

    async def add_mailbox(self, user: str, **changes: object) -> MailboxId:
        """A mailbox of dovecot's user, who must be there; `changes` replace fields of NewMailbox."""
        values: dict[str, object] = {
            "name": user,
            "host": "127.0.0.1",
            "port": self.dovecot.port,
            "tls": MailboxTls.NONE,
            "username": user,
            "secret": MailboxSecret(password=PASSWORD),
        }
        return await self.mailboxes.add_mailbox(SYSTEM, NewMailbox(**(values | changes)))  # type: ignore[arg-type]

    async def get_mailbox(self, mailbox_id: MailboxId) -> Mailbox:
        return next(mailbox for mailbox in await self.mailboxes.list_mailboxes() if mailbox.id == mailbox_id)

    @asynccontextmanager
    async def reading(
        self, policy: PollPolicy = QUICK, *, kept: KeptMails | None = None, database: Database | None = None
    ) -> AsyncIterator[asyncio.Event]:
        """The pollers at work; gives the event that stops them, which is set at the end."""
        pollers = MailboxPollers(
            database or self.database, self.mailboxes, kept or self.kept, self.metrics, policy, self.ssl_context
        )
        stop = asyncio.Event()
        running = asyncio.create_task(pollers.run(stop))
        try:
            yield stop
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await running

    async def subjects(self) -> list[str]:
        """The subjects of all mails that are kept, each once, in the order of their arrival."""
        async with self.database.connect() as connection:
            return list(await connection.scalars(select(raw_mails.c.subject).order_by(raw_mails.c.id)))

    async def events(self) -> list[str]:
        async with self.database.connect() as connection:
            return list(await connection.scalars(select(outbox.c.name).order_by(outbox.c.id)))

    async def has_events(self, *names: str) -> bool:
        return await self.events() == list(names)

    async def has_subjects(self, *subjects: str) -> bool:
        return sorted(await self.subjects()) == sorted(subjects)

    async def count(self) -> int:
        async with self.database.connect() as connection:
            return int((await connection.execute(select(func.count()).select_from(raw_mails))).scalar_one())

    async def has_count(self, number: int) -> bool:
        return await self.count() == number

    async def has_kept(self, number: int) -> bool:
        """Whether so many mails have been handed over and kept, duplicates included."""
        return len(self.kept.mails) >= number

    async def has_no_session(self, user: str) -> bool:
        """Whether nobody is logged in to dovecot as this user."""
        return user not in await asyncio.to_thread(self.dovecot.doveadm, "who")

    async def has_logged_in(self, user: str, times: int) -> bool:
        return self.dovecot.service.log.read_text(encoding="utf-8").count(f"Login: user=<{user}>") >= times

    async def is_well(self, mailbox_id: MailboxId) -> bool:
        """Whether the mailbox has been read to its end and does not fail."""
        found = await self.get_mailbox(mailbox_id)
        return found.last_success_at is not None and found.failing_since is None

    async def is_failing(self, mailbox_id: MailboxId) -> bool:
        return (await self.get_mailbox(mailbox_id)).failures > 0


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, timeout_seconds: float = 20.0) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + timeout_seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited in vain until {what}.")
        await asyncio.sleep(0.02)
