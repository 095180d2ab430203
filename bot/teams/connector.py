"""The Bot Connector's REST API: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference

Called by aiohttp: the ConnectorClient of botframework-connector runs `requests` in threads and MSAL in the event loop,
and drops what its models do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from bot.channel import ChannelError, ConversationGone, MessageGone, Refused, Throttled, TryLater
from bot.teams.login import BotLogin
from bot.teams.service_urls import ServiceUrls

TIMEOUT_SECONDS = 15.0
PAUSE_SECONDS = 2.0
"""How long to wait after 429 that does not say."""

_STILL_THERE: Final = frozenset({"InvalidBotApiHost", "BadArgument"})
"""Codes of a 403 that say nothing about the conversation."""

_NOT_DONE = frozenset({412, 503})
"""Statuses that say for sure that nothing was done."""


class Connector:
    """Calls without any retry: those are the queue's. `login` is None in local mode."""

    def __init__(self, http: aiohttp.ClientSession, login: BotLogin | None, service_urls: ServiceUrls) -> None:
        self._http = http
        self._login = login
        self._service_urls = service_urls

    async def post(self, service_url: str, path: tuple[str, ...], body: Mapping[str, object]) -> dict[str, Any]:
        """Add something; returns what the connector answers. Raises a ChannelError."""
        return await self._call("POST", service_url, path, body)

    async def put(self, service_url: str, path: tuple[str, ...], body: Mapping[str, object]) -> None:
        await self._call("PUT", service_url, path, body)

    async def delete(self, service_url: str, path: tuple[str, ...]) -> None:
        await self._call("DELETE", service_url, path, None)

    async def get(self, service_url: str, path: tuple[str, ...]) -> dict[str, Any]:
        return await self._call("GET", service_url, path, None)

    async def _call(
        self, method: str, service_url: str, path: tuple[str, ...], body: Mapping[str, object] | None
    ) -> dict[str, Any]:
        if not self._service_urls.trusts(service_url):
            raise Refused(f"{service_url!r} is not the Teams service.")
        url = "/".join((service_url.rstrip("/"), "v3", *(quote(part, safe="") for part in path)))
        headers = {"Content-Type": "application/json"}
        token = await self._login.get_token() if self._login is not None else None
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        is_post = method == "POST"
        try:
            async with self._http.request(
                method,
                # As it is: else the escapes of `;` and `:` in ids would be undone.
                URL(url, encoded=True),
                data=None if body is None else orjson.dumps(body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                allow_redirects=False,
            ) as response:
                answer = _json(await response.read())
                if response.status < 300:
                    return answer
                if response.status == 401 and token is not None and self._login is not None:
                    self._login.forget(token)
                raise _error(response, answer, is_post=is_post, is_about_message=method in ("PUT", "DELETE"))
        except aiohttp.ClientConnectorError as error:
            raise TryLater(f"The Teams service cannot be reached: {error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            told = f"The Teams service broke off: {type(error).__name__}"
            raise TryLater(told, is_uncertain=is_post) from error


def _json(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error(
    response: aiohttp.ClientResponse, answer: Mapping[str, Any], *, is_post: bool, is_about_message: bool
) -> ChannelError:
    """What a status and its code mean.

    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages
    """
    status, problem = response.status, answer.get("error")
    code = str(problem.get("code") or "") if isinstance(problem, dict) else ""
    message = str(problem.get("message") or "") if isinstance(problem, dict) else ""
    told = f"{status} {code} {message}".strip()[:500]
    if status == 429:
        return Throttled(told, _retry_after(response.headers.get("Retry-After", "")))
    if status == 401 or status in (408, 412) or status >= 500:
        return TryLater(told, is_uncertain=is_post and status not in (401, *_NOT_DONE))
    if status == 403 and code not in _STILL_THERE:
        return ConversationGone(told)
    if status == 404:
        return MessageGone(told) if is_about_message and code != "ConversationNotFound" else ConversationGone(told)
    return Refused(told)


def _retry_after(value: str) -> float:
    """Seconds; Teams gives no dates (RFC 9110 allows them), so what is no number is the usual pause."""
    try:
        return max(float(value), 0.0)
    except ValueError:
        return PAUSE_SECONDS
