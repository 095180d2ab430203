"""The keys that sign the Bot Framework's tokens, as its OpenID metadata publishes them.

botframework-connector fetches them with blocking calls in the event loop, keeps them in a class variable for all, reads
the wall clock, and fails with an IndexError at an unknown key: so this is ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import jwt
import structlog

from core.clock import Clock
from core.errors import Unavailable

KEYS_FRESH = timedelta(hours=24)
KEYS_PAUSE = timedelta(minutes=1)
"""How soon the keys are fetched again because of a token with an unknown one, or after a failure."""

TIMEOUT_SECONDS = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """`endorsements` are the channels whose tokens it may sign; empty: any."""

    public: jwt.PyJWK
    endorsements: frozenset[str]


class PublishedKeys:
    """Fetches the keys when needed, keeps them for a day, and looks again when a token names one not seen before."""

    def __init__(self, http: aiohttp.ClientSession, openid_metadata_url: str, clock: Clock) -> None:
        self._http = http
        self._url = openid_metadata_url
        self._clock = clock
        self._keys: Mapping[str, PublishedKey] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> PublishedKey | None:
        """The key of that id; raises Unavailable while none could be fetched."""
        if self._is_due(key_id) or self._fetching.locked():
            async with self._fetching:
                if self._is_due(key_id):
                    await self._fetch()
        if self._fetched_at is None:
            raise Unavailable("The Bot Framework's keys cannot be fetched.")
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < KEYS_PAUSE:
            return False
        return self._fetched_at is None or now - self._fetched_at >= KEYS_FRESH or key_id not in self._keys

    async def _fetch(self) -> None:
        """Keep what was known if the publisher is away: its keys live for weeks."""
        self._tried_at = self._clock.now()
        try:
            metadata = await self._read(self._url)
            found = await self._read(str(metadata["jwks_uri"]))
            keys = {str(each["kid"]): _key(each) for each in found["keys"] if each.get("kty") == "RSA"}
        except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError, jwt.PyJWTError) as error:
            log.warning("teams_keys_unavailable", url=self._url, error=f"{type(error).__name__}: {error}")
            return
        self._keys, self._fetched_at = keys, self._tried_at

    async def _read(self, url: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with self._http.get(url, timeout=timeout, allow_redirects=False) as response:
            response.raise_for_status()
            return await response.json(content_type=None)


def _key(jwk: Mapping[str, Any]) -> PublishedKey:
    endorsements = jwk.get("endorsements") or []
    return PublishedKey(jwt.PyJWK(dict(jwk), algorithm="RS256"), frozenset(str(each) for each in endorsements))
