"""Accounts, conversations, arrivals, posted cards, deliveries, and what chat messages became."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from core.chat.rules import (
    ArrivalState,
    ConversationKind,
    ConversationPurpose,
    DeliveryKind,
    DeliveryState,
    LinkedBy,
    Surface,
)
from core.database.table import IGNORE_CONFLICT, enum_column, instant, key_column, longest, metadata

DELIVERY_QUEUED = text("state = 'queued'")
ARRIVAL_WAITING = text("state = 'waiting'")


def _reference(
    name: str, target: str, *, nullable: bool = False, ondelete: str = "RESTRICT", primary_key: bool = False
) -> Column[Any]:
    return Column(
        name,
        UUID(as_uuid=True),
        ForeignKey(target, ondelete=ondelete),
        nullable=nullable and not primary_key,
        primary_key=primary_key,
    )


chat_accounts = Table(
    "chat_accounts",
    metadata,
    key_column(),
    *enum_column("surface", Surface),
    # Slack: the workspace (T…); Teams: the tenant's id; console: empty.
    Column("tenant", Text, nullable=False),
    # Slack: the user (U…); Teams: the Entra object id, never the 29:… id; console: the user's id.
    Column("account", Text, nullable=False),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("address", Text),
    _reference("user_id", "users.id", nullable=True),
    _reference("contact_id", "contacts.id", nullable=True),
    *enum_column("linked_by", LinkedBy, nullable=True),
    # Where someone took the link off: since when. Only a code links it again.
    instant("linked_at", nullable=True),
    # Codes that were none, since the first of them within the window.
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    instant("wrong_codes_since", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("user_id IS NULL OR contact_id IS NULL", name="one_person"),
    CheckConstraint("(user_id IS NULL AND contact_id IS NULL) = (linked_by IS NULL)", name="linked"),
    Index("chat_accounts_account_key", "surface", "tenant", "account", unique=True),
    Index("chat_accounts_user_id_idx", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    Index("chat_accounts_contact_id_idx", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
)

link_codes = Table(
    "link_codes",
    metadata,
    Column("code_digest", Text, primary_key=True),
    _reference("user_id", "users.id"),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    Index("link_codes_user_id_idx", "user_id"),
)

chat_conversations = Table(
    "chat_conversations",
    metadata,
    key_column(),
    *enum_column("surface", Surface),
    Column("tenant", Text, nullable=False),
    # Slack: the channel (C…, D…); Teams: the conversation without ;messageid=…; console: the user's id, or "desk".
    Column("external_id", Text, nullable=False),
    *enum_column("kind", ConversationKind),
    *enum_column("purpose", ConversationPurpose),
    Column("name", Text, nullable=False, server_default=""),
    _reference("customer_id", "customers.id", nullable=True),
    # Whose personal conversation it is.
    _reference("account_id", "chat_accounts.id", nullable=True),
    Column("language", Text, nullable=False, server_default="de"),
    # What the surface needs to write there by itself; Teams: serviceUrl, bot, tenant.
    Column("reference", JSONB, nullable=False, server_default="{}"),
    # Generic cell rate algorithm: when the budgets for the next seconds and for the hour would be full again.
    instant("budget_full_at", nullable=True),
    instant("long_budget_full_at", nullable=True),
    instant("dropped_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("(purpose = 'customer') = (customer_id IS NOT NULL)", name="customer_of_purpose"),
    CheckConstraint("account_id IS NULL OR kind = 'personal'", name="account_of_kind"),
    Index("chat_conversations_external_key", "surface", "tenant", "external_id", unique=True),
    Index("chat_conversations_purpose_idx", "purpose", postgresql_where=text("dropped_at IS NULL")),
    Index("chat_conversations_customer_id_idx", "customer_id", postgresql_where=text("customer_id IS NOT NULL")),
    Index("chat_conversations_account_id_idx", "account_id", postgresql_where=text("account_id IS NOT NULL")),
)

chat_arrivals = Table(
    "chat_arrivals",
    metadata,
    key_column(),
    *enum_column("surface", Surface),
    # Slack: event_id, trigger_id, …; Teams: the activity's id; console: the form's key. A second one is a no-op.
    Column("natural_key", Text, nullable=False),
    longest("natural_key", 300),
    Column("body", JSONB, nullable=False),
    *enum_column("state", ArrivalState),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("next_attempt_at"),
    Column("lease_token", UUID(as_uuid=True)),
    instant("leased_until", nullable=True),
    Column("last_error", Text),
    instant("received_at"),
    instant("done_at", nullable=True),
    Index("chat_arrivals_natural_key", "surface", "natural_key", unique=True),
    Index("chat_arrivals_due_idx", "next_attempt_at", postgresql_where=ARRIVAL_WAITING),
    Index("chat_arrivals_done_at_idx", "done_at", postgresql_where=text("done_at IS NOT NULL")),
)

posted_cards = Table(
    "posted_cards",
    metadata,
    key_column(),
    _reference("conversation_id", "chat_conversations.id"),
    # The surface's id of the message; NULL until it is posted.
    Column("external_id", Text),
    # The root of the thread that it stands in, if it stands in one.
    Column("thread", Text),
    # Which view it shows, of what (bot.views.living), for whom: NULL is for the conversation as a whole.
    Column("view", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    _reference("user_id", "users.id", nullable=True),
    Column("language", Text, nullable=False),
    # A ticket's own card: what is said in its thread belongs to the ticket.
    _reference("ticket_id", "tickets.id", nullable=True),
    Column("drawn_digest", Text),
    instant("drawn_at", nullable=True),
    instant("dropped_at", nullable=True),
    instant("created_at"),
    Index(
        "posted_cards_external_key",
        "conversation_id",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
    ),
    Index("posted_cards_ticket_id_idx", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
)

posted_card_tickets = Table(
    "posted_card_tickets",
    metadata,
    _reference("card_id", "posted_cards.id", ondelete="CASCADE", primary_key=True),
    _reference("ticket_id", "tickets.id", primary_key=True),
    Index("posted_card_tickets_ticket_id_idx", "ticket_id"),
    info=IGNORE_CONFLICT,
)

chat_deliveries = Table(
    "chat_deliveries",
    metadata,
    key_column(),
    _reference("conversation_id", "chat_conversations.id"),
    *enum_column("kind", DeliveryKind),
    # What is shown: a posted card's view as it is when it is sent, or `content`, a neutral card as JSON.
    _reference("card_id", "posted_cards.id", nullable=True),
    Column("content", JSONB(none_as_null=True)),
    # The root of the thread to post in, or the card under which to post, whose message is known when it is posted.
    Column("thread", Text),
    _reference("under_card_id", "posted_cards.id", nullable=True),
    # The message to update or delete where it is no posted card.
    Column("target", Text),
    # For this account's eyes only.
    Column("recipient", Text),
    # Where to go that the conversation does not know; Slack: response_url.
    Column("address", JSONB, nullable=False, server_default="{}"),
    _reference("ticket_id", "tickets.id", nullable=True),
    _reference("message_id", "messages.id", nullable=True),
    # One queued row a key: what comes while it waits raises `wanted`; the newest state is drawn when it is sent.
    Column("coalesce_key", Text),
    Column("wanted", BigInteger, nullable=False, server_default="0"),
    *enum_column("state", DeliveryState),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("next_attempt_at"),
    Column("lease_token", UUID(as_uuid=True)),
    instant("leased_until", nullable=True),
    # An attempt began whose end nobody knows: it may have arrived.
    Column("is_uncertain", Boolean, nullable=False, server_default=text("false")),
    Column("last_error", Text),
    Column("external_id", Text),
    instant("created_at"),
    instant("sent_at", nullable=True),
    CheckConstraint("kind = 'delete' OR card_id IS NOT NULL OR content IS NOT NULL", name="says_something"),
    Index(
        "chat_deliveries_coalesce_key",
        "coalesce_key",
        unique=True,
        postgresql_where=text("state = 'queued' AND coalesce_key IS NOT NULL"),
    ),
    Index("chat_deliveries_due_idx", "next_attempt_at", postgresql_where=DELIVERY_QUEUED),
    Index("chat_deliveries_conversation_id_idx", "conversation_id", "id", postgresql_where=DELIVERY_QUEUED),
    Index("chat_deliveries_ticket_id_idx", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
    Index("chat_deliveries_state_idx", "state", "created_at"),
)

chat_budgets = Table(
    "chat_budgets",
    metadata,
    # What all conversations of a tenant share; `name` is a limit in notifier.chat.budget.
    *enum_column("surface", Surface, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    instant("full_at"),
)

chat_messages = Table(
    "chat_messages",
    metadata,
    _reference("conversation_id", "chat_conversations.id", primary_key=True),
    Column("external_id", Text, primary_key=True),
    _reference("message_id", "messages.id"),
    # True: it was said there; False: we showed there what was said elsewhere.
    Column("is_origin", Boolean, nullable=False),
    instant("created_at"),
    Index("chat_messages_message_id_idx", "message_id"),
    info=IGNORE_CONFLICT,
)

console_entries = Table(
    "console_entries",
    metadata,
    # What stands in a console conversation, oldest first: what was said, a posted card, or a card that never changes.
    key_column(),
    _reference("conversation_id", "chat_conversations.id"),
    Column("said", Text),
    _reference("card_id", "posted_cards.id", nullable=True),
    Column("content", JSONB(none_as_null=True)),
    # The key of the form by which it was said, or of what it answers.
    Column("key", Text),
    instant("created_at"),
    CheckConstraint("num_nonnulls(said, card_id, content) = 1", name="one_thing"),
    Index("console_entries_conversation_id_idx", "conversation_id", "created_at", "id"),
    Index(
        "console_entries_said_key",
        "conversation_id",
        "key",
        unique=True,
        postgresql_where=text("said IS NOT NULL AND key IS NOT NULL"),
    ),
    Index("console_entries_card_id_idx", "card_id", postgresql_where=text("card_id IS NOT NULL")),
)
