"""The event bus on RabbitMQ (3.10 or newer): quorum queues, publisher confirms, retries by queues with a time to live.

Layout: topic exchange `psa.events` → queue → (failed) `psa.retry.<ms>` → (its time is up) queue → … → direct exchange
`psa.dead` → `<queue>.dead`. All queues are quorum queues that dead-letter at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, PublishError

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import NotFound, Unavailable
from core.messaging.bus import DELIVERY_LIMIT, DeadLetter, DeliveryFailed, QueueLag, RetryPolicy, Take
from core.messaging.event import Envelope
from core.messaging.topology import Queue

EVENTS = "psa.events"
DEAD = "psa.dead"
CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 30.0
ATTEMPTS_HEADER = "x-psa-attempts"
ERROR_HEADER = "x-psa-error"
_ERROR_LIMIT = 2000
_SAFE_QUORUM: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


class RabbitBus:
    """An event bus on a RabbitMQ node or cluster. Connects when it is first used and again after it was cut off.

    `aclose` it at the end.
    """

    def __init__(
        self, url: str, database: Database, queues: Sequence[Queue], *, retries: RetryPolicy | None = None
    ) -> None:
        self._url = url
        self._database = database
        self._queues = tuple(queues)
        self._retries = retries or RetryPolicy()
        self._connecting = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._publisher: AbstractChannel | None = None

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @asynccontextmanager
    async def publish(self, envelopes: Sequence[Envelope]) -> AsyncIterator[UnitOfWork]:
        with _translated():
            channel = await self._publishing()
            exchange = await channel.get_exchange(EVENTS, ensure=False)
            answers = await asyncio.gather(
                *(self._publish(exchange, envelope) for envelope in envelopes), return_exceptions=True
            )
            for answer in answers:
                if isinstance(answer, asyncio.CancelledError):
                    # Not ours: aiormq cancels who waits on a channel that breaks.
                    raise Unavailable("RabbitMQ is away: the channel broke.")
                if isinstance(answer, BaseException):
                    raise answer
        async with self._database.begin(SYSTEM) as work:
            yield work

    async def consume(self, queue: str, take: Take, stop: asyncio.Event, *, concurrency: int) -> None:
        with _translated():
            async with await self._open_channel() as channel:
                await channel.set_qos(prefetch_count=concurrency)
                await _Consuming(queue, take, self._retries, channel).run(stop)

    async def list_lag(self) -> list[QueueLag]:
        with _translated():
            async with await self._open_channel() as channel:
                return [
                    QueueLag(
                        queue.name, await _count(channel, queue.name), None, await _count(channel, f"{queue.name}.dead")
                    )
                    for queue in self._queues
                ]

    async def list_dead(self, queue: str, *, limit: int = 100) -> list[DeadLetter]:
        with _translated():
            # What was looked at and not answered goes back when the channel closes.
            async with await self._open_channel() as channel:
                return [_letter(queue, message) async for message in _dead_messages(channel, queue, limit)]

    async def replay(self, queue: str, event_id: UUID | None = None) -> int:
        replayed = 0
        with _translated():
            async with await self._open_channel() as channel:
                async for message in _dead_messages(channel, queue, await _count(channel, f"{queue}.dead")):
                    if event_id is None or message.message_id == str(event_id):
                        await _send(channel.default_exchange, queue, _copy(message, {}))
                        await message.ack()
                        replayed += 1
        if event_id is not None and not replayed:
            raise NotFound("dead letter", event_id)
        return replayed

    async def _publish(self, exchange: AbstractExchange, envelope: Envelope) -> None:
        message = aio_pika.Message(
            envelope.model_dump_json().encode(),
            message_id=str(envelope.id),
            type=envelope.name,
            content_type="application/json",
            correlation_id=envelope.correlation_id,
            timestamp=envelope.occurred_at,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            await exchange.publish(message, envelope.name, timeout=CONFIRM_SECONDS)
        except PublishError as error:
            # Returned: no queue is bound. Fine if none should be; else somebody removed it, so declare all anew.
            if any(queue.wants(envelope.name) for queue in self._queues):
                await self.aclose()
                raise Unavailable(f"RabbitMQ has no queue for {envelope.name}.") from error

    async def _connected(self) -> AbstractConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed:
                connection = await aio_pika.connect(
                    self._url, timeout=CONNECT_SECONDS, client_properties={"connection_name": "psa"}
                )
                try:
                    async with connection.channel() as channel:
                        await self._declare(channel)
                except BaseException:
                    await connection.close()
                    raise
                self._connection = connection
            return self._connection

    async def _publishing(self) -> AbstractChannel:
        if self._publisher is None or self._publisher.is_closed:
            self._publisher = await self._open_channel()
        return self._publisher

    async def _open_channel(self) -> AbstractChannel:
        connection = await self._connected()
        try:
            return await connection.channel(on_return_raises=True)
        except RuntimeError as error:
            # aiormq's word for a broken connection, which aio-pika itself may still believe to be open.
            if self._connection is connection:
                self._connection = None
            await connection.close()
            raise Unavailable("RabbitMQ is away: the connection broke.") from error

    async def _declare(self, channel: AbstractChannel) -> None:
        events = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        dead = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.DIRECT, durable=True)
        for queue in self._queues:
            graves = await channel.declare_queue(
                f"{queue.name}.dead", durable=True, arguments={"x-queue-type": "quorum"}
            )
            await graves.bind(dead, queue.name)
            declared = await channel.declare_queue(
                queue.name,
                durable=True,
                arguments={
                    **_SAFE_QUORUM,
                    "x-delivery-limit": DELIVERY_LIMIT,
                    "x-dead-letter-exchange": DEAD,
                    "x-dead-letter-routing-key": queue.name,
                },
            )
            for topic in queue.topics:
                await declared.bind(events, topic)
        for delay in dict.fromkeys(self._retries.delays_seconds):
            # Dead letters keep their routing key, the name of the queue they go back to by the default exchange.
            name = _retry_name(delay)
            exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
            waiting = await channel.declare_queue(
                name,
                durable=True,
                arguments={**_SAFE_QUORUM, "x-message-ttl": round(delay * 1000), "x-dead-letter-exchange": ""},
            )
            await waiting.bind(exchange)


class _Consuming:
    """One consumer on a channel of its own, from its start until it is told to stop or something breaks."""

    def __init__(self, queue: str, take: Take, retries: RetryPolicy, channel: AbstractChannel) -> None:
        self._queue = queue
        self._take = take
        self._retries = retries
        self._channel = channel
        self._at_work: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, stop: asyncio.Event) -> None:
        """Raises what broke it."""
        underlay = await self._channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(
            lambda _: self._break(Unavailable(f"The queue {self._queue} is gone."))
        )
        source = await self._channel.get_queue(self._queue)
        tag = await source.consume(self._begin)
        stopped = asyncio.ensure_future(stop.wait())
        closed = asyncio.ensure_future(self._channel.closed())
        try:
            signs: list[asyncio.Future[Any]] = [stopped, closed, self._broken]
            await asyncio.wait(signs, return_when=asyncio.FIRST_COMPLETED)
            if not closed.done() and not self._broken.done():
                await source.cancel(tag)
            if self._at_work and not closed.done():
                await asyncio.wait(self._at_work)
            if self._broken.done():
                self._broken.result()
            elif closed.done():
                raise Unavailable("RabbitMQ closed the channel.")
        finally:
            rest: list[asyncio.Future[Any]] = [stopped, closed, *self._at_work]
            for future in rest:
                future.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            if self._broken.done():
                self._broken.exception()

    async def _begin(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(self._deliver(message))
        self._at_work.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    async def _deliver(self, message: AbstractIncomingMessage) -> None:
        try:
            await self._take(Envelope.model_validate_json(message.body))
        except DeliveryFailed as failure:
            await self._put_off(message, str(failure))
        await message.ack()

    async def _put_off(self, message: AbstractIncomingMessage, error: str) -> None:
        """Send a copy to wait for its next attempt, or to the dead; confirmed, so that the original may be answered."""
        attempts = _attempts(message) + 1
        delay = self._retries.find_delay_seconds(attempts)
        copy = _copy(message, {ATTEMPTS_HEADER: attempts, ERROR_HEADER: error[:_ERROR_LIMIT]})
        exchange = await self._channel.get_exchange(DEAD if delay is None else _retry_name(delay), ensure=False)
        await _send(exchange, self._queue, copy)


async def _send(exchange: AbstractExchange, routing_key: str, message: aio_pika.Message) -> None:
    await exchange.publish(message, routing_key, timeout=CONFIRM_SECONDS)


async def _count(channel: AbstractChannel, queue: str) -> int:
    found = await channel.declare_queue(queue, passive=True)
    return int(found.declaration_result.message_count or 0)


async def _dead_messages(channel: AbstractChannel, queue: str, limit: int) -> AsyncIterator[AbstractIncomingMessage]:
    source = await channel.get_queue(f"{queue}.dead")
    for _ in range(limit):
        message = await source.get(fail=False)
        if message is None:
            return
        yield message


def _letter(queue: str, message: AbstractIncomingMessage) -> DeadLetter:
    error = message.headers.get(ERROR_HEADER)
    return DeadLetter(
        queue,
        Envelope.model_validate_json(message.body),
        _attempts(message),
        str(error) if error is not None else f"It was delivered {DELIVERY_LIMIT} times without an answer.",
        message.timestamp or datetime.now(UTC),
    )


def _copy(message: AbstractIncomingMessage, headers: dict[str, Any]) -> aio_pika.Message:
    # Without the headers of earlier rounds: RabbitMQ drops what it believes to go in circles.
    return aio_pika.Message(
        message.body,
        headers=headers,
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        timestamp=datetime.now(UTC),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _attempts(message: AbstractIncomingMessage) -> int:
    attempts = message.headers.get(ATTEMPTS_HEADER, 0)
    return attempts if isinstance(attempts, int) else 0


def _retry_name(delay_seconds: float) -> str:
    return f"psa.retry.{round(delay_seconds * 1000)}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
        raise Unavailable(f"RabbitMQ is away: {type(error).__name__}.") from error
