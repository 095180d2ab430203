"""Opens the event bus that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.database.engine import Database
from core.messaging.bus import EventBus
from core.messaging.embedded import EmbeddedBus
from core.messaging.rabbitmq import RabbitBus
from core.messaging.topology import Queue
from core.settings import Settings


@asynccontextmanager
async def open_event_bus(settings: Settings, database: Database, queues: Sequence[Queue]) -> AsyncIterator[EventBus]:
    """RabbitMQ where PSA_RABBITMQ_URL names one, else the embedded broker. Does not connect yet."""
    bus: EventBus = (
        RabbitBus(settings.rabbitmq_url.get_secret_value(), database, queues)
        if settings.rabbitmq_url
        else EmbeddedBus(database, queues)
    )
    try:
        yield bus
    finally:
        await bus.aclose()
