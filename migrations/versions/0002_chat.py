"""Chat: accounts, conversations, arrivals, cards and deliveries; sessions, watchers, revisions, reply drafts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

OUTCOMES = (
    "outcome IN ('ticket_opened', 'reply_added', 'duplicate', 'bounce_recorded', 'automatic_filed', 'parked', "
    "'quarantined', %s'failed')"
)

PRIORITY_RANK = "array_position(ARRAY['low', 'medium', 'high', 'critical'], priority)"


def upgrade() -> None:
    op.create_table(
        "chat_arrivals",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("chat_arrivals_state_check")),
        sa.CheckConstraint("surface IN ('teams', 'slack', 'console')", name=op.f("chat_arrivals_surface_check")),
        sa.CheckConstraint("char_length(natural_key) <= 300", name=op.f("chat_arrivals_natural_key_length_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("chat_arrivals_pkey")),
    )
    op.create_index(
        "chat_arrivals_done_at_idx",
        "chat_arrivals",
        ["done_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "chat_arrivals_due_idx",
        "chat_arrivals",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("chat_arrivals_natural_key", "chat_arrivals", ["surface", "natural_key"], unique=True)
    op.create_table(
        "chat_accounts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("linked_by", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrong_codes_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "linked_by IN ('directory', 'address', 'code', 'channel')", name=op.f("chat_accounts_linked_by_check")
        ),
        sa.CheckConstraint("surface IN ('teams', 'slack', 'console')", name=op.f("chat_accounts_surface_check")),
        sa.CheckConstraint(
            "(user_id IS NULL AND contact_id IS NULL) = (linked_by IS NULL)", name=op.f("chat_accounts_linked_check")
        ),
        sa.CheckConstraint("user_id IS NULL OR contact_id IS NULL", name=op.f("chat_accounts_one_person_check")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("chat_accounts_contact_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("chat_accounts_user_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("chat_accounts_pkey")),
    )
    op.create_index("chat_accounts_account_key", "chat_accounts", ["surface", "tenant", "account"], unique=True)
    op.create_index(
        "chat_accounts_contact_id_idx",
        "chat_accounts",
        ["contact_id"],
        unique=False,
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index(
        "chat_accounts_user_id_idx",
        "chat_accounts",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "link_codes",
        sa.Column("code_digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("link_codes_user_id_fkey"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("link_codes_pkey")),
    )
    op.create_index("link_codes_user_id_idx", "link_codes", ["user_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("sessions_user_id_fkey"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("sessions_pkey")),
    )
    op.create_index("sessions_expires_at_idx", "sessions", ["expires_at"], unique=False)
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"], unique=False)
    op.create_table(
        "trusted_senders",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("address = lower(address)", name=op.f("trusted_senders_address_lower_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("trusted_senders_user_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("trusted_senders_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_table(
        "chat_conversations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("language", sa.Text(), server_default="de", nullable=False),
        sa.Column("reference", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("budget_full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("long_budget_full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(purpose = 'customer') = (customer_id IS NOT NULL)",
            name=op.f("chat_conversations_customer_of_purpose_check"),
        ),
        sa.CheckConstraint(
            "account_id IS NULL OR kind = 'personal'", name=op.f("chat_conversations_account_of_kind_check")
        ),
        sa.CheckConstraint("kind IN ('personal', 'group', 'channel')", name=op.f("chat_conversations_kind_check")),
        sa.CheckConstraint(
            "purpose IN ('talk', 'triage', 'managers', 'customer')", name=op.f("chat_conversations_purpose_check")
        ),
        sa.CheckConstraint("surface IN ('teams', 'slack', 'console')", name=op.f("chat_conversations_surface_check")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["chat_accounts.id"], name=op.f("chat_conversations_account_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("chat_conversations_customer_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("chat_conversations_pkey")),
    )
    op.create_index(
        "chat_conversations_account_id_idx",
        "chat_conversations",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        "chat_conversations_customer_id_idx",
        "chat_conversations",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "chat_conversations_external_key", "chat_conversations", ["surface", "tenant", "external_id"], unique=True
    )
    op.create_index(
        "chat_conversations_purpose_idx",
        "chat_conversations",
        ["purpose"],
        unique=False,
        postgresql_where=sa.text("dropped_at IS NULL"),
    )
    op.create_table(
        "ticket_watchers",
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("ticket_watchers_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("ticket_watchers_user_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("ticket_watchers_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_index("ticket_watchers_user_id_idx", "ticket_watchers", ["user_id"], unique=False)
    op.create_table(
        "chat_messages",
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("is_origin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["chat_conversations.id"],
            name=op.f("chat_messages_conversation_id_fkey"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("chat_messages_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "external_id", name=op.f("chat_messages_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_index("chat_messages_message_id_idx", "chat_messages", ["message_id"], unique=False)
    op.create_table(
        "message_revisions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_deletion", sa.Boolean(), nullable=False),
        sa.Column("author_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["users.id"], name=op.f("message_revisions_author_user_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("message_revisions_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("message_revisions_pkey")),
    )
    op.create_index("message_revisions_message_id_idx", "message_revisions", ["message_id", "created_at"], unique=False)
    op.create_table(
        "posted_cards",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=True),
        sa.Column("drawn_digest", sa.Text(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["chat_conversations.id"],
            name=op.f("posted_cards_conversation_id_fkey"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("posted_cards_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("posted_cards_user_id_fkey"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("posted_cards_pkey")),
    )
    op.create_index(
        "posted_cards_external_key",
        "posted_cards",
        ["conversation_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index(
        "posted_cards_ticket_id_idx",
        "posted_cards",
        ["ticket_id"],
        unique=False,
        postgresql_where=sa.text("ticket_id IS NOT NULL"),
    )
    op.create_table(
        "reply_drafts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("reply_drafts_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("reply_drafts_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("reply_drafts_user_id_fkey"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("reply_drafts_pkey")),
    )
    op.create_index("reply_drafts_ticket_id_idx", "reply_drafts", ["ticket_id"], unique=False)
    op.create_index(
        "reply_drafts_user_id_idx",
        "reply_drafts",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "chat_deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("under_card_id", sa.UUID(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=True),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("coalesce_key", sa.Text(), nullable=True),
        sa.Column("wanted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_uncertain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind = 'delete' OR card_id IS NOT NULL OR content IS NOT NULL",
            name=op.f("chat_deliveries_says_something_check"),
        ),
        sa.CheckConstraint("kind IN ('post', 'update', 'delete')", name=op.f("chat_deliveries_kind_check")),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'dropped')", name=op.f("chat_deliveries_state_check")
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["posted_cards.id"], name=op.f("chat_deliveries_card_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["chat_conversations.id"],
            name=op.f("chat_deliveries_conversation_id_fkey"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("chat_deliveries_message_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("chat_deliveries_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["under_card_id"], ["posted_cards.id"], name=op.f("chat_deliveries_under_card_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("chat_deliveries_pkey")),
    )
    op.create_index(
        "chat_deliveries_coalesce_key",
        "chat_deliveries",
        ["coalesce_key"],
        unique=True,
        postgresql_where=sa.text("state = 'queued' AND coalesce_key IS NOT NULL"),
    )
    op.create_index(
        "chat_deliveries_conversation_id_idx",
        "chat_deliveries",
        ["conversation_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "chat_deliveries_due_idx",
        "chat_deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("chat_deliveries_state_idx", "chat_deliveries", ["state", "created_at"], unique=False)
    op.create_index(
        "chat_deliveries_ticket_id_idx",
        "chat_deliveries",
        ["ticket_id"],
        unique=False,
        postgresql_where=sa.text("ticket_id IS NOT NULL"),
    )
    op.create_table(
        "chat_budgets",
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("surface IN ('teams', 'slack', 'console')", name=op.f("chat_budgets_surface_check")),
        sa.PrimaryKeyConstraint("surface", "tenant", "name", name=op.f("chat_budgets_pkey")),
    )
    op.create_table(
        "console_entries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("card_id", sa.UUID(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(said, card_id, content) = 1", name=op.f("console_entries_one_thing_check")),
        sa.ForeignKeyConstraint(
            ["card_id"], ["posted_cards.id"], name=op.f("console_entries_card_id_fkey"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["chat_conversations.id"],
            name=op.f("console_entries_conversation_id_fkey"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("console_entries_pkey")),
    )
    op.create_index(
        "console_entries_card_id_idx",
        "console_entries",
        ["card_id"],
        unique=False,
        postgresql_where=sa.text("card_id IS NOT NULL"),
    )
    op.create_index(
        "console_entries_conversation_id_idx",
        "console_entries",
        ["conversation_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "console_entries_said_key",
        "console_entries",
        ["conversation_id", "key"],
        unique=True,
        postgresql_where=sa.text("said IS NOT NULL AND key IS NOT NULL"),
    )
    op.create_table(
        "posted_card_tickets",
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["posted_cards.id"], name=op.f("posted_card_tickets_card_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("posted_card_tickets_ticket_id_fkey"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("card_id", "ticket_id", name=op.f("posted_card_tickets_pkey")),
        info={"on_conflict": "ignore"},
    )
    op.create_index("posted_card_tickets_ticket_id_idx", "posted_card_tickets", ["ticket_id"], unique=False)
    op.add_column("messages", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "tickets_source_reference_idx",
        "tickets",
        ["source_reference"],
        unique=False,
        postgresql_where=sa.text("source_reference IS NOT NULL"),
    )
    op.create_index(
        "tickets_queue_idx",
        "tickets",
        [sa.literal_column(f"({PRIORITY_RANK})"), sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed') AND deleted_at IS NULL"),
    )
    op.add_column("users", sa.Column("directory_id", sa.Text(), nullable=True))
    op.create_index(
        "users_directory_id_key",
        "users",
        ["directory_id"],
        unique=True,
        postgresql_where=sa.text("directory_id IS NOT NULL AND deleted_at IS NULL"),
    )
    _replace_outcomes(OUTCOMES % "'rejected', ")


def downgrade() -> None:
    op.execute("UPDATE mail_receipts SET outcome = 'parked' WHERE outcome = 'rejected'")
    _replace_outcomes(OUTCOMES % "")

    op.drop_index(
        "users_directory_id_key",
        table_name="users",
        postgresql_where=sa.text("directory_id IS NOT NULL AND deleted_at IS NULL"),
    )
    op.drop_column("users", "directory_id")
    op.drop_index("tickets_queue_idx", table_name="tickets")
    op.drop_index(
        "tickets_source_reference_idx", table_name="tickets", postgresql_where=sa.text("source_reference IS NOT NULL")
    )
    op.drop_column("messages", "deleted_at")
    op.drop_column("messages", "edited_at")
    op.drop_index("posted_card_tickets_ticket_id_idx", table_name="posted_card_tickets")
    op.drop_table("posted_card_tickets")
    op.drop_index(
        "console_entries_said_key",
        table_name="console_entries",
        postgresql_where=sa.text("said IS NOT NULL AND key IS NOT NULL"),
    )
    op.drop_index("console_entries_conversation_id_idx", table_name="console_entries")
    op.drop_index(
        "console_entries_card_id_idx", table_name="console_entries", postgresql_where=sa.text("card_id IS NOT NULL")
    )
    op.drop_table("console_entries")
    op.drop_index(
        "chat_deliveries_ticket_id_idx", table_name="chat_deliveries", postgresql_where=sa.text("ticket_id IS NOT NULL")
    )
    op.drop_index("chat_deliveries_state_idx", table_name="chat_deliveries")
    op.drop_index("chat_deliveries_due_idx", table_name="chat_deliveries", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index(
        "chat_deliveries_conversation_id_idx",
        table_name="chat_deliveries",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(
        "chat_deliveries_coalesce_key",
        table_name="chat_deliveries",
        postgresql_where=sa.text("state = 'queued' AND coalesce_key IS NOT NULL"),
    )
    op.drop_table("chat_deliveries")
    op.drop_table("chat_budgets")
    op.drop_index("reply_drafts_user_id_idx", table_name="reply_drafts", postgresql_where=sa.text("settled_at IS NULL"))
    op.drop_index("reply_drafts_ticket_id_idx", table_name="reply_drafts")
    op.drop_table("reply_drafts")
    op.drop_index(
        "posted_cards_ticket_id_idx", table_name="posted_cards", postgresql_where=sa.text("ticket_id IS NOT NULL")
    )
    op.drop_index(
        "posted_cards_external_key", table_name="posted_cards", postgresql_where=sa.text("external_id IS NOT NULL")
    )
    op.drop_table("posted_cards")
    op.drop_index("message_revisions_message_id_idx", table_name="message_revisions")
    op.drop_table("message_revisions")
    op.drop_index("chat_messages_message_id_idx", table_name="chat_messages")
    op.drop_table("chat_messages")
    op.drop_index("ticket_watchers_user_id_idx", table_name="ticket_watchers")
    op.drop_table("ticket_watchers")
    op.drop_index(
        "chat_conversations_purpose_idx",
        table_name="chat_conversations",
        postgresql_where=sa.text("dropped_at IS NULL"),
    )
    op.drop_index("chat_conversations_external_key", table_name="chat_conversations")
    op.drop_index(
        "chat_conversations_customer_id_idx",
        table_name="chat_conversations",
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.drop_index(
        "chat_conversations_account_id_idx",
        table_name="chat_conversations",
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.drop_table("chat_conversations")
    op.drop_table("trusted_senders")
    op.drop_index("sessions_user_id_idx", table_name="sessions")
    op.drop_index("sessions_expires_at_idx", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("link_codes_user_id_idx", table_name="link_codes")
    op.drop_table("link_codes")
    op.drop_index(
        "chat_accounts_user_id_idx", table_name="chat_accounts", postgresql_where=sa.text("user_id IS NOT NULL")
    )
    op.drop_index(
        "chat_accounts_contact_id_idx", table_name="chat_accounts", postgresql_where=sa.text("contact_id IS NOT NULL")
    )
    op.drop_index("chat_accounts_account_key", table_name="chat_accounts")
    op.drop_table("chat_accounts")
    op.drop_index("chat_arrivals_natural_key", table_name="chat_arrivals")
    op.drop_index("chat_arrivals_due_idx", table_name="chat_arrivals", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index(
        "chat_arrivals_done_at_idx", table_name="chat_arrivals", postgresql_where=sa.text("done_at IS NOT NULL")
    )
    op.drop_table("chat_arrivals")


def _replace_outcomes(condition: str) -> None:
    op.drop_constraint(op.f("mail_receipts_outcome_check"), "mail_receipts", type_="check")
    op.create_check_constraint(op.f("mail_receipts_outcome_check"), "mail_receipts", condition)
