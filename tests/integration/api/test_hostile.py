"""What attackers and broken clients send: refused in the error format or stored clean, never a fault of ours."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.identity.roles import Role
from core.identity.signing_keys import SigningKeys
from tests.integration.api.world import World

TICKET = {"title": "Drucker streikt", "description": "Er druckt seit heute nur noch leer."}
PASSWORD = "  vier Wörter mit Rand  "


def technician(world: World) -> str:
    return world.tokens[Role.TECHNICIAN_L1]


def part(value: object) -> bytes:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=")


async def forged(world: World, **changes: object) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(technician(world), options={"verify_signature": False})
    return claims | changes


async def test_tokens_that_are_not_ours_are_refused(world: World) -> None:
    (key, *_) = await SigningKeys(world.parts.database, world.parts.keyring).list_keys()
    header, claims = {"alg": "none", "typ": "JWT", "kid": key.kid}, await forged(world)
    unsigned = b".".join((part(header), part(claims), b"")).decode()
    pem = key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = b".".join((part(header | {"alg": "HS256"}), part(claims)))
    digest = base64.urlsafe_b64encode(hmac.digest(pem, signed, hashlib.sha256)).rstrip(b"=")
    confused = b".".join((signed, digest)).decode()

    async def ours(**changes: object) -> str:
        changed = {name: value for name, value in (await forged(world, **changes)).items() if value is not None}
        return jwt.encode(changed, key.private, algorithm="RS256", headers={"kid": key.kid})

    now = world.parts.clock.now()
    past, future = int((now - timedelta(seconds=1)).timestamp()), int((now + timedelta(days=1)).timestamp())
    assert (await world.ask(await ours(), "GET /api/v1/users/me")).status == 200
    wrong = {
        "none": unsigned,
        "HS256 with the public key": confused,
        "foreign audience": await ours(aud="other"),
        "foreign issuer": await ours(iss="other"),
        "no expiry": await ours(exp=None),
        "from the future": await ours(iat=future, exp=future + 1),
        "nobody": await ours(sub="0199d7a4-6f3e-7c54-9a41-0b6f6f1f7a52"),
        "no user": await ours(sub="x"),
        "text as times": await ours(iat="1", exp="9999999999"),
        "kid of another type": "{}.{}.x".format(*(p.decode() for p in (part({"alg": "RS256", "kid": [1]}), part({})))),
        "cut": technician(world)[:-5],
        "dots": "..",
        "long": "a" * 5000,
    }
    for name, token in wrong.items():
        answer = await world.ask(token, "GET /api/v1/users/me")
        assert (name, answer.status, answer.code) == (name, 401, "TOKEN_INVALID")
    answer = await world.ask(await ours(exp=past), "GET /api/v1/users/me")
    assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b"[" * 5_000 + b"]" * 5_000, 400),
        (b'{"title":' + b"[" * 900 + b"]" * 900 + b"}", 422),
        (b'{"title": "\\ud800 allein", "description": "lang genug zum Lesen"}', 400),
        (b'{"title": "null \\u0000 drin", "description": "lang genug zum Lesen"}', 422),
        (b'{"title": NaN}', 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"1e999", 400),
        (b'{"title": {"$gt": ""}, "description": 7}', 422),
        (b'{"title": "Drucker", "description": "lang genug zum Lesen", "is_admin": true}', 422),
        (b'{"title": "Drucker", "description": "lang genug zum Lesen", "tags": ["\\u0000"]}', 422),
        (b'{"title": "Drucker", "description": "lang genug zum Lesen", "\\u0000": 1}', 422),
        (b'"' + b"a" * 200_000 + b'"', 413),
    ],
    ids=lambda value: str(value[:40]) if isinstance(value, bytes) else "",
)  # fmt: skip
async def test_bodies_that_make_no_sense_are_refused(world: World, raw: bytes, status: int) -> None:
    for request in ("POST /api/v1/tickets", "POST /api/v1/auth/login"):
        token = None if request.endswith("login") else world.tokens[Role.CUSTOMER_ADMIN]
        answer = await world.ask(token, request, raw=raw)
        assert answer.status in ((status, 422) if token is None else (status,))
        assert answer.code


SQL = ("'", "' OR 1=1 --", "\\", "%", "_", '"', "); DROP TABLE tickets; --", "a & | !", ":*", "$1", "{}", "\x7f", "🖨")


@pytest.mark.parametrize(
    "path",
    [
        "tickets?search=", "tickets?sort=", "tickets?order=", "tickets?fields=", "tickets?include=", "tickets?tag=",
        "tickets?category=", "tickets?status=", "customers?search=", "customers?sort=", "users?page=", "mails?sender=",
        "audit?entity_type=", "tickets?customer_id=", "mails?received_after=",
    ],
)  # fmt: skip
async def test_metacharacters_in_queries_are_only_text(world: World, path: str) -> None:
    admin = world.tokens[Role.SYSTEM_ADMIN]
    for text in (*SQL, "\x00", "a" * 3000):
        quoted = "".join(f"%{byte:02X}" for byte in text.encode())
        assert (await world.ask(admin, f"GET /api/v1/{path}{quoted}")).status in (200, 422)
    for broken in ("%ED%A0%80", "%FF", "%"):
        assert (await world.ask(admin, f"GET /api/v1/{path}{broken}")).status in (200, 400, 422)
    assert (await world.ask(admin, "GET /api/v1/tickets")).status == 200


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=99999999999999999999", "page=1.5", "page=x", "limit=101", "limit=", "wrong=1",
     "created_after=0000-00-00", "created_after=99999-01-01", "created_before=inf", "number=1e9"],
)  # fmt: skip
async def test_parameters_that_make_no_sense_are_named(world: World, query: str) -> None:
    answer = await world.ask(technician(world), f"GET /api/v1/tickets?{query}")
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert orjson.loads(answer.content)["error"]["details"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["tickets", "customers", "users", "mails", "outgoing-mails", "audit"])
async def test_the_last_page_there_can_be_is_empty(world: World, path: str) -> None:
    answer = await world.ask(world.tokens[Role.SYSTEM_ADMIN], f"GET /api/v1/{path}?page=1000000&limit=100")
    assert (answer.status, orjson.loads(answer.content)["data"]) == (200, [])


@pytest.mark.parametrize(
    "filename",
    ["../../etc/passwd", "a\r\nSet-Cookie: x=1", 'x"; filename="y.exe', "..\\x", "\u202etxt.exe", "%00", "é"],
)
async def test_the_name_of_a_file_stays_a_name(world: World, filename: str) -> None:
    ticket = await world.make_ticket(world.own, filename)
    key = (await world.files(ticket))[filename]
    answer = await world.ask(technician(world), f"GET /api/v1/attachments/{key}/content")
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert not set("/\\\r\n\u202e") & set(disposition)
    assert disposition.count('"') == 2


@pytest.mark.parametrize("sent", ["a b", "x" * 101, "<script>", "é", "a\tb", ""])
async def test_a_request_id_that_is_none_is_replaced(world: World, sent: str) -> None:
    answer = await world.ask(None, "GET /api/v1/users/me", headers={"X-Request-ID": sent})
    assert answer.status == 401
    assert answer.headers["X-Request-ID"] != sent


async def test_a_change_without_or_with_a_stale_version_is_refused(world: World) -> None:
    ticket = await world.make_ticket(world.own)
    request, change = f"PATCH /api/v1/tickets/{ticket.id}", {"title": "Drucker im Keller"}
    for sent, status in (({}, 428), ({"If-Match": '"99"'}, 412), ({"If-Match": "*"}, 422), ({"If-Match": "x"}, 422),
                         ({"If-Match": '"999999999"'}, 412), ({"If-Match": f'"{ticket.version}"'}, 200),
                         ({"If-Match": f'"{ticket.version}"'}, 412)):  # fmt: skip
        assert (await world.ask(technician(world), request, change, headers=sent)).status == status


async def test_an_idempotency_key_is_for_one_request_of_one_user(world: World) -> None:
    first, second = world.tokens[Role.CUSTOMER_ADMIN], world.tokens[Role.CUSTOMER_TECHNICIAN]
    key = {"Idempotency-Key": "k-1"}

    async def opened(token: str) -> str:
        answer = await world.ask(token, "POST /api/v1/tickets", TICKET, headers=key)
        assert answer.status == 201
        return answer.headers["Location"]

    at_once = await asyncio.gather(*(opened(first) for _ in range(5)))
    assert len(set(at_once)) == 1
    assert await opened(second) not in at_once
    other = TICKET | {"title": "Drucker brennt"}
    assert (await world.ask(first, "POST /api/v1/tickets", other, headers=key)).status == 409
    for wrong in ("", "k" * 201):
        headers = {"Idempotency-Key": wrong}
        assert (await world.ask(first, "POST /api/v1/tickets", TICKET, headers=headers)).status == 422


async def test_a_password_keeps_its_spaces_and_five_wrong_ones_lock(world: World) -> None:
    user = {"email": "neu@msp.example", "first_name": "Uli", "last_name": "Neu", "role": "technician_l1"}
    admin = world.tokens[Role.TENANT_ADMIN]
    assert (await world.ask(admin, "POST /api/v1/users", user | {"password": PASSWORD})).status == 201

    async def log_in(password: str) -> tuple[int, bytes]:
        answer = await world.ask(None, "POST /api/v1/auth/login", {"email": user["email"], "password": password})
        return answer.status, b"" if answer.status == 200 else answer.code.encode()

    refused = (401, b"INVALID_CREDENTIALS")
    assert await log_in(PASSWORD) == (200, b"")
    assert await log_in(PASSWORD.strip()) == refused
    for _ in range(4):
        assert await log_in("falsch, ganz falsch") == refused
    assert await log_in(PASSWORD) == refused
