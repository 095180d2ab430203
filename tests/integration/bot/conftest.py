from __future__ import annotations

import pytest

from core.database.engine import Database
from tests.integration.bot.chat import Chat, make_chat
from tests.integration.core.tickets.desk import make_desk


@pytest.fixture
async def chat(database: Database) -> Chat:
    return make_chat(await make_desk(database))
