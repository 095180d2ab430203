"""Forgets events that everyone has had."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Table, delete, select

from core.actor import SYSTEM
from core.database.engine import Database
from core.messaging.model import inbox, outbox

INBOX_RETENTION = timedelta(days=90)
"""An event that comes again later than this after its effect would have it twice."""

BATCH = 5000


async def purge_spine(database: Database, outbox_retention: timedelta) -> int:
    """Delete published events and inbox rows older than their retention, in batches. Returns how many."""
    now = database.clock.now()
    return await _purge(database, outbox, outbox.c.published_at, now - outbox_retention) + await _purge(
        database, inbox, inbox.c.processed_at, now - max(INBOX_RETENTION, outbox_retention)
    )


async def _purge(database: Database, table: Table, instant: Column[datetime], before: datetime) -> int:
    total = 0
    keys = list(table.primary_key.columns)
    while True:
        async with database.begin(SYSTEM) as work:
            old = select(*keys).where(instant < before).limit(BATCH).with_for_update(skip_locked=True).cte("old")
            deleted = await work.execute(delete(table).where(*(key == old.c[key.name] for key in keys)))
        total += deleted.rowcount
        if deleted.rowcount < BATCH:
            return total
