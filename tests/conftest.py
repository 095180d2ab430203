"""Fixtures that every test may use: a private PostgreSQL for each test process, a fresh database for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core.clock import SystemClock
from core.database.embedded import embedded_postgres
from core.database.engine import Database
from migrations.run import migrate
from tests.services.certificates import tls_files
from tests.services.folders import open_folder, server_folder
from tests.services.postgres import stoppable_postgres
from tests.services.rabbitmq import rabbitmq
from tests.services.s3 import s3_bucket, s3_server

__all__ = ["rabbitmq", "s3_bucket", "s3_server", "server_folder", "stoppable_postgres", "tls_files"]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private PostgreSQL server with a migrated database `template_psa` to copy from."""
    with open_folder() as folder, embedded_postgres(folder / "data") as url:
        asyncio.run(_make_template(url))
        yield url


async def _make_template(url: str) -> None:
    await _admin(url, 'CREATE DATABASE "template_psa"')
    database = Database(in_database(url, "template_psa"), SystemClock())
    await migrate(database, audit_retention_months=84)
    await database.aclose()


async def _admin(url: str, statement: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def in_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return url.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    name = f"psa_{uuid4().hex}"
    await _admin(postgres_url, f'CREATE DATABASE "{name}" TEMPLATE template_psa')
    yield in_database(postgres_url, name)
    await _admin(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, connected."""
    opened = Database(database_url, SystemClock())
    yield opened
    await opened.aclose()
