"""The component that reads all mailboxes: each in a task of its own, each by one replica at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import structlog

from core.database.claims import Claim, Claims
from core.database.engine import Database
from core.errors import Unavailable
from core.ids import MailboxId
from core.mail.mailboxes import Mailbox, Mailboxes
from core.mail.model import MailboxAuth
from core.runtime.metrics import Metrics
from ingest.imap.fetched import FetchedMailAcceptor
from ingest.imap.oauth import AccessTokens
from ingest.imap.poller import MailboxPoller, PollPolicy, sleep_until
from ingest.imap.reading import FolderReader

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Running:
    version: int
    stop: asyncio.Event
    task: asyncio.Task[None]


class MailboxPollers:
    """Reads every enabled mailbox. Mailboxes that are added, changed or disabled are noticed without a restart."""

    name = "mailboxes"

    def __init__(
        self,
        database: Database,
        mailboxes: Mailboxes,
        acceptor: FetchedMailAcceptor,
        metrics: Metrics,
        policy: PollPolicy | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._database = database
        self._mailboxes = mailboxes
        self._acceptor = acceptor
        self._metrics = metrics
        self._policy = policy or PollPolicy()
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._running: dict[MailboxId, _Running] = {}
        self._shown: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; then every mailbox finishes the batch it has begun."""
        claims = Claims(self._database)
        watching = asyncio.create_task(claims.watch())
        try:
            async with aiohttp.ClientSession() as http:
                try:
                    while not stop.is_set():
                        await self._reload(claims, http)
                        await sleep_until(stop, self._policy.reload_seconds)
                finally:
                    await self._end_all()
        finally:
            watching.cancel()
            await claims.aclose()

    async def _reload(self, claims: Claims, http: aiohttp.ClientSession) -> None:
        try:
            enabled = {mailbox.id: mailbox for mailbox in await self._mailboxes.list_mailboxes(enabled_only=True)}
            await self._mailboxes.report_failing(
                failing=timedelta(seconds=self._policy.failing_seconds),
                silent=timedelta(seconds=self._policy.silent_seconds),
            )
        except Unavailable as error:
            log.warning("mailboxes_not_reloaded", reason=str(error))
            return
        for mailbox_id, running in list(self._running.items()):
            mailbox = enabled.get(mailbox_id)
            if mailbox is None or mailbox.version != running.version:
                running.stop.set()
            if mailbox is None and running.task.done():
                del self._running[mailbox_id]
        for mailbox in enabled.values():
            before = self._running.get(mailbox.id)
            if before is None or before.stop.is_set():
                stop = asyncio.Event()
                work = self._keep_reading(mailbox, stop, claims, http, before.task if before else None)
                task = asyncio.create_task(work, name=f"mailbox-{mailbox.name}")
                self._running[mailbox.id] = _Running(mailbox.version, stop, task)
        self._show(enabled.values())

    async def _keep_reading(
        self,
        mailbox: Mailbox,
        stop: asyncio.Event,
        claims: Claims,
        http: aiohttp.ClientSession,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        poller = self._poller_of(mailbox, http)
        while not stop.is_set():
            try:
                claim = await claims.find_claim(mailbox.id)
            except Unavailable as error:
                log.warning("mailbox_not_claimed", mailbox=mailbox.name, reason=str(error))
                claim = None
            if claim is None:
                await sleep_until(stop, self._policy.claim_retry_seconds)
                continue
            try:
                await _run_claimed(poller, mailbox, claim, stop)
            finally:
                await claims.release(claim)

    def _poller_of(self, mailbox: Mailbox, http: aiohttp.ClientSession) -> MailboxPoller:
        tokens = None
        if mailbox.auth is not MailboxAuth.PASSWORD:
            tokens = AccessTokens(
                mailbox,
                http,
                self._database.clock,
                read_secret=lambda: self._mailboxes.read_secret(mailbox.id),
                store_refresh_token=lambda used, rotated: self._mailboxes.store_rotated_refresh_token(
                    mailbox.id, used, rotated
                ),
            )
        reader = FolderReader(mailbox, self._mailboxes, self._acceptor, self._metrics, self._policy.limits)
        return MailboxPoller(mailbox, self._mailboxes, reader, tokens, self._policy, self._ssl_context)

    async def _end_all(self) -> None:
        tasks = [running.task for running in self._running.values()]
        for running in self._running.values():
            running.stop.set()
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._running.clear()

    def _show(self, mailboxes: Iterable[Mailbox]) -> None:
        names = set()
        for mailbox in mailboxes:
            names.add(mailbox.name)
            last_success_at = mailbox.last_success_at or mailbox.created_at
            self._metrics.mailbox_last_success.labels(mailbox.name).set(last_success_at.timestamp())
            self._metrics.mailbox_failures.labels(mailbox.name).set(mailbox.failures)
        for name in self._shown - names:
            self._metrics.mailbox_last_success.remove(name)
            self._metrics.mailbox_failures.remove(name)
        self._shown = names


async def _run_claimed(poller: MailboxPoller, mailbox: Mailbox, claim: Claim, stop: asyncio.Event) -> None:
    """Read until `stop`, or until the claim is lost: then at once no more, since another replica may have begun."""
    reading = asyncio.create_task(poller.run(stop))
    losing = asyncio.create_task(claim.lost.wait())
    try:
        await asyncio.wait({reading, losing}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            log.warning("mailbox_claim_lost", mailbox=mailbox.name)
    finally:
        for task in (reading, losing):
            task.cancel()
        await asyncio.gather(reading, losing, return_exceptions=True)
