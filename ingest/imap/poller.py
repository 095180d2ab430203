"""Reads one mailbox for as long as it is asked to: log in, read what is new, wait for more, back off when it fails."""

from __future__ import annotations

import asyncio
import random
import ssl
from dataclasses import dataclass, field

import structlog

from core.errors import NotAuthenticated, PsaError, Unavailable
from core.mail.mailboxes import Mailbox, Mailboxes
from ingest.imap.client import ImapSession, Server
from ingest.imap.connection import ImapConnection
from ingest.imap.errors import AuthorizationExpired, FolderUnreadable, LoginRefused, MailboxUnreachable
from ingest.imap.oauth import AccessTokens
from ingest.imap.reading import BatchLimits, FolderReader

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """The rhythm of fetching.

    IDLE is renewed after `idle_seconds`: far below the 29 minutes of RFC 2177, since firewalls forget sooner. Where
    there is no IDLE, or more than one folder, the mailbox is looked at every `poll_seconds`.
    """

    idle_seconds: float = 300.0
    poll_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    first_login_retry_seconds: float = 30.0
    longest_retry_seconds: float = 300.0
    unavailable_retry_seconds: float = 10.0
    note_success_seconds: float = 60.0
    reload_seconds: float = 5.0
    claim_retry_seconds: float = 10.0
    failing_seconds: float = 240.0
    silent_seconds: float = 900.0
    limits: BatchLimits = field(default_factory=BatchLimits)

    def retry_seconds(self, failures: int, *, is_login: bool) -> float:
        """How long to wait after so many failures; longer after a refused log-in, lest the account be locked."""
        first = self.first_login_retry_seconds if is_login else self.first_retry_seconds
        return float(min(first * 2 ** min(failures - 1, 20), self.longest_retry_seconds))


class MailboxPoller:
    """Reads one mailbox. `tokens` is given where it logs in by XOAUTH2."""

    def __init__(
        self,
        mailbox: Mailbox,
        mailboxes: Mailboxes,
        reader: FolderReader,
        tokens: AccessTokens | None,
        policy: PollPolicy,
        ssl_context: ssl.SSLContext,
    ) -> None:
        self._mailbox = mailbox
        self._mailboxes = mailboxes
        self._reader = reader
        self._tokens = tokens
        self._policy = policy
        self._ssl_context = ssl_context
        self._failures = 0
        self._success_noted_at: float | None = None
        self._has_unreadable_folder = False

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`. Never raises: what goes wrong with this mailbox is noted and tried again."""
        while not stop.is_set():
            delay_seconds: float | None = None
            is_login = False
            try:
                await self._serve(stop)
                continue
            except NotAuthenticated as error:
                is_login = True
                await self._note_failure(error, needs_authorization=isinstance(error, AuthorizationExpired))
            except MailboxUnreachable as error:
                await self._note_failure(error)
            except Unavailable as error:
                # Not the mailbox's fault.
                log.warning("mails_cannot_be_kept", mailbox=self._mailbox.name, reason=str(error))
                delay_seconds = self._policy.unavailable_retry_seconds
            except PsaError as error:
                await self._note_failure(error)
            except Exception as error:
                log.exception("mailbox_poller_failed", mailbox=self._mailbox.name)
                await self._note_failure(error)
            if delay_seconds is None:
                self._failures += 1
                delay_seconds = self._policy.retry_seconds(self._failures, is_login=is_login)
            # Scattered, so that a hundred mailboxes do not come back to their provider at the same moment.
            await sleep_until(stop, delay_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - no secret

    async def _serve(self, stop: asyncio.Event) -> None:
        """One connection's life. Returns when `stop` is set, else raises."""
        connection = await self._log_in()
        try:
            can_idle = await connection.call(lambda session: session.can_idle)
            while not stop.is_set():
                is_open = await self._read_folders(connection, stop)
                await self._wait(connection, stop, can_idle=can_idle and is_open)
        finally:
            await connection.aclose()

    async def _log_in(self) -> ImapConnection:
        """A session that is logged in. A kept token that the server refuses is replaced by a fresh one at once.

        Each try has a connection of its own: many servers hang up after a refusal.
        """
        while True:
            credential = await self._credential()
            try:
                return await self._open_session(credential)
            except LoginRefused:
                if self._tokens is None or not self._tokens.forget():
                    raise

    async def _credential(self) -> str:
        if self._tokens is not None:
            return await self._tokens.get_token()
        return (await self._mailboxes.read_secret(self._mailbox.id)).password or ""

    async def _open_session(self, credential: str) -> ImapConnection:
        server = Server(self._mailbox.host, self._mailbox.port, self._mailbox.tls)
        connection = ImapConnection(server, self._ssl_context)
        log_in = ImapSession.login if self._tokens is None else ImapSession.login_with_token
        try:
            await connection.connect()
            await connection.call(lambda session: log_in(session, self._mailbox.username, credential))
        except BaseException:
            await connection.aclose()
            raise
        return connection

    async def _read_folders(self, connection: ImapConnection, stop: asyncio.Event) -> bool:
        """Read all folders, the first one last: it is the one left open for IDLE. Returns whether it is open.

        A folder that cannot be read is noted and does not keep us from the others.
        """
        problem: FolderUnreadable | None = None
        is_open = False
        for folder in (*self._mailbox.folders[1:], self._mailbox.folders[0]):
            is_open = False
            try:
                await self._reader.read_folder(connection, folder, stop, self._note_progress)
                is_open = True
            except FolderUnreadable as error:
                problem = error
        self._has_unreadable_folder = problem is not None
        if problem is not None:
            await self._note_failure(problem)
        elif not stop.is_set():
            await self._note_success()
        return is_open

    async def _wait(self, connection: ImapConnection, stop: asyncio.Event, *, can_idle: bool) -> None:
        if stop.is_set():
            return
        seconds = self._policy.idle_seconds
        if not can_idle or len(self._mailbox.folders) > 1:
            seconds = self._policy.poll_seconds
        if can_idle:
            await connection.wait_for_change(seconds, stop)
        else:
            await sleep_until(stop, seconds)

    async def _note_progress(self) -> None:
        """A long first reading is no silence."""
        if not self._has_unreadable_folder:
            await self._note_success()

    async def _note_success(self) -> None:
        now = asyncio.get_running_loop().time()
        due = self._success_noted_at is None or now - self._success_noted_at >= self._policy.note_success_seconds
        self._failures = 0
        if due:
            await self._mailboxes.record_success(self._mailbox.id)
            self._success_noted_at = now

    async def _note_failure(self, error: Exception, *, needs_authorization: bool = False) -> None:
        self._success_noted_at = None
        told = str(error) if isinstance(error, PsaError) else f"Internal error ({type(error).__name__}), see the log."
        log.warning("mailbox_failed", mailbox=self._mailbox.name, reason=told, failures=self._failures + 1)
        try:
            await self._mailboxes.record_failure(self._mailbox.id, told, needs_authorization=needs_authorization)
        except Unavailable:
            log.warning("mailbox_failure_not_noted", mailbox=self._mailbox.name)


async def sleep_until(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not longer than until `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
