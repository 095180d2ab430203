"""Slack without a public address: the same requests over a WebSocket that we open (Socket Mode).

https://docs.slack.dev/apis/events-api/using-socket-mode. Not slack_sdk's own client: it starts a task for each message
that nobody waits for when the process stops, and connects again after fixed pauses.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import aiohttp
import orjson
import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.channel import ChannelError
from bot.slack.app import SlackApp
from bot.slack.client import SlackClient
from core.runtime.backoff import Backoff

HEARTBEAT_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


class SlackSocket:
    """A component; several share the requests. What was not acknowledged, Slack sends again."""

    name = "slack socket"

    def __init__(self, app: SlackApp, client: SlackClient, app_token: str) -> None:
        self._app = app
        self._client = client
        self._app_token = app_token
        self.connected = asyncio.Event()
        """Set while Slack has said hello."""

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(most_seconds=60.0)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not stop.is_set():
                try:
                    opened = await self._client.call(self._client.web.apps_connections_open, app_token=self._app_token)
                    async with session.ws_connect(str(opened["url"]), heartbeat=HEARTBEAT_SECONDS) as socket:
                        await self._serve(socket, stop, backoff)
                except (ChannelError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    log.warning("slack_socket_lost", error=str(error))
                if not stop.is_set():
                    await backoff.pause(stop)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, stop: asyncio.Event, backoff: Backoff) -> None:
        """Take requests until Slack or we want to end; what was begun is answered first."""
        stopping = asyncio.create_task(stop.wait())
        taking: set[asyncio.Task[None]] = set()
        try:
            while True:
                receiving = asyncio.create_task(socket.receive())
                await asyncio.wait({receiving, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done():
                    receiving.cancel()
                    break
                received = await receiving
                if received.type is not aiohttp.WSMsgType.TEXT:
                    break
                told = orjson.loads(received.data)
                if told.get("type") == "hello":
                    backoff.reset()
                    self.connected.set()
                    log.info("slack_socket_connected")
                elif told.get("type") == "disconnect":
                    break
                elif (request := SocketModeRequest.from_dict(told)) is not None:
                    task = asyncio.create_task(self._take(socket, request))
                    taking.add(task)
                    task.add_done_callback(taking.discard)
        finally:
            self.connected.clear()
            stopping.cancel()
            if taking:
                await asyncio.wait(taking)

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, request: SocketModeRequest) -> None:
        try:
            read = AsyncBoltRequest(mode="socket_mode", body=request.payload)
            response = await self._app.dispatch(read)
            if response.status != 200:
                return
            answer = SocketModeResponse(request.envelope_id, _payload(response.body))
            await socket.send_str(orjson.dumps(answer.to_dict()).decode())
        except (aiohttp.ClientError, OSError) as error:
            # It is kept; Slack sends it again, and that is a no-op.
            log.warning("slack_socket_acknowledgement_lost", error=str(error))
        except Exception:
            log.exception("slack_socket_request_failed")


def _payload(body: str) -> dict[str, Any] | None:
    if not body:
        return None
    answer: dict[str, Any] = orjson.loads(body) if body.startswith("{") else {"text": body}
    return answer
