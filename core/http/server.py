"""The HTTP listener as a component."""

from __future__ import annotations

import asyncio
import logging

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from core.errors import Misconfigured

DRAIN_SECONDS = 10.0
"""How long requests that have begun may take once the process is to stop."""

IDLE_SECONDS = 75.0
"""A connection without a request, or with half of its headers, lives this long: longer than proxies keep theirs."""

LINGER_SECONDS = 2.0
"""How long the rest of a refused body is read, so that the client sees the answer."""

log = structlog.get_logger(__name__)


class HttpServer:
    """Serves the application on one address until it is told to stop, then lets begun requests finish.

    `run` raises Misconfigured if the address cannot be had. Port 0 takes a free one.
    """

    name = "http"

    def __init__(
        self, application: web.Application, host: str, port: int, *, drain_seconds: float = DRAIN_SECONDS
    ) -> None:
        self._application = application
        self._host = host
        self._port = port
        self._drain_seconds = drain_seconds
        self.listening = asyncio.Event()
        """Set as soon as connections are taken."""

    @property
    def port(self) -> int:
        """The port it listens on; the one asked for until it listens."""
        return self._port

    async def run(self, stop: asyncio.Event) -> None:
        runner = web.AppRunner(
            self._application,
            access_log=None,
            shutdown_timeout=self._drain_seconds,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
        )
        logging.getLogger("aiohttp.server").addFilter(_shorten)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self._host, self._port).start()
            except OSError as error:
                raise Misconfigured(f"HTTP cannot listen on {self._host}:{self._port}: {error.strerror}.") from error
            self._port = runner.addresses[0][1]
            self.listening.set()
            log.info("http_listening", host=self._host, port=self._port)
            await stop.wait()
        finally:
            self.listening.clear()
            await runner.cleanup()


def _shorten(record: logging.LogRecord) -> bool:
    """What is not even HTTP is no fault of ours: a line without a traceback, and without what was sent."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg, record.exc_info = f"{record.msg}: {type(record.exc_info[1]).__name__}", None
    return True
