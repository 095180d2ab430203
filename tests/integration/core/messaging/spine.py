"""What the tests of the spine share: an event, recording it, and consumers that note their effects in the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from core.actor import SYSTEM
from core.audit.model import AuditAction, audit_log
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import Unavailable
from core.ids import new_uuid
from core.messaging.bus import EventBus
from core.messaging.consumer import Subscription
from core.messaging.event import Envelope, Event
from core.messaging.relay import OutboxRelay
from core.messaging.topology import Queue
from core.messaging.worker import ConsumerWorker
from core.runtime.component import Component
from core.runtime.metrics import Metrics


class LampLit(Event):
    name: ClassVar[str] = "lamp.lit"
    version: ClassVar[int] = 1


QUEUES = (Queue("lamps", ("lamp.*",)), Queue("everything", ("lamp.#", "door.*")), Queue("doors", ("door.opened",)))


async def record(database: Database, number: int = 1) -> list[UUID]:
    """Record so many events in one transaction; returns their subjects."""
    subjects = [new_uuid() for _ in range(number)]
    async with database.begin(SYSTEM) as work:
        for subject in subjects:
            work.record(LampLit(subject_id=subject, subject_version=1))
    return subjects


async def note_effect(envelope: Envelope, work: UnitOfWork) -> None:
    """An effect that shows how often it was had: one audit record each time."""
    work.audit(AuditAction.UPDATE, "lamp", envelope.read(LampLit).subject_id)


async def effects(database: Database) -> Counter[UUID]:
    """How often each subject's effect was had."""
    async with database.connect() as connection:
        rows = await connection.execute(select(audit_log.c.entity_id).where(audit_log.c.entity_type == "lamp"))
        return Counter(rows.scalars())


def lamps(handler: Callable[[Envelope, UnitOfWork], Awaitable[None]] = note_effect) -> Subscription:
    return Subscription("lamps", "lamps", ("lamp.*",), handler)


def relay(
    database: Database, bus: EventBus, *, batch: int = 250, lease: timedelta = timedelta(seconds=60)
) -> OutboxRelay:
    return OutboxRelay(database, bus, Metrics(), retention_days=7, batch=batch, lease=lease)


def worker(database: Database, bus: EventBus, subscription: Subscription | None = None) -> ConsumerWorker:
    return ConsumerWorker(database, bus, subscription or lamps(), Metrics(), concurrency=4)


@asynccontextmanager
async def running(*components: Component) -> AsyncIterator[None]:
    """The components, running; they drain at the end."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for component in components:
            group.create_task(component.run(stop))
        try:
            yield
        finally:
            stop.set()


async def eventually(condition: Callable[[], Awaitable[bool]], timeout_seconds: float = 30.0) -> None:
    """Return when the condition holds; parts that are away count as "not yet"."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            try:
                if await condition():
                    return
            except Unavailable:
                pass
            await asyncio.sleep(0.02)
