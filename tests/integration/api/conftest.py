"""The whole API, served on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from core.blobs.folder import FolderBlobs
from core.clock import SystemClock
from core.database.engine import Database
from core.http.server import HttpServer
from core.mail.reply_token import ReplyTokens
from core.runtime.metrics import Metrics
from core.secrets import KEY_BYTES, Keyring
from core.settings import load_settings
from psa.processes import http_component
from psa.wiring import Parts
from tests.integration.api.world import World, make_world


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[Parts]:
    settings = load_settings(data_dir=tmp_path, http_port=0, http_max_body_bytes=100_000)
    blobs, keyring = FolderBlobs(tmp_path / "blobs"), Keyring(bytes(KEY_BYTES))
    tokens = ReplyTokens(keyring.derive("reply-token"), settings.desk_address)
    yield Parts(settings, SystemClock(), database, blobs, keyring, tokens, Metrics())
    await blobs.aclose()


@pytest.fixture
async def world(parts: Parts) -> AsyncIterator[World]:
    server, stop = http_component(parts), asyncio.Event()
    assert isinstance(server, HttpServer)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(stop))
        await server.listening.wait()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http:
                yield await make_world(parts, http)
        finally:
            stop.set()
