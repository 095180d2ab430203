from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.reception import Reception, reception, settings_for


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Reception]:
    """The ways in, on a fresh database."""
    async with reception(settings_for(database_url, tmp_path)) as opened:
        yield opened
