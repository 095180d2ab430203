"""The schema can be built, taken back and built again, and it is what the models say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from core.database.engine import Database
from migrations.run import downgrade, upgrade
from migrations.schema import metadata


def _tables(connection: Connection) -> set[str]:
    found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return {row.tablename for row in found}


def _up_down_up(connection: Connection) -> None:
    downgrade(connection)
    assert _tables(connection) == {"alembic_version"}
    upgrade(connection)
    assert _tables(connection) >= set(metadata.tables)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection)
    return [
        difference
        for difference in compare_metadata(context, metadata)
        if not (difference[0] == "remove_table" and difference[1].name.startswith("audit_log_y"))
        and not (difference[0] == "remove_index" and difference[1].table.name.startswith("audit_log_y"))
    ]


async def test_migrations_go_up_down_and_up_again(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(_up_down_up)


async def test_the_migrated_schema_is_what_the_models_say(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
