"""Access tokens for XOAUTH2: the client credentials grant and the refresh token grant (RFC 6749, 4.4 and 6).

Made for the token endpoints of Microsoft 365 and Google, and for any other that keeps to the RFC.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from core.clock import Clock
from core.mail.mailboxes import Mailbox, MailboxSecret
from core.mail.model import MailboxAuth
from ingest.imap.errors import AuthorizationExpired, MailboxUnreachable

MARGIN = timedelta(minutes=5)
TIMEOUT_SECONDS = 20.0
DEFAULT_LIFE_SECONDS = 3600

_TRANSIENT = ("temporarily_unavailable", "server_error", "slow_down")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    good_until: datetime


class AccessTokens:
    """The access tokens of one mailbox, asked for when needed and kept while they are good.

    `read_secret` gives the secret as stored now. `store_refresh_token(used, rotated)` commits a new refresh token: that
    happens before the access token that came with it is used, so that a rotated token is never lost behind a working
    log-in.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        http: aiohttp.ClientSession,
        clock: Clock,
        read_secret: Callable[[], Awaitable[MailboxSecret]],
        store_refresh_token: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._mailbox = mailbox
        self._http = http
        self._clock = clock
        self._read_secret = read_secret
        self._store_refresh_token = store_refresh_token
        self._token: _Token | None = None
        self._is_kept = False
        self._unstored: tuple[str, str] | None = None

    async def get_token(self) -> str:
        """An access token that is good for a while yet.

        Raises AuthorizationExpired if a person must authorise anew, MailboxUnreachable if the endpoint is away,
        Unavailable if a rotated refresh token could not be stored (it is kept and stored before the next use).
        """
        await self._store_rotated()
        now = self._clock.now()
        if self._token is not None and now < self._token.good_until:
            self._is_kept = True
            return self._token.text
        secret = await self._read_secret()
        answer = await self._ask(_form(self._mailbox, secret))
        text = answer.get("access_token")
        if not isinstance(text, str) or not text:
            raise MailboxUnreachable(f"{self._mailbox.token_url} answered without an access token.")
        self._token, self._is_kept = _Token(text, _good_until(now, answer.get("expires_in"))), False
        rotated = answer.get("refresh_token")
        if self._mailbox.auth is MailboxAuth.XOAUTH2_REFRESH_TOKEN and isinstance(rotated, str) and rotated:
            self._unstored = (secret.refresh_token or "", rotated)
            await self._store_rotated()
        return text

    def forget(self) -> bool:
        """The mail server refused the token: ask for a new one next time.

        Returns whether that promises more: the refused one was kept from before, not fresh from the endpoint.
        """
        self._token = None
        return self._is_kept

    async def _store_rotated(self) -> None:
        if self._unstored is not None:
            await self._store_refresh_token(*self._unstored)
            self._unstored = None

    async def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        url = self._mailbox.token_url or ""
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
            async with self._http.post(url, data=form, timeout=timeout, allow_redirects=False) as response:
                status = response.status
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise MailboxUnreachable(f"{url} gave no answer that makes sense: {type(error).__name__}.") from error
        if not isinstance(answer, dict):
            raise MailboxUnreachable(f"{url} answered {status} and no JSON object.")
        problem = answer.get("error")
        if status == 200 and problem is None:
            return answer
        told = f"{url} answered {status}: {problem}: {str(answer.get('error_description') or '')[:300]}"
        if status == 429 or status >= 500 or problem is None or problem in _TRANSIENT:
            raise MailboxUnreachable(told)
        raise AuthorizationExpired(told)


def _form(mailbox: Mailbox, secret: MailboxSecret) -> dict[str, str]:
    form = {"client_id": mailbox.client_id or ""}
    if secret.client_secret:
        form["client_secret"] = secret.client_secret
    if mailbox.scope:
        form["scope"] = mailbox.scope
    if mailbox.auth is MailboxAuth.XOAUTH2_CLIENT_CREDENTIALS:
        return {"grant_type": "client_credentials", **form}
    return {"grant_type": "refresh_token", "refresh_token": secret.refresh_token or "", **form}


def _good_until(now: datetime, expires_in: object) -> datetime:
    """With a margin, which is smaller for tokens of a short life. Some endpoints send the number as text."""
    try:
        life = timedelta(seconds=float(str(expires_in)))
    except ValueError:
        life = timedelta(seconds=DEFAULT_LIFE_SECONDS)
    return now + life - min(MARGIN, life / 2)
