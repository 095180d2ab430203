"""Access tokens: whose are believed, and whose are not."""

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
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import select, update

from core.errors import Misconfigured, NotFound, TokenExpired, TokenInvalid
from core.identity.model import signing_keys, users
from core.identity.roles import ROLE_PERMISSIONS, Role
from core.identity.signing_keys import CONTEXT, FRESH
from core.identity.tokens import LIFETIME, USER_FRESH, AccessTokens
from core.secrets import Keyring
from tests.integration.core.identity.desk import Desk


async def stored_key(desk: Desk, keyring: Keyring) -> tuple[str, RSAPrivateKey, str]:
    """kid, private key and public PEM of the only signing key."""
    async with desk.database.connect() as connection:
        row = (await connection.execute(select(signing_keys))).one()
    private = load_pem_private_key(keyring.decrypt(row.private_key_encrypted, CONTEXT).encode(), None)
    assert isinstance(private, RSAPrivateKey)
    return row.kid, private, row.public_key_pem


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def assembled(header: dict[str, object], claims: dict[str, Any], secret: str | None) -> str:
    """A token put together by hand, as an attacker would."""
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims)]
    signing_input = b".".join(parts)
    mac = b"" if secret is None else hmac.new(secret.encode(), signing_input, hashlib.sha256).digest()
    return (signing_input + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


async def test_a_token_says_what_the_clients_need(desk: Desk) -> None:
    user = await desk.add_user()
    claims = claims_of(await desk.tokens.issue(user))
    now = int(desk.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": "psa",
        "aud": "psa-api",
        "sub": str(user.id),
        "email": user.email,
        "role": "technician_l1",
        "permissions": sorted(ROLE_PERMISSIONS[Role.TECHNICIAN_L1]),
        "customer_id": None,
        "iat": now,
        "exp": now + 3600,
    }


async def test_another_process_verifies_it_and_so_does_a_stranger_with_the_jwk_set(
    desk: Desk, keyring: Keyring
) -> None:
    user = await desk.add_user()
    token = await desk.tokens.issue(user)
    assert (await AccessTokens(desk.database, keyring).verify(token)).user_id == user.id
    document = await desk.tokens.jwks()
    assert set(document["keys"][0]) == {"kty", "use", "alg", "kid", "n", "e"}
    jwk = jwt.PyJWKSet.from_dict(document)[jwt.get_unverified_header(token)["kid"]]
    decoded = jwt.decode(token, jwk, algorithms=["RS256"], audience="psa-api", options={"verify_iat": False})
    assert decoded["sub"] == str(user.id)


async def test_processes_that_start_at_once_share_one_key(desk: Desk, keyring: Keyring) -> None:
    sets = await asyncio.gather(*(AccessTokens(desk.database, keyring).jwks() for _ in range(4)))
    assert len({keys["keys"][0]["kid"] for keys in sets}) == 1


async def test_the_private_key_is_stored_encrypted(desk: Desk) -> None:
    await desk.tokens.jwks()
    async with desk.database.connect() as connection:
        row = (await connection.execute(select(signing_keys))).one()
    assert "PRIVATE" not in row.private_key_encrypted
    with pytest.raises(Misconfigured):
        await AccessTokens(desk.database, Keyring(b"x" * 32)).jwks()


async def test_a_token_expires_after_an_hour_of_the_desks_time(desk: Desk) -> None:
    token = await desk.tokens.issue(await desk.add_user())
    desk.clock.advance(LIFETIME - timedelta(seconds=2))
    await desk.tokens.verify(token)
    desk.clock.advance(timedelta(seconds=2))
    with pytest.raises(TokenExpired):
        await desk.tokens.verify(token)


async def test_a_token_without_signature_is_refused(desk: Desk) -> None:
    token = await desk.tokens.issue(await desk.add_user())
    kid = jwt.get_unverified_header(token)["kid"]
    for name in ("none", "None", "NONE"):
        with pytest.raises(TokenInvalid):
            await desk.tokens.verify(assembled({"alg": name, "kid": kid}, claims_of(token), None))


async def test_the_public_key_is_no_secret_to_sign_with(desk: Desk, keyring: Keyring) -> None:
    token = await desk.tokens.issue(await desk.add_user())
    kid, _, public_pem = await stored_key(desk, keyring)
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(assembled({"alg": "HS256", "kid": kid}, claims_of(token), public_pem))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"aud": "other-api"},
        {"iat": 4102444800, "exp": 4102448400},
        {"sub": "nobody"},
        {"sub": "00000000-0000-7000-8000-000000000000"},
        {"exp": "never"},
        {"exp": None},
        {"jti": None},
    ],
)
async def test_a_token_with_a_foreign_or_missing_claim_is_refused(
    desk: Desk, keyring: Keyring, change: dict[str, object]
) -> None:
    claims = claims_of(await desk.tokens.issue(await desk.add_user())) | change
    kid, private, _ = await stored_key(desk, keyring)
    forged = jwt.encode(
        {name: value for name, value in claims.items() if value is not None or name not in change},
        private,
        algorithm="RS256",
        headers={"kid": kid},
    )
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(forged)


async def test_a_token_of_a_key_that_is_not_ours_is_refused(desk: Desk) -> None:
    token = await desk.tokens.issue(await desk.add_user())
    foreign = generate_private_key(65537, 2048)
    for kid in (jwt.get_unverified_header(token)["kid"], "unknown"):
        with pytest.raises(TokenInvalid):
            await desk.tokens.verify(jwt.encode(claims_of(token), foreign, algorithm="RS256", headers={"kid": kid}))
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(jwt.encode(claims_of(token), foreign, algorithm="RS256"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "..", "e30.e30.e30"])
async def test_what_is_no_token_is_refused(desk: Desk, token: str) -> None:
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(token)


async def test_a_retired_key_is_out_of_use_within_seconds(desk: Desk) -> None:
    user = await desk.add_user()
    token = await desk.tokens.issue(user)
    async with desk.database.engine.begin() as connection:
        await connection.execute(update(signing_keys).values(retired_at=desk.clock.now()))
    desk.clock.advance(FRESH)
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(token)
    assert (await desk.tokens.verify(await desk.tokens.issue(user))).user_id == user.id


async def test_the_user_as_stored_decides_and_not_the_claims(desk: Desk) -> None:
    user = await desk.add_user(role=Role.TENANT_ADMIN)
    token = await desk.tokens.issue(user)
    assert (await desk.tokens.verify(token)).role is Role.TENANT_ADMIN
    async with desk.database.engine.begin() as connection:
        await connection.execute(update(users).where(users.c.id == user.id).values(role="technician_l1"))
    desk.clock.advance(USER_FRESH)
    assert (await desk.tokens.verify(token)).role is Role.TECHNICIAN_L1


@pytest.mark.parametrize("column", ["is_active", "deleted_at"])
async def test_who_was_deactivated_or_deleted_is_out_within_seconds(desk: Desk, column: str) -> None:
    user = await desk.add_user()
    token = await desk.tokens.issue(user)
    await desk.tokens.verify(token)
    change = {"is_active": False} if column == "is_active" else {"deleted_at": desk.clock.now()}
    async with desk.database.engine.begin() as connection:
        await connection.execute(update(users).where(users.c.id == user.id).values(change))
    desk.clock.advance(USER_FRESH)
    with pytest.raises(TokenInvalid):
        await desk.tokens.verify(token)
    with pytest.raises(NotFound):
        await desk.users.issue_token(user.email)
