"""Health, metrics and the access log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from structlog.testing import capture_logs

from core.errors import Unavailable
from core.http.health import ReadinessCheck
from tests.integration.core.http.desk import bearer, running_desk


async def _answers() -> None:
    return None


async def _is_away() -> None:
    raise Unavailable("nobody at 10.1.2.3")


async def _is_broken() -> None:
    raise RuntimeError("unforeseen")


@asynccontextmanager
async def asked(path: str, readiness: Sequence[ReadinessCheck]) -> AsyncIterator[aiohttp.ClientResponse]:
    """What a process with these parts answers."""
    async with (
        running_desk(readiness) as desk,
        aiohttp.ClientSession(desk.url) as http,
        http.get(path) as response,
    ):
        yield response


async def test_a_process_is_alive_even_if_its_parts_are_not() -> None:
    async with asked("/health/live", [ReadinessCheck("broker", _is_away)]) as response:
        assert response.status == 200


async def test_a_process_is_ready_once_all_its_parts_answer() -> None:
    checks = [ReadinessCheck("database", _answers), ReadinessCheck("broker", _answers)]
    async with asked("/health/ready", checks) as response:
        assert response.status == 200
        assert await response.json() == {"status": "ready", "checks": {"database": "ok", "broker": "ok"}}


async def test_a_process_that_is_not_ready_says_which_part_is_away() -> None:
    checks = [
        ReadinessCheck("database", _answers),
        ReadinessCheck("broker", _is_away),
        ReadinessCheck("blobs", _is_broken),
    ]
    async with asked("/health/ready", checks) as response:
        assert response.status == 503
        body = await response.json()
        assert body["checks"] == {"database": "ok", "broker": "failed", "blobs": "failed"}
        assert "10.1.2.3" not in await response.text()


async def test_a_part_that_hangs_counts_as_away() -> None:
    checks = [ReadinessCheck("broker", asyncio.Event().wait, limit_seconds=0.05)]
    async with asked("/health/ready", checks) as response:
        assert response.status == 503


async def test_requests_are_counted_by_route_not_by_path(http: aiohttp.ClientSession) -> None:
    for number in range(3):
        async with http.get(f"/api/v1/notes/{number}", headers=bearer("technician")):
            pass
        async with http.request("PROPFIND", f"/nothing/{number}"):
            pass
    async with http.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    assert 'psa_http_request_seconds_count{method="GET",route="/api/v1/notes/{note_id}",status="200"} 3.0' in text
    assert 'psa_http_request_seconds_count{method="OTHER",route="unmatched",status="404"} 3.0' in text


async def test_a_request_is_logged_without_its_query_or_token(http: aiohttp.ClientSession) -> None:
    with capture_logs() as logs:
        async with http.get("/api/v1/notes?page=1", headers=bearer("technician")):
            pass
    (entry,) = [entry for entry in logs if entry["event"] == "http_request"]
    assert entry["route"] == "/api/v1/notes"
    assert entry["status"] == 200
    assert entry["seconds"] >= 0
    assert "page=1" not in str(entry)
    assert "technician" not in str(entry)
