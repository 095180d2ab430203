"""STARTTLS, and load balancers that announce the real client."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from core.errors import Misconfigured
from tests.integration.ingest.smtp.conftest import Connect, Listen
from tests.integration.ingest.smtp.peers import MemoryAcceptor

LOOPBACK = (ip_network("127.0.0.0/8"),)
V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([192, 0, 2, 9, 127, 0, 0, 1]) + b"\x10\x00\x00\x19"
V2_LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


async def test_a_mail_over_starttls_says_so(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor, tls_files: tuple[Path, Path]
) -> None:
    certificate, key = tls_files
    client = await connect(await listen(tls_certificate=certificate, tls_key=key, require_tls=True))
    assert "250-STARTTLS" in (await client.greet()).split("\n")
    assert (await client.say("MAIL FROM:<a@b.example>")).startswith("530 5.7.0 ")
    assert (await client.say("STARTTLS")).startswith("220 ")
    await client.start_tls()
    assert (await client.say("MAIL FROM:<a@b.example>")).startswith("503 5.5.1 ")
    greeting = (await client.say("EHLO client.example")).split("\n")
    assert "250-STARTTLS" not in greeting
    assert not any("AUTH" in line for line in greeting)
    big = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 100_000
    assert (await client.deliver(big)).startswith("250 ")
    raw, envelope = acceptor.mails[0]
    assert envelope.tls
    assert b" with ESMTPS id " in raw
    assert b"version=TLSv1.3 cipher=" in raw[: envelope.trace_bytes]
    assert acceptor.contents == [big]
    assert (await client.say("QUIT")).startswith("221 ")


async def test_commands_sent_in_the_clear_behind_starttls_are_forgotten(
    listen: Listen, connect: Connect, tls_files: tuple[Path, Path]
) -> None:
    certificate, key = tls_files
    client = await connect(await listen(tls_certificate=certificate, tls_key=key))
    await client.greet()
    client.send(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\n")
    assert (await client.reply()).startswith("220 ")
    await client.start_tls()
    assert (await client.say("RCPT TO:<help@msp.example>")).startswith("503 5.5.1 ")
    assert (await client.say("EHLO x")).startswith("250-")


async def test_a_failed_handshake_ends_only_its_own_connection(
    listen: Listen, connect: Connect, tls_files: tuple[Path, Path]
) -> None:
    certificate, key = tls_files
    listener = await listen(tls_certificate=certificate, tls_key=key)
    client = await connect(listener)
    await client.greet()
    assert (await client.say("STARTTLS")).startswith("220 ")
    client.send(b"this is no handshake\r\n")
    async with asyncio.timeout(10):
        await client.is_closed()
    await (await connect(listener)).greet()


async def test_required_tls_without_a_certificate_is_a_misconfiguration(listen: Listen, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        await listen(require_tls=True)
    with pytest.raises(Misconfigured):
        await listen(tls_certificate=tmp_path / "missing", tls_key=tmp_path / "missing")


async def test_a_port_in_use_is_a_misconfiguration(listen: Listen) -> None:
    listener = await listen()
    with pytest.raises(Misconfigured):
        await listen(port=listener.port)


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.9 127.0.0.1 4096 25\r\n", V2])
async def test_behind_a_known_load_balancer_the_real_client_counts(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor, header: bytes
) -> None:
    listener = await listen(proxy_networks=LOOPBACK, max_connections_per_client=1)
    client = await connect(listener)
    client.send(header)
    await client.greet()
    await client.deliver()
    raw, envelope = acceptor.mails[0]
    assert envelope.client_ip == "192.0.2.9"
    assert raw.startswith(b"Received: from client.example ([192.0.2.9])")
    second = await connect(listener)
    second.send(header)
    assert (await second.reply()).startswith("421 4.7.0 ")
    other = await connect(listener)
    other.send(b"PROXY TCP6 2001:db8::9 ::1 4096 25\r\n")
    await other.greet()


async def test_a_health_check_of_the_load_balancer_is_greeted(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(proxy_networks=LOOPBACK))
    client.send(V2_LOCAL)
    await client.greet()


@pytest.mark.parametrize(
    "header", [b"EHLO client.example\r\n", b"PROXY TCP4 nonsense\r\n", b"\r\n\r\n\x00\r\nQUIT\n\xff\xff"]
)
async def test_a_load_balancer_without_a_good_header_is_closed(listen: Listen, connect: Connect, header: bytes) -> None:
    client = await connect(await listen(proxy_networks=LOOPBACK, proxy_timeout_seconds=3.0))
    client.send(header)
    assert not (await client.reply()).startswith("220")


async def test_from_anywhere_else_a_proxy_header_is_a_bad_command(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(proxy_networks=(ip_network("192.0.2.0/24"),)))
    client.send(b"PROXY TCP4 192.0.2.9 127.0.0.1 4096 25\r\n")
    assert (await client.reply()).startswith("220 ")
    assert (await client.reply()).startswith("500 ")
