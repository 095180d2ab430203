from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.slack.desk import SlackDesk, settings_for, slack_desk
from tests.services.fake_slack import FakeSlack, fake_slack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace with nobody in it."""
    async with fake_slack() as slack:
        yield slack


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, slack: FakeSlack) -> AsyncIterator[SlackDesk]:
    """The desk at work in the workspace."""
    async with slack_desk(settings_for(database_url, tmp_path, slack), slack) as desk:
        yield desk
