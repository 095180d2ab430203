"""Brings a database to a revision of the schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from core.actor import SYSTEM
from core.audit.partitions import ensure_audit_partitions
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database

LOCK_KEY = 0x5053_4D31
"""Advisory lock: replicas that start together migrate once."""


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    command.upgrade(alembic_config(connection), revision)


def downgrade(connection: Connection, revision: str = "base") -> None:
    command.downgrade(alembic_config(connection), revision)


async def migrate(database: Database, *, audit_retention_months: int) -> None:
    """Bring the schema to the newest revision, with audit partitions and triage customer; a no-op where it is.

    Raises Unavailable where the database is away.
    """
    async with database.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        await connection.commit()
        try:
            await connection.run_sync(upgrade)
            await connection.commit()
            async with database.begin(SYSTEM) as work:
                await ensure_audit_partitions(work, retention_months=audit_retention_months)
                await ensure_triage_customer(work)
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
            await connection.commit()
