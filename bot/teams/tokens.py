"""Verifies that an activity comes from the Bot Framework and is meant for us.

Rules: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication ("Connector to
bot"). botframework-connector would take tokens of the emulator and of other bots, too, and reads the wall clock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import jwt

from bot.teams.keys import PublishedKeys
from core.clock import Clock
from core.errors import TokenExpired, TokenInvalid

ISSUER: Final = "https://api.botframework.com"
ALGORITHM: Final = "RS256"
CLOCK_SKEW = timedelta(minutes=5)
_DECODING: Any = {
    "require": ["iss", "aud", "exp"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
"""The library reads the wall clock; time is checked here, by ours."""


class ChannelTokens:
    """Reads the tokens that come with activities."""

    def __init__(self, app_id: str, keys: PublishedKeys, clock: Clock) -> None:
        self._app_id = app_id
        self._keys = keys
        self._clock = clock

    async def verify(self, header: str, *, channel: str, service_url: str) -> dict[str, Any]:
        """The claims of an `Authorization` header that fits an activity's channel and service URL.

        Raises TokenExpired for one that was good once, TokenInvalid for any other, Unavailable while the keys are.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenInvalid("An activity needs a token of the Bot Framework.")
        claims = await self._claims(token.strip(), channel)
        self._check_time(claims)
        if claims.get("serviceurl") != service_url:
            raise TokenInvalid("The token is for another service URL.")
        return claims

    async def _claims(self, token: str, channel: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            # Before the key is looked up, so that nobody makes us fetch keys with tokens that can never be good.
            if header.get("alg") != ALGORITHM:
                raise TokenInvalid("The token is not signed with RS256.")
            key = await self._keys.find(str(header.get("kid")))
            if key is None:
                raise TokenInvalid("The token was signed with a key that is not the Bot Framework's.")
            if key.endorsements and channel not in key.endorsements:
                raise TokenInvalid("The token's key may not sign for this channel.")
            return jwt.decode(
                token, key.public, algorithms=[ALGORITHM], audience=self._app_id, issuer=ISSUER, options=_DECODING
            )
        except jwt.PyJWTError as error:
            raise TokenInvalid("The token is none of the Bot Framework's for this app.") from error

    def _check_time(self, claims: dict[str, Any]) -> None:
        now, skew = self._clock.now().timestamp(), CLOCK_SKEW.total_seconds()
        not_before, expires_at = claims.get("nbf", 0), claims["exp"]
        if not isinstance(not_before, int) or not isinstance(expires_at, int):
            raise TokenInvalid("The token does not say when it is valid.")
        if not_before > now + skew:
            raise TokenInvalid("The token is from the future.")
        if expires_at <= now - skew:
            raise TokenExpired("The token has expired.")
