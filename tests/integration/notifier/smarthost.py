"""A real SMTP server that takes, refuses or breaks off as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

BREAK_OFF = "break off"
LOGIN = LoginPassword(b"desk", b"se cret")


@dataclass(slots=True)
class SmarthostServer:
    """What it answers to DATA, by recipient (else 250), and what it took."""

    needs_login: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    connections: int = 0
    logins: int = 0
    tls_connections: int = 0
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        self.tried.append(recipient)
        self.tls_connections += session.ssl is not None
        answer = self.answers.get(recipient, "250 taken")
        if answer == BREAK_OFF:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        elif answer.startswith("250"):
            self.taken.append(envelope)
        return answer

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.needs_login and not session.authenticated:
            return "530 5.7.0 log in first"
        envelope.mail_from = address
        return "250 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("unknown@"):
            self.tried.append(address)
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins += 1
        return AuthResult(success=data == LOGIN, handled=False)

    def connected(self, tls: ssl.SSLContext | None) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="smarthost.example",
            authenticator=self.authenticate,
            auth_require_tls=False,
            tls_context=tls,
            loop=asyncio.get_running_loop(),
        )


@asynccontextmanager
async def smarthost(
    *, port: int = 0, needs_login: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[SmarthostServer]:
    """The server on a free port, or on `port`, while the block runs; it offers STARTTLS with `tls`."""
    state = SmarthostServer(needs_login=needs_login)
    server = await asyncio.get_running_loop().create_server(lambda: state.connected(tls), "127.0.0.1", port)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state
