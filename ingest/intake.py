"""The intake: takes mails in, in groups. When `take_in` returns, the mail's effect is committed.

Mails that wait while a group is being committed make up the next group (infra/decisions/0002): nobody waits for
company, and under load a commit carries many mails. A group that loses a race is decided again on fresh facts; one
that fails for another reason is taken in mail by mail, so that a mail we cannot handle harms only itself, and is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError

from core.actor import SYSTEM
from core.blobs.store import BlobStore, key_of
from core.database.constraints import is_race
from core.database.engine import Database
from core.errors import AlreadyExists, PsaError, Unavailable, VersionConflict
from core.tickets.writing import NewAttachment, take_ticket_numbers
from ingest.arrival import PreparedMail
from ingest.deciding.decide import Policy, decide
from ingest.deciding.decision import Decision, Finding, OpenTicket, Rule
from ingest.deciding.facts import Facts
from ingest.fact_finding import read_facts
from ingest.recording import Recorded, StoredMail, advance_cursors, record_decision, record_fault
from ingest.replaying import WITHOUT_EFFECT, hold_settled

log = structlog.get_logger(__name__)

MOST_TRIES = 6
MOST_IN_GROUP = 64


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What is set aside of a mail's files, and the window of the loop budget."""

    max_attachments: int
    max_attachment_bytes: int
    loop_window_seconds: int


