"""Runs migrations on the connection that `core.database.migrate` (or a test) hands over."""

from __future__ import annotations

from alembic import context

from migrations.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
