"""The first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_number_seq START 1001")
    op.create_table(
        "audit_log",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("user_email", sa.Text(), nullable=True),
        sa.Column("user_role", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.CheckConstraint("action IN ('CREATE', 'READ', 'UPDATE', 'DELETE')", name=op.f("audit_log_action_check")),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("audit_log_pkey")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("audit_log_entity_idx", "audit_log", ["entity_type", "entity_id"], unique=False)
    op.create_index(
        "audit_log_user_idx", "audit_log", ["user_id"], unique=False, postgresql_where="user_id IS NOT NULL"
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("uid", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("employee_count", sa.Integer(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_triage", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'prospect', 'churned')", name=op.f("customers_status_check")
        ),
        sa.CheckConstraint("tier IN ('A', 'B', 'C')", name=op.f("customers_tier_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("customers_name_length_check")),
        sa.CheckConstraint("employee_count >= 0", name=op.f("customers_employee_count_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("customers_pkey")),
    )
    op.create_index(
        "customers_name_key",
        "customers",
        [sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "customers_status_idx", "customers", ["status"], unique=False, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "customers_tier_idx", "customers", ["tier"], unique=False, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "customers_triage_key", "customers", ["is_triage"], unique=True, postgresql_where=sa.text("is_triage")
    )
    op.create_index(
        "customers_uid_idx", "customers", ["uid"], unique=False, postgresql_where=sa.text("uid IS NOT NULL")
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("inbox_pkey")),
    )
    op.create_index("inbox_processed_at_idx", "inbox", ["processed_at"], unique=False)
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tls", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("secret_encrypted", sa.Text(), nullable=False),
        sa.Column("token_url", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("folders", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("authserv_id", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failure_reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs_authorization", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "auth IN ('password', 'xoauth2_client_credentials', 'xoauth2_refresh_token')",
            name=op.f("mailboxes_auth_check"),
        ),
        sa.CheckConstraint("tls IN ('tls', 'starttls', 'none')", name=op.f("mailboxes_tls_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("mailboxes_pkey")),
        sa.UniqueConstraint("name", name=op.f("mailboxes_name_key")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
    )
    op.create_index("outbox_pending_idx", "outbox", ["position"], unique=False, postgresql_where="published_at IS NULL")
    op.create_index(
        "outbox_published_at_idx", "outbox", ["published_at"], unique=False, postgresql_where="published_at IS NOT NULL"
    )
    op.create_table(
        "queued_deliveries",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("queue", "event_id", name=op.f("queued_deliveries_pkey")),
    )
    op.create_index(
        "queued_deliveries_dead_idx",
        "queued_deliveries",
        ["queue", "dead_at"],
        unique=False,
        postgresql_where="dead_at IS NOT NULL",
    )
    op.create_index(
        "queued_deliveries_ready_idx",
        "queued_deliveries",
        ["queue", "available_at"],
        unique=False,
        postgresql_where="dead_at IS NULL",
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("private_key_encrypted", sa.Text(), nullable=False),
        sa.Column("public_key_pem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("signing_keys_pkey")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_technical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_billing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notify_ticket_created", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notify_ticket_resolved", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notify_invoice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("language", sa.Text(), server_default="de", nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounce_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "email IS NULL OR (email = lower(email) AND position('@' in email) > 1)",
            name=op.f("contacts_email_format_check"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("contacts_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("contacts_pkey")),
    )
    op.create_index(
        "contacts_customer_id_idx",
        "contacts",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "contacts_email_key",
        "contacts",
        ["email"],
        unique=True,
        postgresql_where=sa.text("email IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_table(
        "customer_domains",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("domain = lower(domain)", name=op.f("customer_domains_domain_lower_check")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("customer_domains_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("customer_domains_pkey")),
    )
    op.create_index("customer_domains_customer_id_idx", "customer_domains", ["customer_id"], unique=False)
    op.create_index("customer_domains_domain_key", "customer_domains", ["domain"], unique=True)
    op.create_table(
        "mailbox_cursors",
        sa.Column("mailbox_id", sa.UUID(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("mailbox_cursors_mailbox_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "folder", name=op.f("mailbox_cursors_pkey")),
    )
    op.create_table(
        "raw_mails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=True),
        sa.Column("loop_key", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("mailbox_id", sa.UUID(), nullable=True),
        sa.Column("envelope_from", sa.Text(), nullable=True),
        sa.Column("envelope_to", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("client_ip", postgresql.INET(), nullable=True),
        sa.Column("helo", sa.Text(), nullable=True),
        sa.Column("internet_message_id", sa.Text(), nullable=True),
        sa.Column("sender_address", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "channel IN ('smtp', 'lmtp', 'imap', 'pipe', 'import')", name=op.f("raw_mails_channel_check")
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("raw_mails_mailbox_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("raw_mails_pkey")),
    )
    op.create_index(
        "raw_mails_dedup_key_key",
        "raw_mails",
        ["dedup_key"],
        unique=True,
        postgresql_where=sa.text("dedup_key IS NOT NULL"),
    )
    op.create_index("raw_mails_received_at_idx", "raw_mails", ["received_at"], unique=False)
    op.create_index("raw_mails_loop_key_idx", "raw_mails", ["loop_key", "received_at"], unique=False)
    op.create_index("raw_mails_sha256_idx", "raw_mails", ["sha256"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("language", sa.Text(), server_default="de", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="Europe/Vienna", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_ip", postgresql.INET(), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_login_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('system_admin', 'tenant_admin', 'security_admin', 'service_manager', 'technician_l3', 'technician_l2', 'technician_l1', 'account_manager', 'project_manager', 'billing_manager', 'customer_admin', 'customer_technician', 'customer_user')",
            name=op.f("users_role_check"),
        ),
        sa.CheckConstraint(
            "starts_with(role, 'customer_') = (customer_id IS NOT NULL)", name=op.f("users_customer_of_role_check")
        ),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("users_email_length_check")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("users_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
    )
    op.create_index(
        "users_customer_id_idx",
        "users",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "users_email_key",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("users_role_idx", "users", ["role"], unique=False, postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_table(
        "tickets",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("assigned_to", sa.UUID(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_reference", sa.Text(), nullable=True),
        sa.Column("merged_into_id", sa.UUID(), nullable=True),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('german', title) || to_tsvector('english', title)", persisted=True),
            nullable=True,
        ),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high', 'critical')", name=op.f("tickets_priority_check")),
        sa.CheckConstraint(
            "source IN ('email', 'portal', 'phone', 'rmm_alert', 'api', 'teams', 'slack', 'console')",
            name=op.f("tickets_source_check"),
        ),
        sa.CheckConstraint(
            "status IN ('new', 'assigned', 'in_progress', 'waiting_customer', 'resolved', 'closed')",
            name=op.f("tickets_status_check"),
        ),
        sa.CheckConstraint("char_length(title) <= 200", name=op.f("tickets_title_length_check")),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("tickets_merged_into_other_check")),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["users.id"], name=op.f("tickets_assigned_to_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("tickets_contact_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("tickets_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["tickets.id"], name=op.f("tickets_merged_into_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("tickets_pkey")),
        sa.UniqueConstraint("number", name=op.f("tickets_number_key")),
    )
    op.create_index(
        "tickets_assigned_to_idx",
        "tickets",
        ["assigned_to"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"),
    )
    op.create_index(
        "tickets_contact_id_idx",
        "tickets",
        ["contact_id"],
        unique=False,
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index(
        "tickets_created_at_idx",
        "tickets",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "tickets_customer_id_idx",
        "tickets",
        ["customer_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "tickets_merged_into_id_idx",
        "tickets",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index(
        "tickets_open_idx",
        "tickets",
        ["customer_id", "priority"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"),
    )
    op.create_index("tickets_search_idx", "tickets", ["search_vector"], unique=False, postgresql_using="gin")
    op.create_index("tickets_tags_idx", "tickets", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("char_length(key) <= 200", name=op.f("idempotency_keys_key_length_check")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("idempotency_keys_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("idempotency_keys_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index("idempotency_keys_created_at_idx", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_inbound", sa.Boolean(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("author_user_id", sa.UUID(), nullable=True),
        sa.Column("author_contact_id", sa.UUID(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("author_address", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quoted", sa.Text(), server_default="", nullable=False),
        sa.Column("signature", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("internet_message_id", sa.Text(), nullable=True),
        sa.Column("raw_mail_id", sa.UUID(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('german', left(text, 100000)) || to_tsvector('english', left(text, 100000))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint("kind IN ('public', 'note', 'system')", name=op.f("messages_kind_check")),
        sa.CheckConstraint(
            "source IN ('email', 'portal', 'phone', 'rmm_alert', 'api', 'teams', 'slack', 'console')",
            name=op.f("messages_source_check"),
        ),
        sa.ForeignKeyConstraint(
            ["author_contact_id"], ["contacts.id"], name=op.f("messages_author_contact_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["users.id"], name=op.f("messages_author_user_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["raw_mail_id"], ["raw_mails.id"], name=op.f("messages_raw_mail_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("messages_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("messages_pkey")),
    )
    op.create_index("messages_internet_message_id_idx", "messages", ["internet_message_id"], unique=False)
    op.create_index(
        "messages_raw_mail_id_key",
        "messages",
        ["raw_mail_id"],
        unique=True,
        postgresql_where=sa.text("raw_mail_id IS NOT NULL"),
    )
    op.create_index("messages_search_idx", "messages", ["search_vector"], unique=False, postgresql_using="gin")
    op.create_index("messages_ticket_id_idx", "messages", ["ticket_id", "created_at"], unique=False)
    op.create_table(
        "thread_ids",
        sa.Column("internet_message_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("strength", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("strength IN ('strong', 'weak')", name=op.f("thread_ids_strength_check")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("thread_ids_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("internet_message_id", "ticket_id", name=op.f("thread_ids_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_index("thread_ids_ticket_id_idx", "thread_ids", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_links",
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("other_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('follow_up', 'related')", name=op.f("ticket_links_kind_check")),
        sa.CheckConstraint("ticket_id <> other_id", name=op.f("ticket_links_not_itself_check")),
        sa.ForeignKeyConstraint(
            ["other_id"], ["tickets.id"], name=op.f("ticket_links_other_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("ticket_links_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", name=op.f("ticket_links_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_index("ticket_links_other_id_idx", "ticket_links", ["other_id"], unique=False)
    op.create_table(
        "ticket_participants",
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('requester', 'copied')", name=op.f("ticket_participants_kind_check")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("ticket_participants_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "address", name=op.f("ticket_participants_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("is_inline", sa.Boolean(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column("set_aside", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("attachments_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("attachments_pkey")),
    )
    op.create_index("attachments_message_id_idx", "attachments", ["message_id", "position"], unique=False)
    op.create_index("attachments_sha256_idx", "attachments", ["sha256"], unique=False)
    op.create_table(
        "mail_receipts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("raw_mail_id", sa.UUID(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=True),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("duplicate_of_id", sa.UUID(), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('ticket_opened', 'reply_added', 'duplicate', 'bounce_recorded', 'automatic_filed', 'parked', 'quarantined', 'failed')",
            name=op.f("mail_receipts_outcome_check"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("mail_receipts_contact_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("mail_receipts_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of_id"], ["raw_mails.id"], name=op.f("mail_receipts_duplicate_of_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("mail_receipts_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["raw_mail_id"], ["raw_mails.id"], name=op.f("mail_receipts_raw_mail_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("mail_receipts_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("mail_receipts_pkey")),
    )
    op.create_index("mail_receipts_outcome_idx", "mail_receipts", ["outcome", "created_at"], unique=False)
    op.create_index("mail_receipts_raw_mail_id_idx", "mail_receipts", ["raw_mail_id", "created_at"], unique=False)
    op.create_index(
        "mail_receipts_ticket_id_idx",
        "mail_receipts",
        ["ticket_id"],
        unique=False,
        postgresql_where=sa.text("ticket_id IS NOT NULL"),
    )
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("internet_message_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=True),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("envelope_from", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f("outgoing_mails_state_check")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("outgoing_mails_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("outgoing_mails_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("outgoing_mails_pkey")),
        sa.UniqueConstraint("internet_message_id", name=op.f("outgoing_mails_internet_message_id_key")),
    )
    op.create_index(
        "outgoing_mails_due_idx",
        "outgoing_mails",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("outgoing_mails_ticket_id_idx", "outgoing_mails", ["ticket_id"], unique=False)
    op.create_index("outgoing_mails_recipient_idx", "outgoing_mails", ["recipient", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("outgoing_mails_recipient_idx", table_name="outgoing_mails")
    op.drop_index("outgoing_mails_ticket_id_idx", table_name="outgoing_mails")
    op.drop_index("outgoing_mails_due_idx", table_name="outgoing_mails", postgresql_where=sa.text("state = 'queued'"))
    op.drop_table("outgoing_mails")
    op.drop_index(
        "mail_receipts_ticket_id_idx", table_name="mail_receipts", postgresql_where=sa.text("ticket_id IS NOT NULL")
    )
    op.drop_index("mail_receipts_raw_mail_id_idx", table_name="mail_receipts")
    op.drop_index("mail_receipts_outcome_idx", table_name="mail_receipts")
    op.drop_table("mail_receipts")
    op.drop_index("attachments_sha256_idx", table_name="attachments")
    op.drop_index("attachments_message_id_idx", table_name="attachments")
    op.drop_table("attachments")
    op.drop_table("ticket_participants")
    op.drop_index("ticket_links_other_id_idx", table_name="ticket_links")
    op.drop_table("ticket_links")
    op.drop_index("thread_ids_ticket_id_idx", table_name="thread_ids")
    op.drop_table("thread_ids")
    op.drop_index("messages_ticket_id_idx", table_name="messages")
    op.drop_index("messages_search_idx", table_name="messages", postgresql_using="gin")
    op.drop_index(
        "messages_raw_mail_id_key", table_name="messages", postgresql_where=sa.text("raw_mail_id IS NOT NULL")
    )
    op.drop_index("messages_internet_message_id_idx", table_name="messages")
    op.drop_table("messages")
    op.drop_index("idempotency_keys_created_at_idx", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("tickets_tags_idx", table_name="tickets", postgresql_using="gin")
    op.drop_index("tickets_search_idx", table_name="tickets", postgresql_using="gin")
    op.drop_index(
        "tickets_open_idx",
        table_name="tickets",
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"),
    )
    op.drop_index(
        "tickets_merged_into_id_idx", table_name="tickets", postgresql_where=sa.text("merged_into_id IS NOT NULL")
    )
    op.drop_index("tickets_customer_id_idx", table_name="tickets", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("tickets_created_at_idx", table_name="tickets", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("tickets_contact_id_idx", table_name="tickets", postgresql_where=sa.text("contact_id IS NOT NULL"))
    op.drop_index(
        "tickets_assigned_to_idx",
        table_name="tickets",
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"),
    )
    op.drop_table("tickets")
    op.drop_index("users_role_idx", table_name="users", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("users_email_key", table_name="users", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("users_customer_id_idx", table_name="users", postgresql_where=sa.text("customer_id IS NOT NULL"))
    op.drop_table("users")
    op.drop_index("raw_mails_sha256_idx", table_name="raw_mails")
    op.drop_index("raw_mails_loop_key_idx", table_name="raw_mails")
    op.drop_index("raw_mails_received_at_idx", table_name="raw_mails")
    op.drop_index("raw_mails_dedup_key_key", table_name="raw_mails", postgresql_where=sa.text("dedup_key IS NOT NULL"))
    op.drop_table("raw_mails")
    op.drop_table("mailbox_cursors")
    op.drop_index("customer_domains_domain_key", table_name="customer_domains")
    op.drop_index("customer_domains_customer_id_idx", table_name="customer_domains")
    op.drop_table("customer_domains")
    op.drop_index(
        "contacts_email_key",
        table_name="contacts",
        postgresql_where=sa.text("email IS NOT NULL AND deleted_at IS NULL"),
    )
    op.drop_index("contacts_customer_id_idx", table_name="contacts", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("contacts")
    op.drop_table("signing_keys")
    op.drop_index("queued_deliveries_ready_idx", table_name="queued_deliveries", postgresql_where="dead_at IS NULL")
    op.drop_index("queued_deliveries_dead_idx", table_name="queued_deliveries", postgresql_where="dead_at IS NOT NULL")
    op.drop_table("queued_deliveries")
    op.drop_index("outbox_published_at_idx", table_name="outbox", postgresql_where="published_at IS NOT NULL")
    op.drop_index("outbox_pending_idx", table_name="outbox", postgresql_where="published_at IS NULL")
    op.drop_table("outbox")
    op.drop_table("mailboxes")
    op.drop_index("inbox_processed_at_idx", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("customers_uid_idx", table_name="customers", postgresql_where=sa.text("uid IS NOT NULL"))
    op.drop_index("customers_triage_key", table_name="customers", postgresql_where=sa.text("is_triage"))
    op.drop_index("customers_tier_idx", table_name="customers", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("customers_status_idx", table_name="customers", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("customers_name_key", table_name="customers", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_table("customers")
    op.drop_index("audit_log_user_idx", table_name="audit_log", postgresql_where="user_id IS NOT NULL")
    op.drop_index("audit_log_entity_idx", table_name="audit_log")
    op.drop_table("audit_log")
    op.execute("DROP SEQUENCE ticket_number_seq")
