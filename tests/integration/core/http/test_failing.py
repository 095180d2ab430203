"""Every way to fail has its status and code, and tells nobody what is none of their business."""

from __future__ import annotations

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.integration.core.http.desk import error_of


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("missing", 404, "RESOURCE_NOT_FOUND"),
        ("twice", 409, "RESOURCE_ALREADY_EXISTS"),
        ("old", 412, "RESOURCE_CONFLICT"),
        ("often", 429, "RATE_LIMIT_EXCEEDED"),
        ("away", 503, "DATABASE_ERROR"),
        ("setting", 500, "INTERNAL_ERROR"),
        ("unnamed", 500, "INTERNAL_ERROR"),
        ("crash", 500, "INTERNAL_ERROR"),
    ],
)
async def test_an_error_has_its_status_and_code(http: aiohttp.ClientSession, kind: str, status: int, code: str) -> None:
    async with http.get(f"/api/v1/failures/{kind}") as response:
        assert response.status == status
        assert (await error_of(response))["code"] == code


async def test_the_field_that_must_be_unique_is_named(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/failures/twice") as response:
        assert (await error_of(response))["details"] == [
            {"field": "title", "message": "There is a note with this title."}
        ]


async def test_an_error_says_what_to_do_where_that_is_known(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/failures/old") as response:
        assert "Read it again" in str((await error_of(response))["message"])


async def test_it_is_said_when_to_come_back(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/failures/often") as response:
        assert response.headers["Retry-After"] == "90"
    async with http.get("/api/v1/failures/away") as response:
        assert int(response.headers["Retry-After"]) > 0


async def test_our_own_faults_are_logged_and_not_told(http: aiohttp.ClientSession) -> None:
    for kind, secret in (("crash", "hunter2"), ("setting", "hunter2"), ("unnamed", "matter"), ("away", "10.1.2.3")):
        with capture_logs() as logs:
            async with http.get(f"/api/v1/failures/{kind}") as response:
                assert secret not in await response.text()
        assert [entry["log_level"] for entry in logs] in (["error", "info"], ["warning", "info"])
        assert logs[0].get("exc_info") or "error" in logs[0]


async def test_a_download_arrives_whole(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/files/whole") as response:
        assert response.headers["Content-Length"] == "10"
        assert response.headers["Content-Disposition"] == "attachment"
        assert await response.read() == b"0123456789"


async def test_a_download_that_breaks_off_is_not_taken_for_the_whole(http: aiohttp.ClientSession) -> None:
    for kind in ("broken", "short"):
        async with http.get(f"/api/v1/files/{kind}") as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
