"""The audit log's monthly partitions: made ahead by the product, dropped by retention."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from core.database.unit_of_work import UnitOfWork

MONTHS_AHEAD = 12
LOCK_KEY = 0x5053_4131
"""Advisory lock: replicas that start together make a partition once."""


def month_start(instant: datetime, months: int = 0) -> datetime:
    """The first instant (UTC) of the month that lies `months` after (or before) that of `instant`."""
    index = instant.year * 12 + instant.month - 1 + months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def partition_name(start: datetime) -> str:
    return f"audit_log_y{start.year:04d}m{start.month:02d}"


async def ensure_audit_partitions(work: UnitOfWork, *, retention_months: int) -> None:
    """Make this month's partition and a year of later ones; drop those older than the retention."""
    await work.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    found = await work.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'audit_log'::regclass"
        )
    )
    existing = {row.relname for row in found}
    for offset in range(MONTHS_AHEAD + 1):
        start, end = month_start(work.now, offset), month_start(work.now, offset + 1)
        if partition_name(start) not in existing:
            await work.execute(
                text(
                    f"CREATE TABLE {partition_name(start)} PARTITION OF audit_log "
                    f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
                )
            )
    oldest_kept = partition_name(month_start(work.now, -retention_months))
    for name in sorted(existing):
        if name < oldest_kept:
            await work.execute(text(f"DROP TABLE {name}"))
