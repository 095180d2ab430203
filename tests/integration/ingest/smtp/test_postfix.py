"""A real postfix delivers to our SMTP and LMTP ports, keeps what we defer, and returns what we refuse."""

from __future__ import annotations

import asyncio
import smtplib

import pytest

from ingest.smtp.acceptance import MailChannel, TemporarilyUnavailable
from tests.integration.ingest.smtp.conftest import Listen
from tests.integration.ingest.smtp.peers import MAIL, MemoryAcceptor
from tests.services.postfix import postfix_delivering_to, wait_for_log
from tests.services.service import Service

pytestmark = pytest.mark.services


async def deliver(service: Service, recipients: list[str]) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", service.port, timeout=10) as client:
            client.sendmail("anna@customer.example", recipients, MAIL)

    await asyncio.to_thread(send)


@pytest.mark.parametrize("channel", list(MailChannel))
async def test_postfix_delivers_by_smtp_and_lmtp(
    listen: Listen, acceptor: MemoryAcceptor, channel: MailChannel
) -> None:
    listener = await listen(channel=channel)
    recipients = [f"r{number}@desk.example" for number in range(20)]
    with postfix_delivering_to(channel.value, listener.port) as postfix:
        await deliver(postfix, recipients)
        await acceptor.has(1)
        raw, envelope = acceptor.mails[0]
        assert set(envelope.recipients) == set(recipients)
        assert (envelope.channel, envelope.helo) == (channel, "relay.example")
        assert raw.endswith(b"On fire.\r\n")
        await asyncio.to_thread(wait_for_log, postfix, "status=sent", len(recipients))
    assert len(acceptor.mails) == 1


async def test_postfix_keeps_a_deferred_mail_and_tries_again(listen: Listen, acceptor: MemoryAcceptor) -> None:
    listener = await listen()
    acceptor.failure = TemporarilyUnavailable("the database is away")
    with postfix_delivering_to("smtp", listener.port) as postfix:
        await deliver(postfix, ["help@msp.example"])
        async with asyncio.timeout(30):
            await acceptor.entered.wait()
        acceptor.failure = None
        await acceptor.has(1)
    assert len(acceptor.mails) == 1


async def test_postfix_returns_a_refused_recipient_to_the_sender(listen: Listen, acceptor: MemoryAcceptor) -> None:
    listener = await listen(channel=MailChannel.LMTP)
    with postfix_delivering_to("lmtp", listener.port) as postfix:
        await deliver(postfix, ["help@msp.example", "nobody@msp.example"])
        await acceptor.has(1)
        assert acceptor.mails[0][1].recipients == ("help@msp.example",)
        await asyncio.to_thread(wait_for_log, postfix, "status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1", 1)
