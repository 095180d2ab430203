"""One SMTP or LMTP connection: aiosmtpd's command loop, with our MAIL, RCPT and DATA."""

from __future__ import annotations

import asyncio
import collections
import functools
import secrets
import ssl
from ipaddress import ip_address
from typing import AnyStr, Protocol

import structlog
from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as SmtpState

from core.clock import Clock
from core.errors import Unavailable
from ingest.smtp.acceptance import Accepted, Envelope, MailAcceptor, MailChannel, MailTooLarge, Rejected
from ingest.smtp.message_data import DataTooLarge, read_message_data
from ingest.smtp.recipients import RecipientPolicy, RecipientVerdict
from ingest.smtp.settings import SmtpSettings
from ingest.smtp.syntax import find_path, is_helo_name, parse_path
from ingest.smtp.trace import format_received

log = structlog.get_logger(__name__)

_COMMAND_LIMIT_BYTES = 1024
_READ_AHEAD_BYTES = 64 * 1024
_REFUSED_RECIPIENTS = {
    RecipientVerdict.UNKNOWN: ("no_such_recipient", "550 5.1.1 No such recipient here"),
    RecipientVerdict.FOREIGN: ("relay_denied", "550 5.7.1 We do not relay to this address"),
}


class Front(Protocol):
    """What a session needs of its listener."""

    settings: SmtpSettings
    acceptor: MailAcceptor
    recipient_policy: RecipientPolicy
    clock: Clock
    tls_context: ssl.SSLContext | None

    def find_refusal(self, client_ip: str | None) -> str | None: ...
    def session_opened(self, session: SmtpSession, client_ip: str | None) -> None: ...
    def session_closed(self, session: SmtpSession) -> None: ...
    def mail_refused(self, reason: str) -> None: ...
    def mail_answered(self, seconds: float) -> None: ...


