from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from core.database.engine import Database
from tests.integration.core.tickets.desk import Desk, make_desk
from tests.scenario.teams.surface import Member, TeamsSurface, link, settings_for, teams_surface
from tests.services.fake_connector import TENANT, FakeConnector, fake_connector


@pytest.fixture
async def fake() -> AsyncIterator[FakeConnector]:
    async with fake_connector() as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database)


@pytest.fixture
async def toni(desk: Desk, fake: FakeConnector) -> Member:
    """A technician, known by the directory."""
    member = Member("b0000000-0000-4000-8000-000000000002", "Toni Muster")
    fake.members[member.directory_id] = {"email": "toni@msp.example", "userRole": "user", "tenantId": TENANT}
    await link(desk.database, desk.technician, member)
    return member


@pytest.fixture
def stranger(fake: FakeConnector) -> Member:
    """A guest whom the desk does not know."""
    member = Member("c0000000-0000-4000-8000-000000000003", "Gustav Gast")
    fake.members[member.directory_id] = {"email": "gustav@else.example", "userRole": "guest", "tenantId": TENANT}
    return member


@pytest.fixture
async def surface(desk: Desk, database_url: str, tmp_path: Path, fake: FakeConnector) -> AsyncIterator[TeamsSurface]:
    async with teams_surface(settings_for(database_url, tmp_path, fake), fake) as opened:
        yield opened


@pytest.fixture
async def local(desk: Desk, database_url: str, tmp_path: Path, fake: FakeConnector) -> AsyncIterator[TeamsSurface]:
    """Without credentials, for clients on this machine."""
    fake.wants_tokens = False
    async with teams_surface(settings_for(database_url, tmp_path, fake, is_local=True), fake) as opened:
        yield opened
