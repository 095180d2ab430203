"""Fixtures for tests over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.integration.core.http.desk import Desk, running_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The small API, running."""
    async with running_desk() as running:
        yield running


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    """A client whose relative URLs lead to the small API."""
    async with aiohttp.ClientSession(desk.url) as session:
        yield session
