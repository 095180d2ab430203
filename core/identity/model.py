"""Users and the keys their access tokens are signed with."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import INET, UUID

from core.database.table import enum_column, instant, key_column, longest, metadata
from core.identity.roles import Role

users = Table(
    "users",
    metadata,
    key_column(),
    Column("email", Text, nullable=False),
    longest("email", 254),
    Column("password_hash", Text),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("phone", Text),
    *enum_column("role", Role),
    Column("customer_id", UUID(as_uuid=True), ForeignKey("customers.id", ondelete="RESTRICT")),
    # The person's object id in the organisation's directory (Entra ID).
    Column("directory_id", Text),
    Column("language", Text, nullable=False, server_default="de"),
    Column("timezone", Text, nullable=False, server_default="Europe/Vienna"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    instant("last_login_at", nullable=True),
    Column("last_login_ip", INET),
    instant("password_changed_at", nullable=True),
    Column("failed_login_attempts", Integer, nullable=False, server_default="0"),
    instant("locked_until", nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    CheckConstraint("starts_with(role, 'customer_') = (customer_id IS NOT NULL)", name="customer_of_role"),
    Index("users_email_key", text("lower(email)"), unique=True, postgresql_where=text("deleted_at IS NULL")),
    Index(
        "users_directory_id_key",
        "directory_id",
        unique=True,
        postgresql_where=text("directory_id IS NOT NULL AND deleted_at IS NULL"),
    ),
    Index("users_role_idx", "role", postgresql_where=text("deleted_at IS NULL")),
    Index("users_customer_id_idx", "customer_id", postgresql_where=text("customer_id IS NOT NULL")),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("private_key_encrypted", Text, nullable=False),
    Column("public_key_pem", Text, nullable=False),
    instant("created_at"),
    instant("retired_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    # The SHA-256 of the cookie: who reads the table cannot log in with it.
    Column("token_digest", Text, primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
    Column("ip_address", INET),
    Column("user_agent", Text),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at"),
    instant("ended_at", nullable=True),
    Index("sessions_user_id_idx", "user_id"),
    Index("sessions_expires_at_idx", "expires_at"),
)
