from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.bot.console.desk import ConsoleDesk, open_desk


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[ConsoleDesk]:
    """The console at work, on a fresh database."""
    async with open_desk(database_url, tmp_path) as opened:
        yield opened
