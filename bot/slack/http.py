"""The addresses that Slack sends its requests to."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.app import SlackApp
from bot.slack.signature import is_from_slack
from core.clock import Clock

EVENTS: Final = "/slack/events"
COMMANDS: Final = "/slack/commands"
INTERACTIVITY: Final = "/slack/interactivity"

BODY_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


def add_slack_routes(router: web.UrlDispatcher, app: SlackApp, signing_secret: str, clock: Clock) -> None:
    """Take Slack's requests, signed with the secret, at three addresses that do the same."""

    async def receive(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        if not is_from_slack(signing_secret, body, request.headers, clock.now()):
            log.warning("slack_request_forged", path=request.path)
            return web.json_response({"error": "not signed by Slack"}, status=401)
        try:
            read = AsyncBoltRequest(body=body.decode(), query=request.query_string, headers=dict(request.headers))
        except (ValueError, AttributeError, TypeError):
            log.warning("slack_request_unreadable", path=request.path)
            return web.json_response({"error": "unreadable"}, status=400)
        return await to_aiohttp_response(await app.dispatch(read))

    for path in (EVENTS, COMMANDS, INTERACTIVITY):
        router.add_post(path, receive)