class Intake:
    """Commits prepared mails in groups. `committers` transactions run at a time."""

    def __init__(
        self, database: Database, blobs: BlobStore, policy: Policy, limits: IntakeLimits, *, committers: int = 2
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._policy = policy
        self._limits = limits
        self._waiting: list[tuple[StoredMail, asyncio.Future[Recorded]]] = []
        self._free_committers = committers
        self._commits: set[asyncio.Task[None]] = set()

    async def take_in(self, prepared: PreparedMail) -> Recorded:
        """Commit a mail's effect. Raises Unavailable, keeping nothing, when the database or the blob store is away."""
        stored = self._store(prepared)
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append((stored, done))
        self._start_committer()
        return await done

    async def take_in_together(self, mails: Sequence[PreparedMail]) -> list[Recorded]:
        """Commit the effects of several mails in order, as far as possible in one transaction."""
        return await self._commit([self._store(prepared) for prepared in mails])

    async def explain(self, prepared: PreparedMail) -> Decision:
        """What would be decided now; nothing is written."""
        async with self._database.begin(SYSTEM) as work:
            seconds = self._limits.loop_window_seconds
            facts = await read_facts(work, [prepared.arrival], loop_window_seconds=seconds, take_numbers=False)
        return decide(prepared.arrival, facts, self._policy)

    def _start_committer(self) -> None:
        if self._free_committers and self._waiting:
            self._free_committers -= 1
            task = asyncio.create_task(self._commit_waiting())
            self._commits.add(task)
            task.add_done_callback(self._commits.discard)

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # what has arrived in this very moment comes along
                group = self._waiting[:MOST_IN_GROUP]
                del self._waiting[:MOST_IN_GROUP]
                if group:
                    await self._commit_group(group)
        finally:
            self._free_committers += 1

    async def _commit_group(self, group: list[tuple[StoredMail, asyncio.Future[Recorded]]]) -> None:
        try:
            results = await self._commit([stored for stored, _ in group])
        except BaseException as error:
            for _, done in group:
                if not done.done():
                    done.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, done), recorded in zip(group, results, strict=True):
            if not done.done():
                done.set_result(recorded)

    async def _commit(self, mails: Sequence[StoredMail]) -> list[Recorded]:
        for attempt in range(1, MOST_TRIES + 1):
            try:
                return await self._commit_once(mails)
            except Unavailable:
                raise
            except (PsaError, DBAPIError) as error:
                if _is_lost_race(error) and attempt < MOST_TRIES:
                    continue
                if len(mails) > 1:
                    break
                return [await self._keep_failed(mails[0], error)]
            except Exception as error:  # noqa: BLE001 - a fault of ours must cost neither this mail nor its company
                if len(mails) > 1:
                    break
                return [await self._keep_failed(mails[0], error)]
        return [recorded for stored in mails for recorded in await self._commit([stored])]

    async def _commit_once(self, mails: Sequence[StoredMail]) -> list[Recorded]:
        replayed = {each for stored in mails if (each := stored.prepared.incoming.replay_of) is not None}
        async with self._database.begin(SYSTEM) as work:
            settled = await hold_settled(work, replayed)
            facts = await read_facts(
                work,
                [stored.prepared.arrival for stored in mails],
                loop_window_seconds=self._limits.loop_window_seconds,
            )
            _forget_replayed(facts, mails)
            results: list[Recorded] = []
            for stored in mails:
                again = stored.prepared.incoming.replay_of
                if again in settled:
                    results.append(settled[again])
                    continue
                if stored.prepared.incoming.problem is not None:
                    results.append(record_fault(work, stored, stored.prepared.incoming.problem))
                    continue
                decision = decide(stored.prepared.arrival, facts, self._policy)
                number = None
                if isinstance(decision.action, OpenTicket):
                    number = (
                        facts.fresh_numbers.pop() if facts.fresh_numbers else (await take_ticket_numbers(work, 1))[0]
                    )
                results.append(await record_decision(work, stored, decision, facts, number))
                if again is not None and results[-1].outcome not in WITHOUT_EFFECT:
                    settled[again] = results[-1]
            await advance_cursors(work, [stored.prepared.incoming for stored in mails])
            await _are_kept(mails)
        return results

    async def _keep_failed(self, stored: StoredMail, error: Exception) -> Recorded:
        log.error("mail_kept_after_fault", sha256=stored.sha256, error=repr(error), exc_info=error)
        async with self._database.begin(SYSTEM) as work:
            recorded = record_fault(work, stored, f"{type(error).__name__}: {error}"[:1000])
            await advance_cursors(work, [stored.prepared.incoming])
            await _are_kept([stored])
        return recorded

    def _store(self, prepared: PreparedMail) -> StoredMail:
        """Begin to keep the mail's bytes; the commit waits for that, not the decision."""
        files = prepared.mail.attachments
        contents = [prepared.incoming.raw, *(file.payload for file in files)]
        kept = asyncio.create_task(self._blobs.put_many(contents))
        kept.add_done_callback(_notice)
        keys = [key_of(content) for content in contents]
        findings: list[Finding] = []
        attachments: list[NewAttachment] = []
        for position, (file, key) in enumerate(zip(files, keys[1:], strict=True)):
            set_aside = prepared.set_aside[position] if prepared.set_aside else None
            if position >= self._limits.max_attachments:
                set_aside = f"more than {self._limits.max_attachments} attachments"
            elif file.size_bytes > self._limits.max_attachment_bytes:
                set_aside = f"larger than {self._limits.max_attachment_bytes} bytes"
            name = file.filename or f"attachment-{position + 1}"
            if set_aside:
                findings.append(Finding(Rule.ATTACHMENT, f"{name} was set aside: {set_aside}."))
            attachments.append(
                NewAttachment(
                    filename=name[:255],
                    content_type=file.content_type[:255],
                    size_bytes=file.size_bytes,
                    sha256=key,
                    is_inline=file.inline,
                    content_id=file.content_id,
                    set_aside=set_aside,
                )
            )
        return StoredMail(prepared, kept, keys[0], tuple(attachments), tuple(findings))


async def _are_kept(mails: Sequence[StoredMail]) -> None:
    """Return when all blobs are durable. Raises Unavailable, so that what refers to them is rolled back."""
    for stored in mails:
        await asyncio.shield(stored.kept)


def _notice(kept: asyncio.Task[list[str]]) -> None:
    """Look at a failed put, also where its group failed before it came to wait for it."""
    if not kept.cancelled():
        kept.exception()


def _forget_replayed(facts: Facts, mails: Sequence[StoredMail]) -> None:
    """A mail that is decided on again is no duplicate of itself."""
    for stored in mails:
        key = stored.prepared.arrival.dedup_key
        if (
            stored.prepared.incoming.replay_of is not None
            and facts.duplicates.get(key) == stored.prepared.incoming.replay_of
        ):
            del facts.duplicates[key]


def _is_lost_race(error: PsaError | DBAPIError) -> bool:
    return isinstance(error, (VersionConflict, AlreadyExists)) or (isinstance(error, DBAPIError) and is_race(error))
