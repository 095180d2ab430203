"""A RabbitMQ bus with empty queues for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aio_pika

from core.database.engine import Database
from core.messaging.bus import RetryPolicy
from core.messaging.rabbitmq import RabbitBus
from core.messaging.topology import Queue
from tests.integration.core.messaging.spine import QUEUES
from tests.services.rabbitmq import RabbitMQ


@asynccontextmanager
async def rabbit_bus(
    node: RabbitMQ, database: Database, *, retries: RetryPolicy, queues: Sequence[Queue] = QUEUES
) -> AsyncIterator[RabbitBus]:
    """The bus; the queues it declared are deleted at the end of a test that went well."""
    bus = RabbitBus(node.url, database, queues, retries=retries)
    try:
        yield bus
    finally:
        await bus.aclose()
    connection = await aio_pika.connect(node.url)
    async with connection, connection.channel() as channel:
        for queue in queues:
            await channel.queue_delete(queue.name)
            await channel.queue_delete(f"{queue.name}.dead")
