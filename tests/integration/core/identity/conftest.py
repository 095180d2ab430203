"""Fixtures of the identity tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.database.engine import Database
from core.identity.service import Users
from core.identity.tokens import AccessTokens
from core.secrets import Keyring
from tests.integration.core.identity.desk import Desk, ManualClock


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(b"k" * 32)


@pytest.fixture
async def desk(database_url: str, keyring: Keyring) -> AsyncIterator[Desk]:
    clock = ManualClock()
    database = Database(database_url, clock)
    tokens = AccessTokens(database, keyring)
    yield Desk(clock, database, tokens, Users(database, tokens))
    await database.aclose()
