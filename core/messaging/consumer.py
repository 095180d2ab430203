"""What a consumer is: a queue bound to topics, and a handler that runs once an event in a transaction of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.database.unit_of_work import UnitOfWork
from core.messaging.event import Envelope

Handler = Callable[[Envelope, UnitOfWork], Awaitable[None]]
"""Does the consumer's effect in the given unit of work, which also holds the inbox row: both commit or neither."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`consumer` is the key in the inbox; `queue` the name of its queue; `topics` AMQP topic patterns (`ticket.*`)."""

    consumer: str
    queue: str
    topics: tuple[str, ...]
    handler: Handler
