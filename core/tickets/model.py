"""Tickets, messages, attachments, who takes part, and the message ids by which mails find their ticket."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR, UUID

from core.database.table import IGNORE_CONFLICT, enum_column, instant, key_column, longest, metadata
from core.tickets.rules import (
    LinkKind,
    MessageKind,
    ParticipantKind,
    ThreadStrength,
    TicketPriority,
    TicketSource,
    TicketStatus,
)

TITLE_LIMIT = 200
IDEMPOTENCY_KEY_LIMIT = 200
NOT_DELETED = text("deleted_at IS NULL")
PRIORITY_RANK = "array_position(ARRAY['low', 'medium', 'high', 'critical'], priority)"
"""How much a priority matters, the least as 1. Written out, so that what is sorted by it finds the index on it."""

OPEN = text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL")

ticket_number_sequence = Sequence("ticket_number_seq", metadata=metadata, start=1001)


def _reference(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), ForeignKey(target, ondelete="RESTRICT"), nullable=nullable)


tickets = Table(
    "tickets",
    metadata,
    key_column(),
    Column("number", BigInteger, nullable=False, unique=True),
    _reference("customer_id", "customers.id"),
    _reference("contact_id", "contacts.id", nullable=True),
    _reference("assigned_to", "users.id", nullable=True),
    Column("title", Text, nullable=False),
    longest("title", TITLE_LIMIT),
    Column("description", Text, nullable=False),
    *enum_column("status", TicketStatus),
    *enum_column("priority", TicketPriority),
    Column("category", Text),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    *enum_column("source", TicketSource),
    Column("source_reference", Text),
    _reference("merged_into_id", "tickets.id", nullable=True),
    instant("first_response_at", nullable=True),
    instant("resolved_at", nullable=True),
    instant("closed_at", nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    # array_to_string is only stable, so tags stay out of the generated column; they have an index of their own.
    Column(
        "search_vector",
        TSVECTOR,
        Computed("to_tsvector('german', title) || to_tsvector('english', title)", persisted=True),
    ),
    CheckConstraint("merged_into_id <> id", name="merged_into_other"),
    Index("tickets_customer_id_idx", "customer_id", "created_at", postgresql_where=NOT_DELETED),
    Index("tickets_contact_id_idx", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
    Index("tickets_assigned_to_idx", "assigned_to", postgresql_where=OPEN),
    Index("tickets_open_idx", "customer_id", "priority", postgresql_where=OPEN),
    Index(
        "tickets_queue_idx", text(f"({PRIORITY_RANK})"), text("created_at DESC"), text("id DESC"), postgresql_where=OPEN
    ),
    Index("tickets_created_at_idx", "created_at", postgresql_where=NOT_DELETED),
    Index("tickets_merged_into_id_idx", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    Index("tickets_source_reference_idx", "source_reference", postgresql_where=text("source_reference IS NOT NULL")),
    Index("tickets_search_idx", "search_vector", postgresql_using="gin"),
    Index("tickets_tags_idx", "tags", postgresql_using="gin"),
)

ticket_links = Table(
    "ticket_links",
    metadata,
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT"), primary_key=True),
    Column("other_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT"), primary_key=True),
    *enum_column("kind", LinkKind),
    instant("created_at"),
    CheckConstraint("ticket_id <> other_id", name="not_itself"),
    Index("ticket_links_other_id_idx", "other_id"),
    info=IGNORE_CONFLICT,
)

ticket_participants = Table(
    "ticket_participants",
    metadata,
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT"), primary_key=True),
    Column("address", Text, primary_key=True),
    *enum_column("kind", ParticipantKind),
    instant("created_at"),
    info=IGNORE_CONFLICT,
)

messages = Table(
    "messages",
    metadata,
    key_column(),
    _reference("ticket_id", "tickets.id"),
    *enum_column("kind", MessageKind),
    Column("is_inbound", Boolean, nullable=False),
    Column("is_automatic", Boolean, nullable=False, server_default=text("false")),
    _reference("author_user_id", "users.id", nullable=True),
    _reference("author_contact_id", "contacts.id", nullable=True),
    Column("author_name", Text, nullable=False),
    Column("author_address", Text),
    Column("subject", Text),
    Column("text", Text, nullable=False),
    Column("quoted", Text, nullable=False, server_default=""),
    Column("signature", Text, nullable=False, server_default=""),
    Column("html", Text),
    *enum_column("source", TicketSource),
    Column("internet_message_id", Text),
    _reference("raw_mail_id", "raw_mails.id", nullable=True),
    instant("sent_at", nullable=True),
    # Changed or taken back where it was said; what it said before is among its revisions.
    instant("edited_at", nullable=True),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    Column(
        "search_vector",
        TSVECTOR,
        Computed(
            "to_tsvector('german', left(text, 100000)) || to_tsvector('english', left(text, 100000))",
            persisted=True,
        ),
    ),
    Index("messages_ticket_id_idx", "ticket_id", "created_at"),
    Index("messages_internet_message_id_idx", "internet_message_id"),
    Index("messages_raw_mail_id_key", "raw_mail_id", unique=True, postgresql_where=text("raw_mail_id IS NOT NULL")),
    Index("messages_search_idx", "search_vector", postgresql_using="gin"),
)

attachments = Table(
    "attachments",
    metadata,
    key_column(),
    _reference("message_id", "messages.id"),
    Column("position", Integer, nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("is_inline", Boolean, nullable=False),
    Column("content_id", Text),
    Column("set_aside", Text),
    instant("created_at"),
    Index("attachments_message_id_idx", "message_id", "position"),
    Index("attachments_sha256_idx", "sha256"),
)

thread_ids = Table(
    "thread_ids",
    metadata,
    Column("internet_message_id", Text, primary_key=True),
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT"), primary_key=True),
    *enum_column("strength", ThreadStrength, primary_key=True),
    instant("created_at"),
    Index("thread_ids_ticket_id_idx", "ticket_id"),
    info=IGNORE_CONFLICT,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    longest("key", IDEMPOTENCY_KEY_LIMIT),
    Column("body_digest", Text, nullable=False),
    _reference("ticket_id", "tickets.id"),
    instant("created_at"),
    Index("idempotency_keys_created_at_idx", "created_at"),
)

ticket_watchers = Table(
    "ticket_watchers",
    metadata,
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT"), primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True),
    instant("created_at"),
    Index("ticket_watchers_user_id_idx", "user_id"),
    info=IGNORE_CONFLICT,
)

message_revisions = Table(
    "message_revisions",
    metadata,
    key_column(),
    _reference("message_id", "messages.id"),
    # What the message said before it was changed or taken back. One that went out by mail keeps its text: of it this is
    # what it says now where it was said.
    Column("text", Text, nullable=False),
    Column("is_deletion", Boolean, nullable=False),
    _reference("author_user_id", "users.id", nullable=True),
    instant("created_at"),
    Index("message_revisions_message_id_idx", "message_id", "created_at"),
)

reply_drafts = Table(
    "reply_drafts",
    metadata,
    key_column(),
    _reference("ticket_id", "tickets.id"),
    _reference("user_id", "users.id"),
    Column("text", Text, nullable=False),
    instant("created_at"),
    # Sent (then as this message) or thrown away.
    instant("settled_at", nullable=True),
    _reference("message_id", "messages.id", nullable=True),
    Index("reply_drafts_user_id_idx", "user_id", postgresql_where=text("settled_at IS NULL")),
    Index("reply_drafts_ticket_id_idx", "ticket_id"),
)
