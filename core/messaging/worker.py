"""Runs a subscription: takes its deliveries one transaction each, exactly once in effect."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.dialects.postgresql import insert

from core.actor import SYSTEM
from core.database.engine import Database
from core.errors import Unavailable
from core.messaging.bus import DeliveryFailed, EventBus
from core.messaging.consumer import Subscription
from core.messaging.event import Envelope
from core.messaging.model import inbox
from core.runtime.backoff import Backoff
from core.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

HANDLER_SECONDS = 60.0
"""A handler that takes longer is cancelled and tried again later; leases on deliveries are longer than this."""


class ConsumerWorker:
    """A component. Any number may run for one subscription, here and elsewhere; they share its queue."""

    def __init__(
        self,
        database: Database,
        bus: EventBus,
        subscription: Subscription,
        metrics: Metrics,
        *,
        concurrency: int = 4,
    ) -> None:
        self.name = f"consumer {subscription.consumer}"
        self._database = database
        self._bus = bus
        self._subscription = subscription
        self._metrics = metrics
        self._concurrency = concurrency

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                # What is delivered while the database is away only wears out its count of deliveries.
                await self._database.ping()
                await self._bus.consume(self._subscription.queue, self._take, stop, concurrency=self._concurrency)
                backoff.reset()
            except Unavailable as error:
                log.warning("consumer_interrupted", consumer=self._subscription.consumer, error=str(error))
                await backoff.pause(stop)

    async def _take(self, envelope: Envelope) -> None:
        deliveries = self._metrics.event_deliveries
        consumer = self._subscription.consumer
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                is_new = await self._handle_once(envelope)
        except Exception as error:
            if isinstance(error, Unavailable):
                # If the database is away this says so; else some other part is, which concerns this event only.
                await self._database.ping()
            deliveries.labels(consumer, "failed").inc()
            log.warning("delivery_failed", consumer=consumer, event_id=str(envelope.id), exc_info=error)
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
        deliveries.labels(consumer, "done" if is_new else "duplicate").inc()

    async def _handle_once(self, envelope: Envelope) -> bool:
        """The inbox row and the effect in one unit of work; False if that has been committed before."""
        actor = replace(SYSTEM, request_id=envelope.correlation_id)
        async with self._database.begin(actor) as work:
            added = await work.execute(
                insert(inbox)
                .values(consumer=self._subscription.consumer, event_id=envelope.id, processed_at=work.now)
                .on_conflict_do_nothing()
            )
            if not added.rowcount:
                return False
            await self._subscription.handler(envelope, work)
        return True
