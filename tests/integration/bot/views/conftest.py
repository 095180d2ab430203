"""The showcase, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.views.living import Views
from core.database.engine import Database
from tests.integration.bot.views.showcase import DESK_ADDRESS, PUBLIC_URL, Showcase, StoppedClock, make_showcase


@pytest.fixture
async def showcase(database_url: str) -> AsyncIterator[Showcase]:
    database = Database(database_url, StoppedClock())
    yield await make_showcase(database)
    await database.aclose()


@pytest.fixture
def views(showcase: Showcase) -> Views:
    return Views(showcase.database, public_url=PUBLIC_URL, desk_address=DESK_ADDRESS)
