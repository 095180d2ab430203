"""Reads the new mails of a folder and hands them over in the order of their UIDs, each isolated from the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from core.errors import Unavailable
from core.mail.mailboxes import Cursor, Mailbox, Mailboxes
from core.runtime.metrics import Metrics
from ingest.imap.client import FolderState, ImapSession, MailSize
from ingest.imap.connection import ImapConnection
from ingest.imap.errors import MailboxUnreachable, MailUnreadable
from ingest.imap.fetched import FetchedMail, FetchedMailAcceptor, FetchProblem

log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_Ask = Callable[[ImapSession, Sequence[int]], dict[int, _T]]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much is fetched and committed at once; a mail over `largest_mail_bytes` comes as its header only.

    A mail over which the connection was lost `most_breaks` times is handed over as unreadable.
    """

    mails: int = 50
    bytes: int = 8 * 1024 * 1024
    largest_mail_bytes: int = 40 * 1024 * 1024
    listed: int = 500
    most_breaks: int = 10


class FolderReader:
    """Reads the folders of one mailbox. Remembers, for as long as it lives, which mails broke the connection."""

    def __init__(
        self,
        mailbox: Mailbox,
        mailboxes: Mailboxes,
        acceptor: FetchedMailAcceptor,
        metrics: Metrics,
        limits: BatchLimits,
    ) -> None:
        self._mailbox = mailbox
        self._mailboxes = mailboxes
        self._acceptor = acceptor
        self._metrics = metrics
        self._limits = limits
        self._breaks: Counter[tuple[str, int, int]] = Counter()

    async def read_folder(
        self, connection: ImapConnection, folder: str, stop: asyncio.Event, note_progress: Callable[[], Awaitable[None]]
    ) -> None:
        """Hand over all that is new in the folder, or as much as was committed until `stop`; it stays open.

        `note_progress` is called after each batch that was committed.
        Raises MailboxUnreachable, FolderUnreadable; Unavailable if nothing can be committed.
        """
        state = await connection.call(lambda session: session.open_folder(folder))
        cursor = await self._mailboxes.read_cursor(self._mailbox.id, folder)
        last_uid = 0
        if cursor is not None and cursor.uidvalidity == state.uidvalidity:
            last_uid = cursor.last_uid
        elif cursor is not None:
            # The server numbered its mails anew: all are read again, what is known is a duplicate.
            log.warning("mailbox_numbered_anew", mailbox=self._mailbox.name, folder=folder)
        uids = await connection.call(lambda session: session.uids_after(last_uid, state))
        for start in range(0, len(uids), self._limits.listed):
            listed = uids[start : start + self._limits.listed]
            for batch in self._batches(folder, state, await self._sizes(connection, folder, state, listed)):
                if stop.is_set():
                    return
                mails = await self._fetch(connection, folder, state, batch)
                if mails:
                    await self._hand_over(mails)
                    await note_progress()

    async def _sizes(
        self, connection: ImapConnection, folder: str, state: FolderState, uids: Sequence[int]
    ) -> dict[int, MailSize]:
        """The sizes of those that are still there; 0 where the server does not say. Suspects are asked about alone."""
        breaks = {uid: self._breaks[folder, state.uidvalidity, uid] for uid in uids}
        groups = [[uid for uid in uids if not breaks[uid]]]
        groups += [[uid] for uid in uids if 0 < breaks[uid] < self._limits.most_breaks]
        sizes = {uid: MailSize(0, None) for uid in uids if breaks[uid] >= self._limits.most_breaks}
        for group in groups:
            try:
                known, unreadable = await _ask_all(connection, group, ImapSession.sizes)
            except MailboxUnreachable:
                self._breaks.update((folder, state.uidvalidity, uid) for uid in group)
                raise
            sizes.update(known)
            sizes.update(dict.fromkeys(unreadable, MailSize(0, None)))
        return dict(sorted(sizes.items()))

    def _batches(self, folder: str, state: FolderState, sizes: dict[int, MailSize]) -> Iterator[dict[int, MailSize]]:
        batch: dict[int, MailSize] = {}
        weight = 0
        for uid, size in sizes.items():
            # Too large ones cost their header only; suspects travel alone.
            cost = size.size_bytes if size.size_bytes <= self._limits.largest_mail_bytes else 0
            is_suspect = self._breaks[folder, state.uidvalidity, uid] > 0
            if batch and (is_suspect or len(batch) >= self._limits.mails or weight + cost > self._limits.bytes):
                yield batch
                batch, weight = {}, 0
            batch[uid] = size
            weight += cost
            if is_suspect:
                yield batch
                batch, weight = {}, 0
        if batch:
            yield batch

    async def _fetch(
        self, connection: ImapConnection, folder: str, state: FolderState, batch: dict[int, MailSize]
    ) -> list[FetchedMail]:
        """The mails of the batch that are still there, each with what is wrong with it."""
        keys = [(folder, state.uidvalidity, uid) for uid in batch]
        is_hopeless = len(keys) == 1 and self._breaks[keys[0]] >= self._limits.most_breaks
        try:
            contents = {} if is_hopeless else await self._contents(connection, batch)
        except MailboxUnreachable:
            self._breaks.update(keys)
            raise
        for key in keys:
            del self._breaks[key]
        if is_hopeless:
            contents = dict.fromkeys(batch, (b"", FetchProblem.UNREADABLE))
        return [
            FetchedMail(
                raw=contents[uid][0],
                mailbox_id=self._mailbox.id,
                folder=folder,
                uidvalidity=state.uidvalidity,
                uid=uid,
                size_bytes=max(size.size_bytes, len(contents[uid][0])),
                internal_date=size.internal_date,
                authserv_id=self._mailbox.authserv_id,
                problem=contents[uid][1],
            )
            for uid, size in batch.items()
            if uid in contents
        ]

    async def _contents(
        self, connection: ImapConnection, batch: dict[int, MailSize]
    ) -> dict[int, tuple[bytes, FetchProblem | None]]:
        most = self._limits.largest_mail_bytes
        large = [uid for uid, size in batch.items() if size.size_bytes > most]
        bodies, unreadable = await _ask_all(connection, [uid for uid in batch if uid not in large], ImapSession.mails)
        contents: dict[int, tuple[bytes, FetchProblem | None]] = {}
        for uid, raw in bodies.items():
            # Some servers state sizes that are wrong.
            contents[uid] = (raw, None) if len(raw) <= most else (_header_of(raw), FetchProblem.TOO_LARGE)
        headers, without_header = await _ask_all(connection, [*large, *sorted(unreadable)], ImapSession.headers)
        for uid in (*headers, *without_header):
            raw = headers.get(uid, b"")[:most]
            contents[uid] = (raw, FetchProblem.TOO_LARGE if uid in large else FetchProblem.UNREADABLE)
        return contents

    async def _hand_over(self, mails: Sequence[FetchedMail]) -> None:
        try:
            await self._acceptor.accept_fetched(mails)
        except Unavailable:
            raise
        except Exception:
            if len(mails) == 1:
                await self._park(mails[0])
                return
            log.exception("mails_not_accepted_together", **_place(mails[0]), mails=len(mails))
            for mail in mails:
                await self._hand_over([mail])

    async def _park(self, mail: FetchedMail) -> None:
        """Have the mail kept without a decision; if even that fails, leave it in its folder and go on."""
        log.exception("mail_is_poisonous", **_place(mail))
        try:
            await self._acceptor.accept_fetched([replace(mail, problem=FetchProblem.POISONOUS)])
        except Unavailable:
            raise
        except Exception:
            log.exception("mail_left_in_mailbox", **_place(mail))
            self._metrics.mails_refused.labels("imap", "poisonous").inc()
            await self._mailboxes.skip(mail.mailbox_id, mail.folder, Cursor(mail.uidvalidity, mail.uid))


async def _ask_all(connection: ImapConnection, uids: Sequence[int], ask: _Ask[_T]) -> tuple[dict[int, _T], set[int]]:
    """What the server answers for the mails that are still there, and which of them it does not hand out.

    Halves the question until the mails that it fails at stand alone.
    """
    if not uids:
        return {}, set()
    try:
        answers = await connection.call(lambda session: ask(session, uids))
    except MailUnreadable:
        if len(uids) > 1:
            middle = len(uids) // 2
            first, first_unreadable = await _ask_all(connection, uids[:middle], ask)
            second, second_unreadable = await _ask_all(connection, uids[middle:], ask)
            return {**first, **second}, first_unreadable | second_unreadable
        answers = {}
    missing = [uid for uid in uids if uid not in answers]
    return answers, await connection.call(lambda session: session.still_there(missing))


def _header_of(raw: bytes) -> bytes:
    header, separator, _ = raw.partition(b"\r\n\r\n")
    return header + separator


def _place(mail: FetchedMail) -> dict[str, object]:
    return {"mailbox_id": str(mail.mailbox_id), "folder": mail.folder, "uid": mail.uid, "problem": mail.problem}