class SmtpSession(SMTP):
    """An SMTP connection. Its listener opens and closes it, and asks it to `leave` when it drains."""

    line_length_limit = _READ_AHEAD_BYTES  # of aiosmtpd's reader; commands are limited by command_size_limit
    command_size_limit = _COMMAND_LIMIT_BYTES

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = settings = front.settings
        super().__init__(
            self,
            data_size_limit=settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="ready",
            tls_context=front.tls_context,
            timeout=settings.idle_timeout_seconds,
            loop=loop,
        )
        self.command_size_limits = collections.defaultdict(lambda: _COMMAND_LIMIT_BYTES)
        self._front = front
        self._client_ip: str | None = None
        self._busy = False
        self._leaving = False
        self._opened = False
        self._errors = 0
        self._sender: str | None = None

    def __dir__(self) -> list[str]:
        """Commands and hooks only: aiosmtpd searches itself for them on every new connection, which cost most of it."""
        return _list_commands(self._settings.channel)

    # Connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None and self._original_transport is None:
            peer = transport.get_extra_info("peername")
            self._client_ip = peer[0] if isinstance(peer, tuple) else None
            if self._is_proxy():
                self._proxy_timeout = self._settings.proxy_timeout_seconds
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._opened:
            self._opened = False
            self._front.session_closed(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if self._proxy_timeout is None and not await self._open():
            return
        await super()._handle_client()

    async def handle_PROXY(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: SmtpState, envelope: Transaction, proxy_data: ProxyData
    ) -> bool:
        """Take the real client's address from the load balancer; without one (a health check) keep the balancer's."""
        if proxy_data.src_addr is not None:
            self._client_ip = str(proxy_data.src_addr)
        return await self._open()

    async def _open(self) -> bool:
        refusal = self._front.find_refusal(self._client_ip)
        if refusal is None:
            self._opened = True
            self._front.session_opened(self, self._client_ip)
            return True
        self._front.mail_refused("too_many_connections")
        self._say_goodbye(refusal)
        return False

    def _is_proxy(self) -> bool:
        if self._client_ip is None or not self._settings.proxy_networks:
            return False
        address = ip_address(self._client_ip)
        return any(address in network for network in self._settings.proxy_networks)

    def leave(self, *, at_once: bool = False) -> None:
        """Close with 421: now when nothing is under way or `at_once`, else after the mail that is."""
        self._leaving = True
        if at_once or not self._busy:
            self._say_goodbye("421 4.3.2 Service is shutting down, try again")

    def _say_goodbye(self, reply: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(f"{reply}\r\n".encode())
            self.transport.close()

    def _timeout_cb(self) -> None:
        self._say_goodbye("421 4.4.2 Waited too long for you")

    async def push(self, status: AnyStr) -> None:
        """Send a reply; the one error too many ends the session."""
        await super().push(status)
        if status.startswith("5" if isinstance(status, str) else b"5"):
            self._errors += 1
            if self._errors >= self._settings.max_errors:
                self._front.mail_refused("too_many_errors")
                self._say_goodbye("421 4.7.0 Too many errors")

    async def handle_exception(self, error: Exception) -> str:
        """What a client hears of an error of ours: nothing of its nature."""
        if isinstance(error, (ConnectionError, ssl.SSLError)):
            log.info("smtp_connection_broken", client_ip=self._client_ip, error=type(error).__name__)
        else:
            log.error("smtp_session_failed", client_ip=self._client_ip, exc_info=error)
        return "451 4.3.0 Something went wrong here, try again"

    # Commands

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        if await self._greets_well(hostname):
            await super().smtp_HELO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._greets_well(hostname) or self.session is None:
            return
        self.envelope = self._create_envelope()
        self.session.extended_smtp = True
        self.session.host_name = hostname
        extensions = [f"SIZE {self._settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context is not None and self._tls_protocol is None:
            extensions.append("STARTTLS")
        lines = [f"250-{line}" for line in (self.hostname, *extensions)]
        await self.push("\r\n".join([*lines, "250 ENHANCEDSTATUSCODES"]))

    async def _greets_well(self, hostname: str | None) -> bool:
        return await self._expects(
            bool(hostname) and is_helo_name(hostname or ""),
            "501 5.5.2 Say who you are: a host name or an address literal",
        )

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        await self.push("502 5.5.1 There is no log-in here")

    def _create_envelope(self) -> Transaction:
        """Called by aiosmtpd wherever a mail begins: after a greeting, RSET, DATA."""
        self._sender = None
        return super()._create_envelope()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._expects(self._helo is not None, "503 5.5.1 Greet first"):
            return
        if not await self._expects(self._sender is None, "503 5.5.1 One mail at a time"):
            return
        encrypted = self._tls_protocol is not None
        if not await self._expects(encrypted or not self._settings.require_tls, "530 5.7.0 STARTTLS first"):
            return
        text = find_path(arg, "FROM:")
        if text is None:
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
            return
        path = parse_path(text)
        if path is None:
            await self.push("553 5.1.7 The sender address is malformed")
            return
        fault = self._find_fault(path.parameters)
        if fault is not None:
            await self.push(fault)
            return
        self._sender = path.address
        if self.envelope is not None:
            self.envelope.smtp_utf8 = "SMTPUTF8" in path.parameters
        await self.push("250 2.1.0 OK")

    def _find_fault(self, parameters: dict[str, str | None]) -> str | None:
        unknown = parameters.keys() - {"BODY", "SIZE", "SMTPUTF8"}
        if unknown:
            return "555 5.5.4 There is a parameter that I do not know"
        if "BODY" in parameters and (parameters["BODY"] or "").upper() not in ("7BIT", "8BITMIME"):
            return "501 5.5.4 BODY is 7BIT or 8BITMIME"
        size = parameters.get("SIZE", "0")
        if size is None or not size.isdecimal() or len(size) > 20:
            return "501 5.5.4 SIZE is a number"
        if int(size) > self._settings.max_message_bytes:
            self._front.mail_refused("too_large")
            return self._too_large
        return None

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self._expects(self._sender is not None, "503 5.5.1 MAIL first"):
            return
        if len(self._recipients) >= self._settings.max_recipients:
            self._front.mail_refused("too_many_recipients")
            await self.push("452 4.5.3 Too many recipients")
            return
        text = find_path(arg, "TO:")
        if text is None:
            await self.push("501 5.5.4 Syntax: RCPT TO:<address>")
            return
        path = parse_path(text)
        if path is None or not path.address:
            await self.push("553 5.1.3 The recipient address is malformed")
        elif path.parameters:
            await self.push("555 5.5.4 There is a parameter that I do not know")
        else:
            verdict = self._front.recipient_policy.judge(path.address)
            if verdict is RecipientVerdict.ACCEPTED:
                self._recipients.append(path.address)
                await self.push("250 2.1.5 OK")
            else:
                reason, reply = _REFUSED_RECIPIENTS[verdict]
                self._front.mail_refused(reason)
                await self.push(reply)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if not await self._expects(bool(self._recipients), "503 5.5.1 RCPT first"):
            return
        if not await self._expects(not arg, "501 5.5.4 Syntax: DATA"):
            return
        self._busy = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            reply = await self._take_mail()
        finally:
            self._busy = False
        if reply.startswith("421"):
            self._say_goodbye(reply)
            return
        self._reset_timeout()
        await self._answer(reply)
        self.envelope = self._create_envelope()
        if self._leaving:
            self.leave()

    async def _answer(self, reply: str) -> None:
        """One reply for the mail, whoever its recipients are."""
        await self.push(reply)

    async def _take_mail(self) -> str:
        """Read the mail, hand it over and say what to reply."""
        try:
            async with asyncio.timeout(self._settings.data_timeout_seconds):
                content = await read_message_data(self._reader, self._settings.max_message_bytes, self._reset_timeout)
        except DataTooLarge:
            self._front.mail_refused("too_large")
            return self._too_large
        except TimeoutError:
            self._front.mail_refused("timeout")
            return "421 4.4.2 The mail took too long"
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()  # from here on the client waits for us
        started = self.loop.time()
        mail_id = secrets.token_hex(8)
        envelope, trace = self._describe(mail_id)
        raw = b"".join((trace, content))
        del content  # a large mail is in memory once
        reply = await self._hand_over(raw, envelope, mail_id)
        self._front.mail_answered(self.loop.time() - started)
        return reply

    async def _hand_over(self, raw: bytes, envelope: Envelope, mail_id: str) -> str:
        try:
            async with asyncio.timeout(self._settings.accept_timeout_seconds):
                accepted: Accepted = await self._front.acceptor.accept(raw, envelope)
        except MailTooLarge:
            self._front.mail_refused("too_large")
            return self._too_large
        except Rejected as error:
            self._front.mail_refused("rejected")
            return f"550 5.7.1 {_one_line(str(error))}"
        except (Unavailable, TimeoutError) as error:
            self._front.mail_refused("unavailable")
            log.warning("smtp_mail_deferred", mail_id=mail_id, client_ip=self._client_ip, error=str(error))
        except Exception:
            # Whatever else breaks, the sender must keep the mail and try again.
            self._front.mail_refused("unavailable")
            log.exception("smtp_mail_failed", mail_id=mail_id, client_ip=self._client_ip)
        else:
            return f"250 2.0.0 {_one_line(accepted.reference)}"
        return "451 4.3.0 The mail cannot be kept now, try again"

    def _describe(self, mail_id: str) -> tuple[Envelope, bytes]:
        recipients = tuple(dict.fromkeys(self._recipients))
        received_at = self._front.clock.now()
        trace = format_received(
            helo=self._helo or "unknown",
            client_ip=self._client_ip,
            hostname=self._settings.hostname,
            protocol=self._protocol_word(),
            tls=self._describe_tls(),
            mail_id=mail_id,
            recipient=recipients[0] if len(recipients) == 1 else None,
            received_at=received_at,
        )
        envelope = Envelope(
            sender=self._sender or "",
            recipients=recipients,
            client_ip=self._client_ip,
            helo=self._helo,
            channel=self._settings.channel,
            tls=self._tls_protocol is not None,
            received_at=received_at,
            trace_bytes=len(trace),
        )
        return envelope, trace

    def _protocol_word(self) -> str:
        """The word of RFC 3848, or of RFC 6531 section 4.3 for a mail with SMTPUTF8."""
        encrypted = "S" if self._tls_protocol is not None else ""
        lmtp = self._settings.channel is MailChannel.LMTP
        if self.envelope is not None and self.envelope.smtp_utf8:
            return f"UTF8{'LMTP' if lmtp else 'SMTP'}{encrypted}"
        if lmtp:
            return f"LMTP{encrypted}"
        return f"ESMTP{encrypted}" if self.session is not None and self.session.extended_smtp else "SMTP"

    def _describe_tls(self) -> str | None:
        cipher = (self.session.ssl or {}).get("cipher") if self.session is not None else None
        return f"version={cipher[1]} cipher={cipher[0]} bits={cipher[2]}" if cipher else None

    async def _expects(self, condition: bool, otherwise: str) -> bool:
        if not condition:
            await self.push(otherwise)
        return condition

    @property
    def _helo(self) -> str | None:
        return self.session.host_name if self.session is not None else None

    @property
    def _recipients(self) -> list[str]:
        return self.envelope.rcpt_tos if self.envelope is not None else []

    @property
    def _too_large(self) -> str:
        return f"552 5.3.4 The mail is larger than {self._settings.max_message_bytes} bytes"


class LmtpSession(SmtpSession):
    """An LMTP connection (RFC 2033): greeted with LHLO, and after DATA each accepted recipient has its own reply."""

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP, say LHLO")

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP, say LHLO")

    async def _answer(self, reply: str) -> None:
        await self.push("\r\n".join([reply] * len(self._recipients)))


@functools.cache
def _list_commands(channel: MailChannel) -> list[str]:
    kind = LmtpSession if channel is MailChannel.LMTP else SmtpSession
    return [name for name in dir(kind) if name.startswith(("smtp_", "handle_"))]


def _one_line(text: str) -> str:
    """Fit for a reply: one line of printable ASCII, not too long."""
    return "".join(character if " " <= character <= "~" else "?" for character in " ".join(text.split()))[:400]
