from __future__ import annotations

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.teams.keys import PublishedKeys
from bot.teams.tokens import ChannelTokens
from core.errors import TokenExpired, TokenInvalid, Unavailable
from tests.services.fake_connector import APP_ID, FakeConnector
from tests.unit.bot.teams.moving_clock import MovingClock


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def tokens(teams: FakeConnector, http: aiohttp.ClientSession, clock: MovingClock) -> ChannelTokens:
    return ChannelTokens(APP_ID, PublishedKeys(http, teams.openid_metadata_url, clock), clock)


async def verify(tokens: ChannelTokens, teams: FakeConnector, token: str) -> dict[str, Any]:
    return await tokens.verify(f"Bearer {token}", channel="msteams", service_url=teams.service_url)


async def test_a_token_of_the_bot_framework_is_taken(tokens: ChannelTokens, teams: FakeConnector) -> None:
    assert (await verify(tokens, teams, teams.token()))["aud"] == APP_ID


async def test_the_keys_are_fetched_once_for_many_tokens(tokens: ChannelTokens, teams: FakeConnector) -> None:
    await asyncio.gather(*(verify(tokens, teams, teams.token()) for _ in range(20)))
    assert teams.key_fetches == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-app"},
        {"aud": None},
        {"iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"},
        {"iss": None},
        {"serviceurl": "https://evil.example/"},
        {"serviceurl": None},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 99_999_999_999},
    ],
    ids=lambda claims: "-".join(f"{name}={value}" for name, value in claims.items())[:40],
)
async def test_a_token_with_another_claim_is_refused(
    tokens: ChannelTokens, teams: FakeConnector, claims: dict[str, Any]
) -> None:
    with pytest.raises(TokenInvalid):
        await verify(tokens, teams, teams.token(**claims))


async def test_a_token_expires_by_our_clock(tokens: ChannelTokens, teams: FakeConnector, clock: MovingClock) -> None:
    token = teams.token()
    clock.ahead = timedelta(hours=1, minutes=4)
    await verify(tokens, teams, token)
    clock.ahead = timedelta(hours=1, minutes=6)
    with pytest.raises(TokenExpired):
        await verify(tokens, teams, token)


async def test_a_token_without_a_signature_is_refused(tokens: ChannelTokens, teams: FakeConnector) -> None:
    with pytest.raises(TokenInvalid):
        await verify(tokens, teams, teams.token(key="", algorithm="none"))
    assert teams.key_fetches == 0


async def test_the_public_key_is_no_secret_to_sign_with(tokens: ChannelTokens, teams: FakeConnector) -> None:
    """The confusion of RS256 and HS256: the published key as the shared secret."""
    public = teams.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, claims, _ = teams.token().split(".")
    header = urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": teams.key_id}).encode()).rstrip(b"=")
    signed = header + b"." + claims.encode()
    mac = urlsafe_b64encode(hmac.digest(public, signed, sha256)).rstrip(b"=")
    with pytest.raises(TokenInvalid):
        await verify(tokens, teams, (signed + b"." + mac).decode())


async def test_a_token_of_a_foreign_key_is_refused(tokens: ChannelTokens, teams: FakeConnector) -> None:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenInvalid):
        await verify(tokens, teams, teams.token(key=foreign))


async def test_unknown_keys_are_looked_up_once_a_minute_at_most(
    tokens: ChannelTokens, teams: FakeConnector, clock: MovingClock
) -> None:
    for number in range(5):
        with pytest.raises(TokenInvalid):
            await verify(tokens, teams, teams.token(kid=f"made-up-{number}"))
    assert teams.key_fetches == 1
    teams.key_id = "key-2"
    clock.ahead = timedelta(minutes=2)
    await verify(tokens, teams, teams.token())
    assert teams.key_fetches == 2


async def test_a_key_that_may_not_sign_for_teams_is_refused(tokens: ChannelTokens, teams: FakeConnector) -> None:
    teams.endorsements = ["webchat"]
    with pytest.raises(TokenInvalid):
        await verify(tokens, teams, teams.token())


async def test_known_keys_stay_good_while_the_publisher_is_away(
    tokens: ChannelTokens, teams: FakeConnector, clock: MovingClock
) -> None:
    await verify(tokens, teams, teams.token())
    teams.are_keys_away = True
    clock.ahead = timedelta(hours=25)
    far = int((clock.now() + timedelta(hours=1)).timestamp())
    await verify(tokens, teams, teams.token(exp=far))


async def test_without_any_keys_nobody_is_believed(tokens: ChannelTokens, teams: FakeConnector) -> None:
    teams.are_keys_away = True
    with pytest.raises(Unavailable):
        await verify(tokens, teams, teams.token())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer a.b.c", "Bearer ü.ü.ü"])
async def test_what_is_no_token_is_refused(tokens: ChannelTokens, teams: FakeConnector, header: str) -> None:
    with pytest.raises(TokenInvalid):
        await tokens.verify(header, channel="msteams", service_url=teams.service_url)


def test_the_fake_signs_as_it_says() -> None:
    """Else the refusals above would prove nothing."""
    fake = FakeConnector()
    assert jwt.get_unverified_header(fake.token(key="", algorithm="none"))["alg"] == "none"
