"""Slack's Web API, with its failures as ChannelErrors. Nothing is retried here: the delivery queue does that."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.channel import ChannelError, TryLater
from bot.slack.failures import failure_of

REQUEST_SECONDS = 10.0

Answer = Mapping[str, Any]


class SlackClient:
    """Calls methods of the Web API. Everything raises ChannelError."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self.web = web
        self.session = session

    async def call(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any) -> Answer:
        """The answer of a method of `web`."""
        data = (await self._attempt(method, arguments)).data
        return data if isinstance(data, dict) else {}

    async def call_with_form(self, method: str, **arguments: str | int | bool | None) -> Answer:
        """The answer of a method that takes no JSON: asked with a form, for addresses end up in the logs of proxies."""
        form = {name: _form_value(value) for name, value in arguments.items() if value is not None}
        return await self.call(self.web.api_call, api_method=method, data=form)

    async def respond(self, response_url: str, **arguments: Any) -> None:
        """Answer an interaction where it happened (5 times within 30 minutes)."""
        webhook = AsyncWebhookClient(response_url, session=self.session, logger=self.web.logger, retry_handlers=[])
        try:
            answer = await webhook.send_dict(arguments)
        except aiohttp.ClientConnectorError as error:
            raise TryLater(f"Slack cannot be reached: {error}.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(f"Slack did not answer: {error!r}.", is_uncertain=True) from error
        told = _code(answer.body)
        if answer.status_code != 200 or told:
            raise failure_of(told or answer.body.strip()[:100], answer.status_code, answer.headers)

    async def _attempt(
        self, method: Callable[..., Awaitable[AsyncSlackResponse]], arguments: Mapping[str, Any]
    ) -> AsyncSlackResponse:
        try:
            return await method(**arguments)
        except SlackApiError as error:
            raise _failure(error) from error
        except aiohttp.ClientConnectorError as error:
            raise TryLater(f"Slack cannot be reached: {error}.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(f"Slack did not answer: {error!r}.", is_uncertain=True) from error
        except AttributeError as error:
            # slack_sdk 3.48 asks a body that is no JSON, of a proxy for instance, for its "ok".
            raise TryLater("Slack's answer is no JSON.", is_uncertain=True) from error


@asynccontextmanager
async def open_slack(token: str, api_url: str) -> AsyncIterator[SlackClient]:
    """A client of the Web API at `api_url`, on a session of its own."""
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    # slack_sdk logs what it sends as soon as its logger says DEBUG: texts of customers, which belong in no log.
    quiet = logging.getLogger("psa.slack")
    quiet.setLevel(logging.WARNING)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        web = AsyncWebClient(token, base_url=api_url, session=session, logger=quiet, retry_handlers=[])
        yield SlackClient(web, session)


def _form_value(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(body: str) -> str:
    """The error that an answer address gives as JSON; it says `ok` where all is well."""
    if not body.startswith("{"):
        return ""
    told = orjson.loads(body)
    return "" if told.get("ok") else str(told.get("error") or "unknown_error")


def _failure(error: SlackApiError) -> ChannelError:
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse):
        return TryLater("Slack's answer cannot be read.", is_uncertain=True)
    code = answer.data.get("error", "") if isinstance(answer.data, dict) else ""
    return failure_of(str(code), answer.status_code, answer.headers)
