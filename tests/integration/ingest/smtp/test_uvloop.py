"""The same on uvloop, the event loop of every process: TLS in the middle of a connection is its own affair there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvloop

from core.clock import SystemClock
from core.runtime.metrics import Metrics
from ingest.smtp.listener import SmtpListener
from ingest.smtp.recipients import AcceptedRecipients
from ingest.smtp.settings import SmtpSettings
from tests.integration.ingest.smtp.peers import Client, MemoryAcceptor


def test_mails_starttls_and_draining_work_on_uvloop(tls_files: tuple[Path, Path]) -> None:
    big = b"Subject: x\r\n\r\n" + b".0123456789abcdef\r\n" * 100_000

    async def scenario() -> None:
        acceptor = MemoryAcceptor()
        settings = SmtpSettings(port=0, tls_certificate=tls_files[0], tls_key=tls_files[1])
        policy = AcceptedRecipients(["@msp.example"])
        listener = SmtpListener(settings, acceptor, policy, SystemClock(), Metrics())
        await listener.start()
        client = await Client.connect(listener.port)
        await client.greet()
        assert (await client.deliver()).startswith("250 ")
        client.send(b"STARTTLS\r\nMAIL FROM:<evil@evil.example>\r\n")
        assert (await client.reply()).startswith("220 ")
        await client.start_tls()
        await client.say("EHLO client.example")
        assert (await client.deliver(big)).startswith("250 ")
        assert acceptor.contents[1] == big.replace(b"\r\n.", b"\r\n")
        assert acceptor.mails[1][1].tls
        await listener.drain(10)
        assert (await client.reply()).startswith("421 4.3.2 ")
        assert await client.is_closed()
        await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
