"""The listening socket: who may connect, how many at once, and an orderly end."""

from __future__ import annotations

import asyncio
import collections
import ssl
from ipaddress import ip_address

import structlog

from core.clock import Clock
from core.errors import Misconfigured
from core.runtime.metrics import Metrics
from ingest.smtp.acceptance import MailAcceptor, MailChannel
from ingest.smtp.recipients import RecipientPolicy
from ingest.smtp.session import LmtpSession, SmtpSession
from ingest.smtp.settings import SmtpSettings

log = structlog.get_logger(__name__)


class SmtpListener:
    """Listens for SMTP or LMTP. A component of the supervisor, or started and drained by hand."""

    def __init__(
        self,
        settings: SmtpSettings,
        acceptor: MailAcceptor,
        recipient_policy: RecipientPolicy,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.acceptor = acceptor
        self.recipient_policy = recipient_policy
        self.clock = clock
        self.tls_context = _load_tls(settings)
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._sessions: dict[SmtpSession, str | None] = {}
        self._connections = collections.Counter[str | None]()
        self._all_closed = asyncio.Event()
        self._all_closed.set()

    @property
    def name(self) -> str:
        return f"{self.settings.channel.value} listener"

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was taken."""
        if self._server is None:
            return self.settings.port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def is_listening(self) -> bool:
        """Whether clients can connect."""
        return self._server is not None and self._server.is_serving()

    async def run(self, stop: asyncio.Event, drain_timeout_seconds: float = 20.0) -> None:
        """Listen until `stop` is set, then drain."""
        await self.start()
        await stop.wait()
        await self.drain(drain_timeout_seconds)

    async def start(self) -> None:
        """Begin to listen; raises `Misconfigured` when the address cannot be had."""
        loop = asyncio.get_running_loop()
        kind = LmtpSession if self.settings.channel is MailChannel.LMTP else SmtpSession
        try:
            self._server = await loop.create_server(
                lambda: kind(self, loop), self.settings.host, self.settings.port, backlog=1024
            )
        except OSError as error:
            address = f"{self.settings.host}:{self.settings.port}"
            raise Misconfigured(f"Cannot listen for {self.settings.channel.value} on {address}: {error}") from error
        log.info("listening", channel=self.settings.channel.value, host=self.settings.host, port=self.port)

    async def drain(self, timeout_seconds: float) -> None:
        """Take no new connections, close idle ones with 421 4.3.2, let mails under way finish in the time allowed."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.leave()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._all_closed.wait()
        except TimeoutError:
            log.warning("smtp_sessions_cut_off", channel=self.settings.channel.value, sessions=len(self._sessions))
            for session in list(self._sessions):
                session.leave(at_once=True)

    # What sessions ask and tell

    def find_refusal(self, client_ip: str | None) -> str | None:
        """The reply to a client that may not connect now; None for one that may."""
        if not self.is_listening:
            return "421 4.3.2 Service is shutting down, try again"
        if len(self._sessions) >= self.settings.max_connections:
            return "421 4.7.0 Too many connections, try again later"
        if self._connections[client_ip] < self.settings.max_connections_per_client or self._is_unlimited(client_ip):
            return None
        return "421 4.7.0 Too many connections from your address"

    def session_opened(self, session: SmtpSession, client_ip: str | None) -> None:
        self._sessions[session] = client_ip
        self._connections[client_ip] += 1
        self._all_closed.clear()
        self._metrics.smtp_connections.inc()

    def session_closed(self, session: SmtpSession) -> None:
        client_ip = self._sessions.pop(session)
        self._connections[client_ip] -= 1
        if not self._connections[client_ip]:
            del self._connections[client_ip]
        if not self._sessions:
            self._all_closed.set()
        self._metrics.smtp_connections.dec()

    def mail_refused(self, reason: str) -> None:
        self._metrics.mails_refused.labels(self.settings.channel.value, reason).inc()

    def mail_answered(self, seconds: float) -> None:
        self._metrics.mail_accept_seconds.observe(seconds)

    def _is_unlimited(self, client_ip: str | None) -> bool:
        if client_ip is None:
            return True  # a local socket
        address = ip_address(client_ip)
        return any(address in network for network in self.settings.unlimited_networks)


def _load_tls(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        if settings.require_tls:
            raise Misconfigured("TLS is required on the SMTP port, but there is no certificate or key.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"The SMTP certificate or key cannot be used: {error}") from error
    return context
