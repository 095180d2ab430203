"""What one SMTP or LMTP listener is told."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from ingest.smtp.acceptance import MailChannel

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """`port` 0 takes a free one. TLS is offered when certificate and key are given.

    Clients of `unlimited_networks` are our own relays: no limit per client. Clients of `proxy_networks` are load
    balancers that must begin with a PROXY header (version 1 or 2); from anywhere else such a header is a bad command.
    """

    host: str = "127.0.0.1"
    port: int = 2525
    channel: MailChannel = MailChannel.SMTP
    hostname: str = "localhost"
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    require_tls: bool = False
    max_message_bytes: int = 40 * 1024 * 1024
    max_recipients: int = 100
    max_connections: int = 500
    max_connections_per_client: int = 100
    max_errors: int = 20
    unlimited_networks: Networks = ()
    proxy_networks: Networks = ()
    idle_timeout_seconds: float = 300.0
    data_timeout_seconds: float = 900.0
    accept_timeout_seconds: float = 120.0
    proxy_timeout_seconds: float = 5.0
