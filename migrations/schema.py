"""The whole schema: importing the models of every subject fills the metadata."""

from __future__ import annotations

from core.audit.model import audit_log
from core.chat.model import chat_accounts
from core.customers.model import customers
from core.database.table import metadata
from core.identity.model import users
from core.mail.model import raw_mails
from core.messaging.model import outbox
from core.tickets.model import tickets

__all__ = ["audit_log", "chat_accounts", "customers", "metadata", "outbox", "raw_mails", "tickets", "users"]
