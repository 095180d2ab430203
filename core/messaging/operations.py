"""What operators ask of the spine: what happened lately, what is stuck, what is dead, and once more please."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from core.database.engine import Database
from core.messaging.bus import DeadLetter, EventBus, QueueLag
from core.messaging.event import Envelope
from core.messaging.model import outbox
from core.messaging.topology import Queue


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event in the outbox. `position` grows; `published_at` is None while the relay has not handed it over."""

    position: int
    envelope: Envelope
    published_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class SpineLag:
    """How far the spine is behind: events not handed over yet, the oldest one's age, and each queue's figures."""

    pending: int
    oldest_pending_seconds: float
    queues: Sequence[QueueLag]


async def list_events(database: Database, *, after: int | None = None, limit: int = 50) -> list[RecordedEvent]:
    """The newest events, or the first ones after a position; oldest first either way."""
    o = outbox.c
    query = select(outbox).limit(limit)
    query = query.order_by(o.position.desc()) if after is None else query.where(o.position > after).order_by(o.position)
    async with database.connect() as connection:
        rows = (await connection.execute(query)).all()
    events = [
        RecordedEvent(
            row.position,
            Envelope(
                id=row.id,
                name=row.name,
                version=row.version,
                occurred_at=row.occurred_at,
                correlation_id=row.correlation_id,
                payload=row.payload,
            ),
            row.published_at,
            row.attempts,
        )
        for row in rows
    ]
    return sorted(events, key=lambda event: event.position)


async def get_lag(database: Database, bus: EventBus) -> SpineLag:
    """Raises Unavailable where database or bus are away."""
    async with database.connect() as connection:
        pending = select(func.count(), func.min(outbox.c.occurred_at)).where(outbox.c.published_at.is_(None))
        count, oldest = (await connection.execute(pending)).one()
    age = (database.clock.now() - oldest).total_seconds() if oldest else 0.0
    return SpineLag(count, max(age, 0.0), await bus.list_lag())


async def list_dead_letters(bus: EventBus, queues: Sequence[Queue], *, limit: int = 100) -> list[DeadLetter]:
    """The oldest dead letters of each queue."""
    return [letter for queue in queues for letter in await bus.list_dead(queue.name, limit=limit)]


async def replay_dead_letters(bus: EventBus, queue: str, event_id: UUID | None = None) -> int:
    """Deliver one dead letter again, or all of a queue; returns how many. Raises NotFound for an unknown id."""
    return await bus.replay(queue, event_id)
