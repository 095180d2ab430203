from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ingest.authentication.domains import PublicSuffixes
from ingest.authentication.resolver import Resolver
from ingest.authentication.results import AuthenticationVerdict
from ingest.authentication.sender import authenticate
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.spf_check import SmtpConnection
from tests.unit.ingest.authentication.signing import CLIENT, SigningKey

Check = Callable[..., Awaitable[AuthenticationVerdict]]


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def suffixes() -> PublicSuffixes:
    return PublicSuffixes.load()


@pytest.fixture
def check(suffixes: PublicSuffixes) -> Check:
    """`authenticate` with the connection of customer.example and standard settings unless told otherwise."""

    async def authenticate_mail(
        raw: bytes,
        resolver: Resolver,
        connection: SmtpConnection = CLIENT,
        settings: AuthenticationSettings | None = None,
    ) -> AuthenticationVerdict:
        return await authenticate(raw, connection, resolver, suffixes, settings or AuthenticationSettings())

    return authenticate_mail
