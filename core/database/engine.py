"""The connection to PostgreSQL and the units of work on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.actor import Actor
from core.clock import Clock
from core.database.constraints import domain_error_of
from core.database.unit_of_work import UnitOfWork
from core.errors import Misconfigured, Unavailable

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30.0

PLANNING = {"jit": "off", "random_page_cost": "1.1"}
"""Our queries are short and our disks solid: compiling costs more than it saves, and an index is worth following."""


class Database:
    """A pool of connections. One instance a process; `aclose` it at the end."""

    def __init__(self, url: str, clock: Clock, *, pool_size: int = 10) -> None:
        self.url = url
        self.clock = clock
        self.engine: AsyncEngine = create_async_engine(
            _driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_use_lifo=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": STATEMENT_SECONDS,
                "server_settings": {"application_name": "psa", "timezone": "UTC", **PLANNING},
            },
        )

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[UnitOfWork]:
        """A fresh unit of work: commits when the block ends, rolls back when it raises.

        Raises the domain error of a violated constraint, Unavailable where the database is away, and AlreadyDone if the
        actor acts on something that had its effect before.
        """
        with translated_errors():
            async with self.engine.begin() as connection:
                work = UnitOfWork(connection, self.clock.now(), actor)
                if actor.origin is not None:
                    await work.claim_origin(actor.origin)
                yield work
                await work.flush()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, outside of any use case; nothing it does is committed."""
        with translated_errors():
            async with self.engine.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        async with self.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def aclose(self) -> None:
        await self.engine.dispose()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns the driver's errors into the product's, by the table in `core.database.constraints`."""
    try:
        yield
    except (InterfaceError, PoolTimeout, OSError, TimeoutError) as error:
        raise Unavailable("The database is away.") from error
    except DBAPIError as error:
        meant = domain_error_of(error)
        if meant is None:
            raise
        raise meant.with_traceback(None) from error


def _driver_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise Misconfigured(f"PSA_DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}://.")
    try:
        _ = parts.port
    except ValueError as error:
        raise Misconfigured(f"PSA_DATABASE_URL: {error}.") from error
    return parts._replace(scheme="postgresql+asyncpg").geturl()
