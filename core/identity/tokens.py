"""Access tokens: JWTs (RFC 7519) signed with RS256, valid for an hour, by every process of the installation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt.algorithms import RSAAlgorithm

from core.actor import Actor, ActorKind
from core.database.engine import Database
from core.errors import TokenExpired, TokenInvalid
from core.identity.model import users
from core.identity.queries import User, find_user
from core.identity.signing_keys import SigningKeys
from core.ids import new_uuid
from core.secrets import Keyring

ALGORITHM = "RS256"
ISSUER = "psa"
AUDIENCE = "psa-api"
LIFETIME = timedelta(hours=1)
CLOCK_SKEW = timedelta(seconds=60)
"""How far the clocks of two of our hosts may be apart."""

USER_FRESH = timedelta(seconds=5)
"""How long a user once read is believed: who is deactivated is out everywhere after this."""

USERS_KEPT = 1000
REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti"]
_DECODING: Any = {"require": REQUIRED_CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
"""The library reads the wall clock; time is checked here, by the database's clock."""


class AccessTokens:
    """Issues and verifies access tokens."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keys = SigningKeys(database, keyring)
        self._users: dict[UUID, tuple[datetime, User | None]] = {}

    async def issue(self, user: User) -> str:
        """A token that says who the user is. Its role and permissions are for the client's eyes: we read the user."""
        key = (await self._keys.list_keys())[0]
        now = self._database.clock.now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user.id),
            "email": user.email,
            "role": user.role.value,
            "permissions": sorted(user.permissions),
            "customer_id": str(user.customer_id) if user.customer_id else None,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": str(new_uuid()),
        }
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})

    async def verify(self, token: str) -> Actor:
        """Who sent the token, as the user is stored now.

        Raises TokenExpired for one that was good once, TokenInvalid for any other: not signed by one of our keys with
        RS256, of a foreign issuer or audience, from the future, or of a user who is gone or not active.
        """
        claims = await self._claims(token)
        now = self._database.clock.now().timestamp()
        issued_at, expires_at = claims["iat"], claims["exp"]
        if not isinstance(issued_at, int) or not isinstance(expires_at, int):
            raise TokenInvalid("The access token does not say when it is valid.")
        if issued_at > now + CLOCK_SKEW.total_seconds():
            raise TokenInvalid("The access token is from the future.")
        if expires_at <= now:
            raise TokenExpired("The access token has expired; log in again.")
        try:
            user = await self._find_user(UUID(claims["sub"]))
        except ValueError as error:
            raise TokenInvalid("The access token names no user.") from error
        if user is None or not user.is_active:
            raise TokenInvalid("The account of this access token is closed.")
        return Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id)

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JWK set (RFC 7517): with them others can verify our tokens."""
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": ALGORITHM,
                    "kid": key.kid,
                    **{name: str(RSAAlgorithm.to_jwk(key.public, as_dict=True)[name]) for name in ("n", "e")},
                }
                for key in await self._keys.list_keys()
            ]
        }

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next((key for key in await self._keys.list_keys() if key.kid == kid), None)
            if key is None:
                raise TokenInvalid("The access token was signed with a key that is not ours.")
            return jwt.decode(
                token, key.public, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=_DECODING
            )
        except jwt.InvalidTokenError as error:
            raise TokenInvalid("The access token is not one of ours.") from error

    async def _find_user(self, user_id: UUID) -> User | None:
        now = self._database.clock.now()
        read_at, user = self._users.get(user_id, (None, None))
        if read_at is not None and timedelta() <= now - read_at < USER_FRESH:
            return user
        async with self._database.connect() as connection:
            user = await find_user(connection, users.c.id == user_id)
        if len(self._users) >= USERS_KEPT:
            self._users.clear()
        self._users[user_id] = (now, user)
        return user
