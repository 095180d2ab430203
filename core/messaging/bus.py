"""What carries events from the outbox to the consumers: in PostgreSQL itself, or RabbitMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.database.unit_of_work import UnitOfWork
from core.messaging.event import Envelope


class DeliveryFailed(Exception):
    """The consumer could not do its work on this event; `str(error)` is kept with it."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a failed delivery waits before each further attempt; after the last one it is a dead letter."""

    delays_seconds: tuple[float, ...] = (5, 30, 120, 600, 3600)

    def find_delay_seconds(self, attempts: int) -> float | None:
        """The pause after so many attempts (1 = the first failed); None: give up."""
        return self.delays_seconds[attempts - 1] if attempts <= len(self.delays_seconds) else None


DELIVERY_LIMIT = 20
"""So often is an event delivered without any answer (each time the process died) before it is a dead letter."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that failed too often, with the last error."""

    queue: str
    envelope: Envelope
    attempts: int
    error: str
    dead_at: datetime


@dataclass(frozen=True, slots=True)
class QueueLag:
    """`waiting` are ready or at work, `retrying` wait for another attempt (None: not known), `dead` gave up."""

    queue: str
    waiting: int
    retrying: int | None
    dead: int


Take = Callable[[Envelope], Awaitable[None]]
"""Does one delivery: returns when its effect is committed; raises DeliveryFailed to be tried again later, or
Unavailable when nothing can be done at all now."""


class EventBus(Protocol):
    """Carries each event to every queue bound to its name, at least once. Raises Unavailable where it is away."""

    def publish(self, envelopes: Sequence[Envelope]) -> AbstractAsyncContextManager[UnitOfWork]:
        """Hand the events over; the block runs once the bus answers for all of them and notes that in the unit of work.

        `async with bus.publish(envelopes) as work: …` commits at the block's end. A bus in the same database hands over
        in that very transaction. If this raises, some events may have been handed over all the same.
        """
        ...

    async def consume(self, queue: str, take: Take, stop: asyncio.Event, *, concurrency: int) -> None:
        """Deliver from `queue` until `stop` is set, then finish what has begun and return.

        At most `concurrency` deliveries run at once. One is settled after `take` returned. Raises Unavailable when the
        bus goes away or `take` raised that; what was not settled is delivered again.
        """
        ...

    async def list_lag(self) -> list[QueueLag]:
        """How much lies in each queue."""
        ...

    async def list_dead(self, queue: str, *, limit: int = 100) -> list[DeadLetter]:
        """The oldest dead letters of a queue."""
        ...

    async def replay(self, queue: str, event_id: UUID | None = None) -> int:
        """Deliver a dead letter again, with a fresh count of attempts; without an id all of the queue.

        Returns how many. Raises NotFound if there is no dead letter of that id.
        """
        ...

    async def aclose(self) -> None: ...
