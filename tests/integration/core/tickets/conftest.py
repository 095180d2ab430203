"""A desk for each test."""

from __future__ import annotations

import pytest

from core.database.engine import Database
from tests.integration.core.tickets.desk import Desk, make_desk


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)
