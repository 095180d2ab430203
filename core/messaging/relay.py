"""The relay: moves events from the outbox to the bus."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, or_, select, update

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.listening import listening
from core.database.unit_of_work import OUTBOX_CHANNEL
from core.errors import Unavailable
from core.ids import new_uuid
from core.messaging.bus import EventBus
from core.messaging.event import Envelope
from core.messaging.model import outbox
from core.messaging.retention import purge_spine
from core.runtime.backoff import Backoff, stopped_within
from core.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""Events that a relay claimed and did not mark as published for so long are claimed again."""

BATCH = 250
SWEEP_SECONDS = 5.0
GATHER_SECONDS = 0.04
"""What follows from one command comes together, and who gave it has the answer before the others hear of it."""

PURGE_EVERY = timedelta(hours=1)


class OutboxRelay:
    """A component; several may run at once and share the work. Each event is published at least once, in no order."""

    name = "outbox relay"

    def __init__(
        self,
        database: Database,
        bus: EventBus,
        metrics: Metrics,
        *,
        retention_days: int,
        lease: timedelta = LEASE,
        batch: int = BATCH,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._database = database
        self._bus = bus
        self._metrics = metrics
        self._retention = timedelta(days=retention_days)
        self._lease = lease
        self._batch = batch
        self._gather_seconds = gather_seconds
        self._token = new_uuid()
        self._purged_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        async with listening(self._database.url, OUTBOX_CHANNEL, stop) as wakeup:
            while not stop.is_set():
                try:
                    moved = await self.relay_batch()
                    backoff.reset()
                    if moved < self._batch:
                        await self._look_after()
                        await wakeup.wait(SWEEP_SECONDS)
                        await stopped_within(stop, self._gather_seconds)
                except Unavailable as error:
                    log.warning("outbox_relay_interrupted", error=str(error))
                    await backoff.pause(stop)

    async def relay_batch(self) -> int:
        """Publish one batch of pending events; returns how many. Raises Unavailable where database or bus are away."""
        envelopes = await self._claim()
        if not envelopes:
            return 0
        async with self._bus.publish(envelopes) as work:
            await work.execute(
                update(outbox)
                .where(outbox.c.id.in_([envelope.id for envelope in envelopes]))
                .values(published_at=work.now, lease_token=None, leased_until=None)
            )
        for envelope in envelopes:
            self._metrics.events_published.labels(envelope.name).inc()
        return len(envelopes)

    async def _claim(self) -> list[Envelope]:
        """The oldest pending events, ours until the lease ends. An interrupted batch of ours is ours still."""
        o = outbox.c
        is_free = or_(
            o.leased_until.is_(None), o.leased_until < self._database.clock.now(), o.lease_token == self._token
        )
        async with self._database.begin(SYSTEM) as work:
            pending = (
                select(o.id)
                .where(o.published_at.is_(None), is_free)
                .order_by(o.position)
                .limit(self._batch)
                .with_for_update(skip_locked=True)
                .cte("pending")
            )
            rows = await work.execute(
                update(outbox)
                .where(o.id == pending.c.id)
                .values(lease_token=self._token, leased_until=work.now + self._lease, attempts=o.attempts + 1)
                .returning(o.position, o.id, o.name, o.version, o.occurred_at, o.correlation_id, o.payload)
            )
            return [
                Envelope(
                    id=row.id,
                    name=row.name,
                    version=row.version,
                    occurred_at=row.occurred_at,
                    correlation_id=row.correlation_id,
                    payload=row.payload,
                )
                for row in sorted(rows, key=lambda row: row.position)
            ]

    async def _look_after(self) -> None:
        now = self._database.clock.now()
        async with self._database.connect() as connection:
            oldest = await connection.scalar(
                select(func.min(outbox.c.occurred_at)).where(outbox.c.published_at.is_(None))
            )
        self._metrics.outbox_age_seconds.set(max((now - oldest).total_seconds(), 0.0) if oldest else 0.0)
        if self._purged_at is None or now - self._purged_at >= PURGE_EVERY:
            self._purged_at = now
            await purge_spine(self._database, self._retention)
