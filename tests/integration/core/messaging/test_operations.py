"""Operators see what happened and how far the spine is behind."""

from __future__ import annotations

from core.database.engine import Database
from core.messaging.embedded import EmbeddedBus
from core.messaging.operations import get_lag, list_events
from tests.integration.core.messaging.spine import QUEUES, record, relay


async def test_events_are_listed_oldest_first_and_followed_from_a_position(database: Database) -> None:
    first = await record(database, 3)
    seen = await list_events(database, limit=2)
    assert [event.envelope.payload["subject_id"] for event in seen] == [str(subject) for subject in first[1:]]
    second = await record(database, 2)
    followed = await list_events(database, after=seen[-1].position)
    assert [event.envelope.payload["subject_id"] for event in followed] == [str(subject) for subject in second]


async def test_the_lag_counts_what_is_pending_and_what_waits_in_each_queue(database: Database) -> None:
    bus = EmbeddedBus(database, QUEUES)
    await record(database, 3)
    before = await get_lag(database, bus)
    assert before.pending == 3
    assert before.oldest_pending_seconds >= 0
    await relay(database, bus).relay_batch()
    after = await get_lag(database, bus)
    assert (after.pending, after.oldest_pending_seconds) == (0, 0.0)
    assert {queue.queue: queue.waiting for queue in after.queues} == {"lamps": 3, "everything": 3, "doors": 0}
