from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.database.engine import Database
from tests.scenario.slack.desk import SlackDesk, slack_desk
from tests.services.fake_slack import FakeSlack, fake_slack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace with nobody in it."""
    async with fake_slack() as slack:
        yield slack


@pytest.fixture
async def desk(database: Database, slack: FakeSlack) -> AsyncIterator[SlackDesk]:
    """The desk at work in the workspace."""
    async with slack_desk(database, slack) as desk:
        yield desk
