"""The Received field that we put on top of every mail (RFC 5321 section 4.4)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from ipaddress import ip_address


def format_received(
    *,
    helo: str,
    client_ip: str | None,
    hostname: str,
    protocol: str,
    tls: str | None,
    mail_id: str,
    recipient: str | None,
    received_at: datetime,
) -> bytes:
    """One folded Received field with its CRLF.

    `protocol` is a word of RFC 3848 such as "ESMTPS", `tls` names version and cipher, `recipient` is given only if
    there is exactly one, so that recipients never learn of each other.
    """
    lines = [f"Received: from {helo} ({_format_address(client_ip)})", f"\tby {hostname} with {protocol} id {mail_id}"]
    if tls is not None:
        lines.append(f"\t({tls})")
    if recipient is not None:
        lines.append(f"\tfor <{recipient}>")
    return ("\r\n".join(lines) + f";\r\n\t{format_datetime(received_at)}\r\n").encode("utf-8", "replace")


def _format_address(client_ip: str | None) -> str:
    """An address literal (section 4.1.3)."""
    if client_ip is None:
        return "[unknown]"
    return f"[IPv6:{client_ip}]" if ip_address(client_ip).version == 6 else f"[{client_ip}]"
