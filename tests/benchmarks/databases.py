"""Databases to measure on."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import asyncpg

from core.clock import SystemClock
from core.database.engine import Database
from migrations.run import migrate


async def make_database(server_url: str, name: str) -> str:
    """The URL of a fresh, migrated database on the server."""
    connection = await asyncpg.connect(server_url)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    database = Database(url, SystemClock())
    await migrate(database, audit_retention_months=84)
    await database.aclose()
    return url
