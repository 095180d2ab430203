"""What every route gets from the application: identity, checks, answers and headers."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from uuid import UUID

import aiohttp

from core.actor import ActorKind
from tests.integration.core.http.desk import MAX_BODY_BYTES, Desk, bearer, error_of, running_desk

TECHNICIAN = bearer("technician")


async def test_a_reply_comes_in_the_envelope(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/v1/notes", json={"title": " Toner "}, headers=TECHNICIAN) as response:
        body = await response.json()
        assert response.status == 201
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["ETag"] == '"1"'
        assert response.headers["Location"].endswith(body["data"]["id"])
        assert body["data"]["attributes"] == {"title": "Toner"}


async def test_a_page_links_to_its_neighbours(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/notes?page=2&limit=20", headers=TECHNICIAN) as response:
        body = await response.json()
        assert body["meta"]["total_pages"] == 3
        assert body["links"]["next"] == "/api/v1/notes?page=3&limit=20"


async def test_a_reply_without_a_body_has_none(http: aiohttp.ClientSession) -> None:
    async with http.delete("/api/v1/notes/1", headers=TECHNICIAN) as response:
        assert response.status == 204
        assert await response.read() == b""
        assert "Content-Type" not in response.headers


async def test_the_actor_knows_where_the_call_came_from(http: aiohttp.ClientSession, desk: Desk) -> None:
    headers = TECHNICIAN | {"X-Request-ID": "trace-7", "User-Agent": "curl/8"}
    async with http.get("/api/v1/notes", headers=headers) as response:
        assert response.headers["X-Request-ID"] == "trace-7"
    actor = desk.seen[0].actor
    assert (actor.email, actor.ip_address, actor.user_agent) == ("technician@example.com", "127.0.0.1", "curl/8")
    assert actor.request_id == "trace-7"


async def test_a_request_id_that_is_no_id_is_replaced(http: aiohttp.ClientSession) -> None:
    for sent in ("", "a b", "x" * 101, "<script>"):
        async with http.get("/api/v1/open", headers={"X-Request-ID": sent}) as response:
            assert UUID(response.headers["X-Request-ID"]).version == 7


async def test_an_open_route_has_an_actor_who_may_nothing(http: aiohttp.ClientSession, desk: Desk) -> None:
    async with http.get("/api/v1/open", headers=bearer("nonsense")) as response:
        assert response.status == 200
    actor = desk.seen[0].actor
    assert actor.kind is ActorKind.CONTACT
    assert not actor.is_staff
    assert not actor.permissions


async def test_without_a_good_token_nobody_gets_in(http: aiohttp.ClientSession, desk: Desk) -> None:
    sent: list[dict[str, str]] = [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}, bearer("wrong")]
    for headers in sent:
        async with http.get("/api/v1/notes", headers=headers) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            assert (await error_of(response))["code"] == "TOKEN_INVALID"
    async with http.get("/api/v1/notes", headers=bearer("expired")) as response:
        assert (await error_of(response))["code"] == "TOKEN_EXPIRED"
    assert desk.seen == []


async def test_the_permission_is_checked_before_what_was_sent(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/v1/notes", json={"wrong": 1}, headers=bearer("customer")) as response:
        assert response.status == 403
        assert (await error_of(response))["code"] == "PERMISSION_DENIED"


async def test_wrong_input_is_named_field_by_field(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/v1/notes", json={"title": "", "colour": "red"}, headers=TECHNICIAN) as response:
        assert response.status == 422
        error = await error_of(response)
        assert error["code"] == "VALIDATION_ERROR"
        assert isinstance(error["details"], list)
        assert {detail["field"] for detail in error["details"]} == {"title", "colour"}
    async with http.get("/api/v1/notes?page=0", headers=TECHNICIAN) as response:
        assert response.status == 422
    async with http.get("/api/v1/notes?page=1&page=2", headers=TECHNICIAN) as response:
        assert response.status == 422
    async with http.get("/api/v1/notes?colour=red", headers=TECHNICIAN) as response:
        assert response.status == 422


async def test_a_body_that_cannot_be_read_is_a_bad_request(http: aiohttp.ClientSession) -> None:
    for content in (b"", b"{", b"\xff\xfe", b'{"title": "\\ud800"}', b"[" * 2000):
        async with http.post("/api/v1/notes", data=content, headers=TECHNICIAN) as response:
            assert response.status == 400
            assert (await error_of(response))["code"] == "INVALID_INPUT"
    packed = TECHNICIAN | {"Content-Encoding": "gzip"}
    async with http.post("/api/v1/notes", data=b"not packed", headers=packed, compress=None) as response:
        assert response.status == 400


async def test_a_body_that_is_too_large_is_refused(http: aiohttp.ClientSession) -> None:
    async def pieces() -> object:
        for _ in range(MAX_BODY_BYTES // 512 + 1):
            yield b" " * 512

    for data in (b" " * (MAX_BODY_BYTES + 1), pieces()):
        async with http.post("/api/v1/notes", data=data, headers=TECHNICIAN) as response:
            assert response.status == 413
            assert (await error_of(response))["code"] == "INVALID_INPUT"


async def test_text_that_the_database_cannot_hold_never_reaches_a_handler(
    http: aiohttp.ClientSession, desk: Desk
) -> None:
    async with http.get("/api/v1/notes/%00", headers=TECHNICIAN) as response:
        assert response.status == 404
    async with http.post("/api/v1/notes", json={"title": "a\x00b"}, headers=TECHNICIAN) as response:
        assert response.status == 422
    assert desk.seen == []


async def test_an_unknown_path_and_method_answer_in_the_error_format(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/nothing") as response:
        assert response.status == 404
        assert (await error_of(response))["code"] == "RESOURCE_NOT_FOUND"
    async with http.put("/api/v1/notes", headers=TECHNICIAN) as response:
        assert response.status == 405
        assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
        await error_of(response)


async def test_every_answer_carries_the_security_headers(http: aiohttp.ClientSession) -> None:
    for path in ("/api/v1/open", "/api/v1/nothing", "/api/v1/failures/crash", "/api/v1/files/whole", "/health/live"):
        async with http.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert response.headers["Cache-Control"] == "no-store"
            assert "aiohttp" not in response.headers["Server"]
            assert response.headers["X-Request-ID"]


async def test_head_answers_as_get_does_but_without_the_body(http: aiohttp.ClientSession) -> None:
    async with http.head("/api/v1/notes", headers=TECHNICIAN) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 0
        assert await response.read() == b""


async def test_a_route_without_permissions_takes_every_token_but_none_is_not_enough(
    http: aiohttp.ClientSession,
) -> None:
    async with http.get("/api/v1/me", headers=bearer("customer")) as response:
        assert response.status == 200
    async with http.get("/api/v1/me") as response:
        assert response.status == 401


async def test_ids_as_the_driver_gives_them_are_ids_in_json(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/open") as response:
        assert UUID((await response.json())["data"]["id"]).version == 7


async def test_behind_our_proxy_the_caller_is_who_the_proxy_saw() -> None:
    own = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]
    seen = {
        "203.0.113.9": "203.0.113.9",
        "198.51.100.1, 203.0.113.9, 10.0.0.2": "203.0.113.9",
        "2001:db8::1": "2001:db8::1",
        "nonsense": "127.0.0.1",
        "": "127.0.0.1",
    }
    async with running_desk(proxies=own) as desk, aiohttp.ClientSession(desk.url) as http:
        for header in seen:
            async with http.get("/api/v1/open", headers={"X-Forwarded-For": header}):
                pass
        assert [call.actor.ip_address for call in desk.seen] == list(seen.values())


async def test_nobody_else_may_say_that_it_calls_for_another(http: aiohttp.ClientSession, desk: Desk) -> None:
    async with http.get("/api/v1/open", headers={"X-Forwarded-For": "203.0.113.9"}):
        pass
    assert desk.seen[0].actor.ip_address == "127.0.0.1"


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    never = asyncio.Event()

    async def pieces() -> object:
        yield b"{"
        await never.wait()

    async with (
        running_desk(body_seconds=0.05) as desk,
        aiohttp.ClientSession(desk.url) as http,
        http.post("/api/v1/notes", data=pieces(), headers=TECHNICIAN) as response,
    ):
        assert response.status == 408
        await error_of(response)
