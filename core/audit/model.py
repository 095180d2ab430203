"""The audit log. PostgreSQL wants the partition key in the primary key, so it is (id, created_at)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, DateTime, Index, Table, Text
from sqlalchemy.dialects.postgresql import INET, JSONB, UUID

from core.database.table import enum_column, metadata


class AuditAction(StrEnum):
    CREATE = "CREATE"
    READ = "READ"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


audit_log = Table(
    "audit_log",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("created_at", DateTime(timezone=True), primary_key=True),
    Column("entity_type", Text, nullable=False),
    Column("entity_id", UUID(as_uuid=True), nullable=False),
    *enum_column("action", AuditAction),
    Column("actor_kind", Text, nullable=False),
    Column("user_id", UUID(as_uuid=True)),
    Column("user_email", Text),
    Column("user_role", Text),
    Column("changes", JSONB),
    Column("ip_address", INET),
    Column("user_agent", Text),
    Column("request_id", Text),
    Index("audit_log_entity_idx", "entity_type", "entity_id"),
    Index("audit_log_user_idx", "user_id", postgresql_where="user_id IS NOT NULL"),
    postgresql_partition_by="RANGE (created_at)",
)
