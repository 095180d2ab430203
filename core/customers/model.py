"""Customers, domains, contacts. Deleting a customer never takes its history with it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from core.database.table import enum_column, instant, key_column, longest, metadata


class CustomerTier(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class CustomerStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    PROSPECT = "prospect"
    CHURNED = "churned"


NOT_DELETED = text("deleted_at IS NULL")

customers = Table(
    "customers",
    metadata,
    key_column(),
    Column("name", Text, nullable=False),
    longest("name", 200),
    Column("legal_name", Text),
    Column("uid", Text),
    Column("tax_number", Text),
    Column("industry", Text),
    Column("employee_count", Integer),
    *enum_column("tier", CustomerTier, nullable=True),
    *enum_column("status", CustomerStatus),
    Column("is_triage", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    CheckConstraint("employee_count >= 0", name="employee_count"),
    Index("customers_name_key", text("lower(name)"), unique=True, postgresql_where=NOT_DELETED),
    Index("customers_triage_key", "is_triage", unique=True, postgresql_where=text("is_triage")),
    Index("customers_status_idx", "status", postgresql_where=NOT_DELETED),
    Index("customers_tier_idx", "tier", postgresql_where=NOT_DELETED),
    Index("customers_uid_idx", "uid", postgresql_where=text("uid IS NOT NULL")),
)

customer_domains = Table(
    "customer_domains",
    metadata,
    key_column(),
    Column("customer_id", UUID(as_uuid=True), ForeignKey("customers.id", ondelete="RESTRICT"), nullable=False),
    Column("domain", Text, nullable=False),
    instant("verified_at", nullable=True),
    instant("created_at"),
    CheckConstraint("domain = lower(domain)", name="domain_lower"),
    Index("customer_domains_domain_key", "domain", unique=True),
    Index("customer_domains_customer_id_idx", "customer_id"),
)

contacts = Table(
    "contacts",
    metadata,
    key_column(),
    Column("customer_id", UUID(as_uuid=True), ForeignKey("customers.id", ondelete="RESTRICT"), nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("mobile", Text),
    Column("title", Text),
    Column("department", Text),
    Column("is_primary", Boolean, nullable=False, server_default=text("false")),
    Column("is_technical", Boolean, nullable=False, server_default=text("false")),
    Column("is_billing", Boolean, nullable=False, server_default=text("false")),
    Column("notify_ticket_created", Boolean, nullable=False, server_default=text("true")),
    Column("notify_ticket_resolved", Boolean, nullable=False, server_default=text("true")),
    Column("notify_invoice", Boolean, nullable=False, server_default=text("false")),
    Column("language", Text, nullable=False, server_default="de"),
    instant("bounced_at", nullable=True),
    Column("bounce_reason", Text),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    CheckConstraint("email IS NULL OR (email = lower(email) AND position('@' in email) > 1)", name="email_format"),
    Index(
        "contacts_email_key", "email", unique=True, postgresql_where=text("email IS NOT NULL AND deleted_at IS NULL")
    ),
    Index("contacts_customer_id_idx", "customer_id", postgresql_where=NOT_DELETED),
)
