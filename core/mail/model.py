"""Raw mails, receipts, mailboxes and cursors, outgoing mails."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB, UUID

from core.database.table import IGNORE_CONFLICT, enum_column, instant, key_column, metadata


class MailChannel(StrEnum):
    """How a mail came in."""

    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    PIPE = "pipe"
    IMPORT = "import"


class ReceiptOutcome(StrEnum):
    """What became of a mail."""

    TICKET_OPENED = "ticket_opened"
    REPLY_ADDED = "reply_added"
    DUPLICATE = "duplicate"
    BOUNCE_RECORDED = "bounce_recorded"
    AUTOMATIC_FILED = "automatic_filed"
    PARKED = "parked"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    FAILED = "failed"


class MailboxAuth(StrEnum):
    PASSWORD = "password"  # noqa: S105
    XOAUTH2_CLIENT_CREDENTIALS = "xoauth2_client_credentials"
    XOAUTH2_REFRESH_TOKEN = "xoauth2_refresh_token"  # noqa: S105


class MailboxTls(StrEnum):
    """How the connection to a mailbox is protected. NONE is for a server on this machine only."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class OutgoingState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


raw_mails = Table(
    "raw_mails",
    metadata,
    key_column(),
    Column("dedup_key", Text),
    Column("loop_key", Text),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    *enum_column("channel", MailChannel),
    Column("mailbox_id", UUID(as_uuid=True), ForeignKey("mailboxes.id", ondelete="RESTRICT")),
    Column("envelope_from", Text),
    Column("envelope_to", ARRAY(Text), nullable=False, server_default="{}"),
    Column("client_ip", INET),
    Column("helo", Text),
    Column("internet_message_id", Text),
    Column("sender_address", Text),
    Column("subject", Text),
    instant("received_at"),
    # NULL on a duplicate: only the first arrival holds the natural key.
    Index("raw_mails_dedup_key_key", "dedup_key", unique=True, postgresql_where=text("dedup_key IS NOT NULL")),
    Index("raw_mails_received_at_idx", "received_at"),
    Index("raw_mails_loop_key_idx", "loop_key", "received_at"),
    Index("raw_mails_sha256_idx", "sha256"),
)

mail_receipts = Table(
    "mail_receipts",
    metadata,
    key_column(),
    Column("raw_mail_id", UUID(as_uuid=True), ForeignKey("raw_mails.id", ondelete="RESTRICT"), nullable=False),
    *enum_column("outcome", ReceiptOutcome),
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT")),
    Column("message_id", UUID(as_uuid=True), ForeignKey("messages.id", ondelete="RESTRICT")),
    Column("contact_id", UUID(as_uuid=True), ForeignKey("contacts.id", ondelete="RESTRICT")),
    Column("customer_id", UUID(as_uuid=True), ForeignKey("customers.id", ondelete="RESTRICT")),
    Column("duplicate_of_id", UUID(as_uuid=True), ForeignKey("raw_mails.id", ondelete="RESTRICT")),
    Column("findings", JSONB, nullable=False),
    instant("created_at"),
    Index("mail_receipts_raw_mail_id_idx", "raw_mail_id", "created_at"),
    Index("mail_receipts_ticket_id_idx", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
    Index("mail_receipts_outcome_idx", "outcome", "created_at"),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    key_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    *enum_column("tls", MailboxTls),
    Column("username", Text, nullable=False),
    *enum_column("auth", MailboxAuth),
    Column("secret_encrypted", Text, nullable=False),
    Column("token_url", Text),
    Column("client_id", Text),
    Column("scope", Text),
    Column("folders", ARRAY(Text), nullable=False),
    Column("authserv_id", Text),
    Column("is_enabled", Boolean, nullable=False, server_default=text("true")),
    instant("last_success_at", nullable=True),
    instant("failing_since", nullable=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    # One alert an episode: set when the failing mailbox was reported, cleared when it recovers.
    instant("failure_reported_at", nullable=True),
    Column("needs_authorization", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
)

mailbox_cursors = Table(
    "mailbox_cursors",
    metadata,
    Column("mailbox_id", UUID(as_uuid=True), ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    instant("updated_at"),
)

outgoing_mails = Table(
    "outgoing_mails",
    metadata,
    key_column(),
    Column("internet_message_id", Text, nullable=False, unique=True),
    Column("ticket_id", UUID(as_uuid=True), ForeignKey("tickets.id", ondelete="RESTRICT")),
    Column("message_id", UUID(as_uuid=True), ForeignKey("messages.id", ondelete="RESTRICT")),
    Column("recipient", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", Text, nullable=False),
    *enum_column("state", OutgoingState),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("next_attempt_at"),
    Column("lease_token", UUID(as_uuid=True)),
    instant("leased_until", nullable=True),
    Column("last_error", Text),
    instant("created_at"),
    instant("sent_at", nullable=True),
    Index("outgoing_mails_due_idx", "next_attempt_at", postgresql_where=text("state = 'queued'")),
    Index("outgoing_mails_ticket_id_idx", "ticket_id"),
    Index("outgoing_mails_recipient_idx", "recipient", "created_at"),
)

trusted_senders = Table(
    "trusted_senders",
    metadata,
    # A staff address whose mails are taken in without proof, because someone of the desk said so.
    Column("address", Text, primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
    instant("created_at"),
    CheckConstraint("address = lower(address)", name="address_lower"),
    info=IGNORE_CONFLICT,
)
