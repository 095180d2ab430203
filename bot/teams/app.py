"""The Teams endpoint on our HTTP server: POST /api/messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity

from bot.answer import Answer
from bot.arrivals import Arrivals
from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.teams.activities import bot_of, natural_key, tenant_of, text_of
from bot.teams.authentication import TurnAuthentication
from bot.teams.channel import TeamsChannel
from bot.teams.connector import Connector
from bot.teams.dialogs import Dialogs
from bot.teams.directory import TeamsDirectory
from bot.teams.drawing import CardDrawing
from bot.teams.extension import MessageExtension
from bot.teams.invokes import CardInvokes, Take
from bot.teams.keys import PublishedKeys
from bot.teams.login import BotLogin
from bot.teams.references import Reference, References
from bot.teams.registration import NoRegistration, Registration, is_loopback
from bot.teams.service_urls import ServiceUrls
from bot.teams.tokens import ChannelTokens
from bot.teams.turns import Turns, is_whole
from core.chat.rules import Surface
from core.clock import Clock
from core.database.engine import Database
from core.errors import PermissionDenied
from core.http.failures import Malformed

PATH = "/api/messages"
BODY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Teams:
    """What the surface is made of: what sends, what is asked about people, and what verifies who sends to us."""

    channel: TeamsChannel
    directory: TeamsDirectory
    drawing: CardDrawing
    references: References
    authentication: TurnAuthentication
    is_local: bool


@asynccontextmanager
async def open_teams(
    registration: Registration | NoRegistration, database: Database, buttons: Buttons, clock: Clock
) -> AsyncIterator[Teams]:
    """The surface with its connections to the Bot Framework, which are closed at the end."""
    async with aiohttp.ClientSession() as http:
        if isinstance(registration, Registration):
            login = BotLogin(http, registration, clock)
            keys = PublishedKeys(http, registration.openid_metadata_url, clock)
            tokens = ChannelTokens(registration.app_id, keys, clock)
            service_urls = ServiceUrls(is_local=registration.is_local)
            bot, tenant = f"28:{registration.app_id}", registration.tenant
        else:
            login, tokens, service_urls, bot, tenant = None, None, ServiceUrls(is_local=True), "28:local", None
        connector = Connector(http, login, service_urls)
        references = References(database)
        drawing = CardDrawing(buttons, has_dialogs=tokens is not None)
        channel = TeamsChannel(connector, references.find_latest, drawing, bot)
        yield Teams(
            channel=channel,
            directory=TeamsDirectory(connector, channel, tenant),
            drawing=drawing,
            references=references,
            authentication=TurnAuthentication(registration, tokens, service_urls),
            is_local=tokens is None,
        )


def add_teams_routes(
    application: web.Application,
    teams: Teams,
    arrivals: Arrivals,
    desk: ChatDesk,
    buttons: Buttons,
    *,
    public_url: str,
) -> None:
    """Serve activities on the application. Errors that are PsaErrors are answered by its middleware."""
    take: Take = partial(_take, arrivals, teams.references)
    dialogs = Dialogs(take, desk, buttons, teams.drawing)
    turns = Turns(
        take,
        CardInvokes(take, desk, buttons, teams.drawing, public_url),
        dialogs,
        MessageExtension(take, desk, buttons, teams.drawing, dialogs),
    )
    adapter = CloudAdapter(teams.authentication)

    async def receive(request: web.Request) -> web.Response:
        if teams.is_local:
            _check_local(request)
        activity = await _read(request)
        # Its `process` would do the same, but cannot write an answer that is a dict or says a text.
        response = await adapter.process_activity(
            request.headers.get("Authorization", ""), _model(activity), turns.of(activity).on_turn
        )
        if response is None:
            return web.Response(status=202)
        body = orjson.dumps(response.body) if response.body is not None else None
        return web.Response(status=response.status, body=body, content_type="application/json")

    application.router.add_post(PATH, receive)


async def _take(
    arrivals: Arrivals, references: References, activity: Mapping[str, Any]
) -> asyncio.Future[Answer | None]:
    references.saw(tenant_of(activity), Reference(text_of(activity, "serviceUrl"), bot_of(activity)))
    return await arrivals.take(Surface.TEAMS, natural_key(activity), activity)


async def _read(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(BODY_SECONDS):
            activity = orjson.loads(await request.read())
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (orjson.JSONDecodeError, web.RequestPayloadError, ConnectionError) as error:
        raise Malformed("The body is no JSON.") from error
    if not is_whole(activity):
        raise Malformed("The body is no activity.")
    return dict(activity)


def _model(activity: Mapping[str, Any]) -> Activity:
    """The activity as the library models it. It is always answered at once, never with all that a turn would say."""
    try:
        return Activity.deserialize({**activity, "deliveryMode": None})
    except ValueError as error:
        raise Malformed("The body is no activity.") from error


def _check_local(request: web.Request) -> None:
    """Nothing that a proxy passes on, and nothing that a page in somebody's browser sends under another name."""
    host = request.url.host
    if not is_loopback(host) or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        raise PermissionDenied("Without tokens, activities are taken from this machine only.")
