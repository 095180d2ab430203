"""Fixtures of the tests of chat out."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.database.engine import Database
from tests.integration.core.chat.world import ChatWorld
from tests.integration.notifier.desk import TurnedClock


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def turned(database_url: str, clock: TurnedClock) -> AsyncIterator[Database]:
    """The database at the time of `clock`."""
    opened = Database(database_url, clock)
    yield opened
    await opened.aclose()


@pytest.fixture
def world(turned: Database) -> ChatWorld:
    return ChatWorld(turned)
