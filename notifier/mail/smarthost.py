"""Mail by SMTP to the one server that sends it on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from core.errors import Misconfigured, Unavailable
from core.mail.outgoing import DueMail
from notifier.mail.transport import Delivery, DeliveryOutcome

CONNECT_SECONDS = 20.0
DELIVERY_SECONDS = 120.0
QUIT_SECONDS = 2.0

OUR_LOGIN_IS_MISSING = (530, 535, 538)
"""RFC 4954: the server wants us to log in (otherwise); no fault of the mail."""


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Where to connect to. Without `use_tls`, STARTTLS is used where it is offered; `needs_tls` insists on it."""

    host: str
    port: int
    use_tls: bool
    needs_tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def smarthost_from(url: str) -> Smarthost:
    """Read `smtp://user:password@host:587` or `smtps://…`; raises Misconfigured, without repeating the URL.

    A password leaves this machine over TLS only.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Misconfigured("PSA_SMARTHOST_URL is no URL.") from error
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise Misconfigured("PSA_SMARTHOST_URL must look like smtp://user:password@host:587 or smtps://…")
    use_tls = parts.scheme == "smtps"
    return Smarthost(
        host=host,
        port=port or (465 if use_tls else 587 if parts.username else 25),
        use_tls=use_tls,
        needs_tls=not use_tls and bool(parts.username) and not _is_this_machine(host),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SmarthostTransport:
    """Hands mails to a smarthost; one connection a session. `hostname` is how we introduce ourselves."""

    def __init__(self, smarthost: Smarthost, hostname: str) -> None:
        self._smarthost = smarthost
        self._hostname = hostname

    @asynccontextmanager
    async def open(self) -> AsyncIterator[_SmarthostSession]:
        s = self._smarthost
        client = SMTP(
            hostname=s.host,
            port=s.port,
            use_tls=s.use_tls,
            start_tls=False if s.use_tls else True if s.needs_tls else None,
            # Where plain text would do as well, an unproven certificate is no reason not to send.
            validate_certs=s.use_tls or s.needs_tls,
            username=s.username,
            password=s.password,
            local_hostname=self._hostname,
            timeout=CONNECT_SECONDS,
        )
        try:
            await client.connect()
        except (SMTPException, OSError) as error:
            raise Unavailable(f"The smarthost {s.host}:{s.port} is away: {_words(error)}") from error
        try:
            yield _SmarthostSession(client)
        finally:
            await _close(client)


class _SmarthostSession:
    def __init__(self, client: SMTP) -> None:
        self._client = client

    async def deliver(self, mail: DueMail) -> Delivery:
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                _, answer = await self._client.sendmail(
                    mail.envelope_from, [mail.recipient], mail.content, timeout=DELIVERY_SECONDS
                )
        except SMTPRecipientsRefused as error:
            return _refusal(error.recipients[0])
        except SMTPResponseException as error:
            return _refusal(error)
        except (ValueError, SMTPNotSupported) as error:
            return Delivery(DeliveryOutcome.REFUSED, str(error))
        except (SMTPException, OSError) as error:
            raise Unavailable(f"The smarthost broke off: {_words(error)}") from error
        return Delivery(DeliveryOutcome.TAKEN, answer)


def _refusal(error: SMTPResponseException) -> Delivery:
    if error.code in OUR_LOGIN_IS_MISSING:
        raise Unavailable(f"The smarthost does not let us send: {_words(error)}") from error
    is_final = 500 <= error.code < 600
    return Delivery(DeliveryOutcome.REFUSED if is_final else DeliveryOutcome.REFUSED_FOR_NOW, _words(error))


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {' '.join(error.message.split())}"
    return str(error) or type(error).__name__


async def _close(client: SMTP) -> None:
    try:
        await client.quit(timeout=QUIT_SECONDS)
    except (SMTPException, OSError):
        client.close()
