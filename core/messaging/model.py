"""Outbox, inbox, and the queues of the embedded broker."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from core.database.table import instant, key_column, metadata

outbox = Table(
    "outbox",
    metadata,
    key_column(),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subject_id", UUID(as_uuid=True), nullable=False),
    Column("subject_version", Integer, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("correlation_id", Text),
    instant("occurred_at"),
    instant("published_at", nullable=True),
    Column("lease_token", UUID(as_uuid=True)),
    instant("leased_until", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Index("outbox_pending_idx", "position", postgresql_where="published_at IS NULL"),
    Index("outbox_published_at_idx", "published_at", postgresql_where="published_at IS NOT NULL"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    instant("processed_at"),
    Index("inbox_processed_at_idx", "processed_at"),
)

queued_deliveries = Table(
    "queued_deliveries",
    metadata,
    Column("queue", Text, primary_key=True),
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("body", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # A claim moves this to the end of its lease: who never answers has given back.
    instant("available_at"),
    Column("lease_token", UUID(as_uuid=True)),
    Column("last_error", Text),
    instant("dead_at", nullable=True),
    Index("queued_deliveries_ready_idx", "queue", "available_at", postgresql_where="dead_at IS NULL"),
    Index("queued_deliveries_dead_idx", "queue", "dead_at", postgresql_where="dead_at IS NOT NULL"),
)
