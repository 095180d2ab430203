from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.services.fake_connector import FakeConnector, fake_connector


@pytest.fixture
async def teams() -> AsyncIterator[FakeConnector]:
    """The far end, on a free port."""
    async with fake_connector() as fake:
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
