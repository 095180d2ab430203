from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.services.fake_connector import FakeConnector, fake_connector
from tests.services.npm import npm_packages

__all__ = ["npm_packages"]


@pytest.fixture
async def teams() -> AsyncIterator[FakeConnector]:
    """The far end, on a free port."""
    async with fake_connector() as fake:
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
