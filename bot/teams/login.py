"""Our own token for the connector: the client credentials grant (RFC 6749, 4.4) at the tenant of a single-tenant app.

Not by MSAL as botframework-connector does it: that is synchronous and would hold up every turn of the event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from bot.channel import TryLater
from bot.teams.registration import Registration
from core.clock import Clock

SCOPE = "https://api.botframework.com/.default"
MARGIN = timedelta(minutes=5)
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    good_until: datetime


class BotLogin:
    """Asks for a token when needed and keeps it while it is good."""

    def __init__(self, http: aiohttp.ClientSession, registration: Registration, clock: Clock) -> None:
        self._http = http
        self._registration = registration
        self._clock = clock
        self._token: _Token | None = None
        self._asking = asyncio.Lock()

    async def get_token(self) -> str:
        """A token that is good for a while yet.

        Raises TryLater, also for a refused secret: what is queued waits until it is renewed.
        """
        async with self._asking:
            now = self._clock.now()
            if self._token is None or now >= self._token.good_until:
                self._token = await self._ask(now)
            return self._token.text

    def forget(self, token: str) -> None:
        """The connector refused it: ask for a new one next time."""
        if self._token is not None and self._token.text == token:
            self._token = None

    async def _ask(self, now: datetime) -> _Token:
        registered = self._registration
        url = f"{registered.login_url}/{registered.tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": registered.app_id,
            "client_secret": registered.password,
            "scope": SCOPE,
        }
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
            async with self._http.post(url, data=form, timeout=timeout, allow_redirects=False) as response:
                answer = await response.json(content_type=None)
                text, seconds = answer.get("access_token"), answer.get("expires_in", 3600)
                if response.status != 200 or not text:
                    told = f"{answer.get('error')}: {str(answer.get('error_description') or '')[:300]}"
                    raise TryLater(f"No token from {url}: {response.status} {told}")
                return _Token(str(text), now + timedelta(seconds=int(seconds)) - MARGIN)
        except (aiohttp.ClientError, TimeoutError, AttributeError, TypeError, ValueError) as error:
            raise TryLater(f"No token from {url}: {type(error).__name__}.") from error
