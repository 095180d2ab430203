"""The listener: taking an address, and letting go of it."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import pytest
from aiohttp import web

from core.errors import Misconfigured
from core.http.server import HttpServer
from tests.integration.core.http.desk import running_desk


async def test_a_request_that_has_begun_is_finished_before_the_process_ends() -> None:
    async with running_desk() as desk, aiohttp.ClientSession(desk.url) as http:
        pending = asyncio.create_task(http.get("/api/v1/slow"))
        await desk.begun.wait()
        desk.stop.set()
        with pytest.raises(aiohttp.ClientConnectionError):
            await _ask_until_refused(desk.url)
        desk.go_on.set()
        response = await pending
        assert response.status == 200
        assert await response.json() == {"data": None}


async def test_a_request_that_takes_too_long_does_not_hold_the_process() -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        begun.set()
        await never.wait()
        return web.Response()

    begun, stop = asyncio.Event(), asyncio.Event()
    application = web.Application()
    application.router.add_get("/", hang)
    server = HttpServer(application, "127.0.0.1", 0, drain_seconds=0.1)
    running = asyncio.create_task(server.run(stop))
    await server.listening.wait()
    async with aiohttp.ClientSession() as http:
        pending = asyncio.create_task(http.get(f"http://127.0.0.1:{server.port}/"))
        await begun.wait()
        stop.set()
        await asyncio.wait_for(running, 10)
        with pytest.raises(aiohttp.ClientConnectionError):
            await pending


async def test_an_address_that_is_taken_is_a_wrong_setting() -> None:
    async with running_desk() as desk:
        port = int(desk.url.rpartition(":")[2])
        with pytest.raises(Misconfigured, match=str(port)):
            await HttpServer(web.Application(), "127.0.0.1", port).run(asyncio.Event())


async def test_an_address_that_is_not_ours_is_a_wrong_setting() -> None:
    with pytest.raises(Misconfigured, match=r"192\.0\.2\.1"):
        await HttpServer(web.Application(), "192.0.2.1", 0).run(asyncio.Event())


async def test_what_is_no_http_is_one_line_in_the_log_without_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "aiohttp.server")
    async with running_desk() as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(desk.url.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + b"secret" * 2000 + b"\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
        writer.close()
    (record,) = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert record.levelno == logging.INFO
    assert record.exc_info is None
    assert "secret" not in record.getMessage()


async def _ask_until_refused(url: str) -> None:
    while True:
        async with aiohttp.ClientSession(url) as http, http.get("/health/live"):
            pass
