"""The embedded broker: queues as rows in PostgreSQL, so that nothing else has to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects import postgresql

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.listening import listening
from core.database.unit_of_work import UnitOfWork
from core.errors import NotFound
from core.ids import new_uuid
from core.messaging.bus import DELIVERY_LIMIT, DeadLetter, DeliveryFailed, QueueLag, RetryPolicy, Take
from core.messaging.event import Envelope
from core.messaging.model import queued_deliveries
from core.messaging.topology import Queue

DELIVERIES_CHANNEL = "psa_deliveries"
"""The LISTEN/NOTIFY channel that wakes the consumers."""

LEASE = timedelta(seconds=120)
"""A claimed delivery that nobody settled for so long is claimed again; handlers take far less."""

SWEEP_SECONDS = 5.0
BATCH_FACTOR = 4
_ERROR_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class _Claimed:
    envelope: Envelope
    attempts: int


class EmbeddedBus:
    """An event bus on the table `queued_deliveries`."""

    def __init__(
        self,
        database: Database,
        queues: Sequence[Queue],
        *,
        retries: RetryPolicy | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._queues = tuple(queues)
        self._retries = retries or RetryPolicy()
        self._lease = lease
        self._abandoned: dict[str, list[UUID]] = {}

    async def aclose(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def publish(self, envelopes: Sequence[Envelope]) -> AsyncIterator[UnitOfWork]:
        async with self._database.begin(SYSTEM) as work:
            rows = [
                {
                    "queue": queue.name,
                    "event_id": envelope.id,
                    "body": envelope.model_dump(mode="json"),
                    "available_at": work.now,
                }
                for envelope in envelopes
                for queue in self._queues
                if queue.wants(envelope.name)
            ]
            if rows:
                await work.connection.execute(postgresql.insert(queued_deliveries).on_conflict_do_nothing(), rows)
                await _notify(work)
            yield work

    async def consume(self, queue: str, take: Take, stop: asyncio.Event, *, concurrency: int) -> None:
        tokens = self._abandoned.setdefault(queue, [])
        token = tokens.pop() if tokens else new_uuid()
        try:
            # An interrupted claim of ours need not wait for the end of its lease.
            await self._settle(queue, token, (), (), gives_back=True)
            await self._consume(queue, token, take, stop, concurrency)
        finally:
            tokens.append(token)

    async def _consume(self, queue: str, token: UUID, take: Take, stop: asyncio.Event, concurrency: int) -> None:
        limit = concurrency * BATCH_FACTOR
        async with listening(self._database.url, DELIVERIES_CHANNEL, stop) as wakeup:
            while not stop.is_set():
                claimed = await self._claim(queue, token, limit=limit)
                if claimed:
                    await self._work_off(queue, token, claimed, take, concurrency)
                if len(claimed) < limit:
                    # What came since the claim has rung: nothing is claimed in vain after each delivery.
                    await wakeup.wait(await self._seconds_to_next(queue))

    async def list_lag(self) -> list[QueueLag]:
        d = queued_deliveries.c
        alive = d.dead_at.is_(None)
        retrying = alive & d.last_error.is_not(None)
        counts = select(
            d.queue,
            func.count().filter(alive & ~retrying),
            func.count().filter(retrying),
            func.count().filter(d.dead_at.is_not(None)),
        ).group_by(d.queue)
        async with self._database.connect() as connection:
            found = {row[0]: QueueLag(*row) for row in await connection.execute(counts)}
        names = dict.fromkeys([*(queue.name for queue in self._queues), *sorted(found)])
        return [found.get(name, QueueLag(name, 0, 0, 0)) for name in names]

    async def list_dead(self, queue: str, *, limit: int = 100) -> list[DeadLetter]:
        d = queued_deliveries.c
        oldest = (
            select(d.body, d.attempts, d.last_error, d.dead_at).where(_dead(queue)).order_by(d.dead_at).limit(limit)
        )
        async with self._database.connect() as connection:
            return [
                DeadLetter(queue, Envelope.model_validate(row.body), row.attempts, row.last_error, row.dead_at)
                for row in await connection.execute(oldest)
            ]

    async def replay(self, queue: str, event_id: UUID | None = None) -> int:
        chosen = _dead(queue)
        if event_id is not None:
            chosen &= queued_deliveries.c.event_id == event_id
        async with self._database.begin(SYSTEM) as work:
            revived = await work.execute(
                update(queued_deliveries)
                .where(chosen)
                .values(dead_at=None, attempts=0, available_at=work.now, last_error=None)
            )
            await _notify(work)
        if event_id is not None and not revived.rowcount:
            raise NotFound("dead letter", event_id)
        return int(revived.rowcount)

    async def _claim(self, queue: str, token: UUID, *, limit: int) -> list[_Claimed]:
        d = queued_deliveries.c
        async with self._database.begin(SYSTEM) as work:
            due = (
                select(d.event_id)
                .where(d.queue == queue, d.dead_at.is_(None), d.available_at <= work.now)
                .order_by(d.available_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("due")
            )
            rows = await work.execute(
                update(queued_deliveries)
                .where(d.queue == queue, d.event_id == due.c.event_id)
                .values(lease_token=token, available_at=work.now + self._lease, attempts=d.attempts + 1)
                .returning(d.position, d.body, d.attempts)
            )
            return [
                _Claimed(Envelope.model_validate(row.body), row.attempts)
                for row in sorted(rows, key=lambda row: row.position)
            ]

    async def _work_off(
        self, queue: str, token: UUID, claimed: Sequence[_Claimed], take: Take, concurrency: int
    ) -> None:
        turns = asyncio.Semaphore(concurrency)

        async def attempt(delivery: _Claimed) -> str | None:
            async with turns:
                if delivery.attempts > DELIVERY_LIMIT:
                    return f"It was delivered {DELIVERY_LIMIT} times without an answer."
                try:
                    await take(delivery.envelope)
                except DeliveryFailed as failure:
                    return str(failure)
            return None

        results = await asyncio.gather(*(attempt(delivery) for delivery in claimed), return_exceptions=True)
        done: list[UUID] = []
        failed: list[tuple[_Claimed, str]] = []
        broken: BaseException | None = None
        for delivery, result in zip(claimed, results, strict=True):
            if isinstance(result, BaseException):
                broken = result
            elif result is None:
                done.append(delivery.envelope.id)
            else:
                failed.append((delivery, result))
        await self._settle(queue, token, done, failed, gives_back=broken is not None)
        if broken is not None:
            raise broken

    async def _settle(
        self,
        queue: str,
        token: UUID,
        done: Sequence[UUID],
        failed: Sequence[tuple[_Claimed, str]],
        *,
        gives_back: bool,
    ) -> None:
        """Forget what is done, put off or bury what failed; where that is not all, `gives_back` the rest uncounted."""
        d = queued_deliveries.c
        held = (d.queue == queue) & (d.lease_token == token)
        async with self._database.begin(SYSTEM) as work:
            if done:
                await work.execute(delete(queued_deliveries).where(held, d.event_id.in_(done)))
            for delivery, error in failed:
                delay = self._retries.find_delay_seconds(delivery.attempts)
                when = {"dead_at": work.now} if delay is None else {"available_at": work.now + timedelta(seconds=delay)}
                await work.execute(
                    update(queued_deliveries)
                    .where(held, d.event_id == delivery.envelope.id)
                    .values(lease_token=None, last_error=error[:_ERROR_LIMIT], **when)
                )
            if gives_back:
                await work.execute(
                    update(queued_deliveries)
                    .where(held, d.dead_at.is_(None))
                    .values(lease_token=None, available_at=work.now, attempts=d.attempts - 1)
                )

    async def _seconds_to_next(self, queue: str) -> float:
        d = queued_deliveries.c
        async with self._database.connect() as connection:
            due: datetime | None = await connection.scalar(
                select(func.min(d.available_at)).where(d.queue == queue, d.dead_at.is_(None))
            )
        if due is None:
            return SWEEP_SECONDS
        seconds = (due - self._database.clock.now()).total_seconds()
        return min(max(seconds, 0.005), SWEEP_SECONDS)


def _dead(queue: str) -> ColumnElement[bool]:
    return (queued_deliveries.c.queue == queue) & queued_deliveries.c.dead_at.is_not(None)


async def _notify(work: UnitOfWork) -> None:
    await work.execute(text(f"SELECT pg_notify('{DELIVERIES_CHANNEL}', '')"))
