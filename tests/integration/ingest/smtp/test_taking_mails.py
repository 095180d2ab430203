"""What a sender hears, and what the acceptor gets."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest
from prometheus_client import CollectorRegistry

from core.errors import Unavailable
from core.runtime.metrics import Metrics
from ingest.smtp.acceptance import MailChannel, MailTooLarge, Rejected, TemporarilyUnavailable
from tests.integration.ingest.smtp.conftest import Connect, Listen
from tests.integration.ingest.smtp.peers import MAIL, Client, MemoryAcceptor


def count(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


async def test_a_mail_is_handed_over_with_its_envelope_before_the_sender_hears_250(
    client: Client, acceptor: MemoryAcceptor
) -> None:
    assert await client.deliver(MAIL, "help@msp.example", "x@desk.example", "help@msp.example") == "250 2.0.0 ticket #1"
    ((raw, envelope),) = acceptor.mails
    assert raw.endswith(MAIL)
    assert envelope.sender == "anna@customer.example"
    assert envelope.recipients == ("help@msp.example", "x@desk.example")
    assert (envelope.client_ip, envelope.helo, envelope.tls) == ("127.0.0.1", "client.example", False)
    assert envelope.channel is MailChannel.SMTP
    assert envelope.received_at.tzinfo is not None


async def test_our_received_field_stands_on_top_and_can_be_cut_off(client: Client, acceptor: MemoryAcceptor) -> None:
    await client.deliver()
    raw, envelope = acceptor.mails[0]
    trace = raw[: envelope.trace_bytes].decode()
    assert trace.startswith("Received: from client.example ([127.0.0.1])\r\n\tby mx.msp.example with ESMTP id ")
    assert "\tfor <help@msp.example>;\r\n" in trace
    assert acceptor.contents == [MAIL]


async def test_several_recipients_do_not_learn_of_each_other(client: Client, acceptor: MemoryAcceptor) -> None:
    await client.deliver(MAIL, "a@desk.example", "b@desk.example")
    raw, envelope = acceptor.mails[0]
    assert b"desk.example" not in raw[: envelope.trace_bytes]


async def test_the_null_sender_of_bounces_is_taken(client: Client, acceptor: MemoryAcceptor) -> None:
    await client.begin(sender="")
    await client.say("DATA")
    assert (await client.say(MAIL + b".")).startswith("250 ")
    assert acceptor.mails[0][1].sender == ""


async def test_many_mails_go_over_one_connection(client: Client, acceptor: MemoryAcceptor) -> None:
    for number in range(1, 6):
        assert await client.deliver(b"Subject: %d\r\n\r\n" % number) == f"250 2.0.0 ticket #{number}"
    assert acceptor.contents == [b"Subject: %d\r\n\r\n" % number for number in range(1, 6)]


@pytest.mark.parametrize(
    ("failure", "reply"),
    [
        (TemporarilyUnavailable("the database is away"), "451 4.3.0 The mail cannot be kept now, try again"),
        (Unavailable("the blob store is away"), "451 4.3.0 The mail cannot be kept now, try again"),
        (RuntimeError("secret detail"), "451 4.3.0 The mail cannot be kept now, try again"),
        (MailTooLarge("too large"), "552 5.3.4 The mail is larger than 41943040 bytes"),
        (Rejected("Not\r\nwanted: ü"), "550 5.7.1 Not wanted: ?"),
    ],
)
async def test_a_mail_that_was_not_kept_is_never_answered_250(
    client: Client, acceptor: MemoryAcceptor, failure: Exception, reply: str
) -> None:
    acceptor.failure = failure
    assert await client.deliver() == reply
    acceptor.failure = None
    assert await client.deliver() == "250 2.0.0 ticket #1"


async def test_an_acceptor_that_hangs_is_a_temporary_failure(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor
) -> None:
    client = await connect(await listen(accept_timeout_seconds=0.05))
    await client.greet()
    acceptor.gate.clear()
    assert (await client.deliver()).startswith("451 4.3.0 ")
    assert acceptor.mails == []


async def test_the_standard_librarys_client_is_served(listen: Listen, acceptor: MemoryAcceptor) -> None:
    listener = await listen()
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "anna@customer.example", "help@msp.example", "Grüße"
    message.set_content("…\n.\n..\nend\n", cte="8bit")

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", listener.port, timeout=10) as smtp:
            smtp.send_message(message)

    await asyncio.to_thread(deliver)
    assert "…\r\n.\r\n..\r\nend\r\n".encode() in acceptor.contents[0]


async def test_bytes_beyond_ascii_and_long_lines_come_through_unchanged(
    client: Client, acceptor: MemoryAcceptor
) -> None:
    mail = b"Subject: \xfc\xe4\r\n\r\n" + bytes(range(1, 10)) + b"\x00\xff" * 50_000 + b"\r\n"
    assert (await client.deliver(mail)).startswith("250 ")
    assert acceptor.contents == [mail]


async def test_an_internationalised_sender_is_taken(client: Client, acceptor: MemoryAcceptor) -> None:
    assert (await client.say("MAIL FROM:<änna@müller.example> SMTPUTF8 BODY=8BITMIME")).startswith("250 ")
    await client.say("RCPT TO:<help@msp.example>")
    await client.say("DATA")
    assert (await client.say(MAIL + b".")).startswith("250 ")
    raw, envelope = acceptor.mails[0]
    assert envelope.sender == "änna@müller.example"
    assert b" with UTF8SMTP id " in raw


async def test_commands_may_be_sent_in_one_go(client: Client, acceptor: MemoryAcceptor) -> None:
    client.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<help@msp.example>\r\nRCPT TO:<x@desk.example>\r\nDATA\r\n")
    codes = [(await client.reply())[:3] for _ in range(4)]
    assert codes == ["250", "250", "250", "354"]
    client.send(MAIL + b".\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<help@msp.example>\r\nQUIT\r\n")
    codes = [(await client.reply())[:3] for _ in range(4)]
    assert codes == ["250", "250", "250", "221"]
    assert acceptor.contents == [MAIL]


async def test_a_client_that_does_not_wait_for_354_is_understood(client: Client, acceptor: MemoryAcceptor) -> None:
    client.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<help@msp.example>\r\nDATA\r\n" + MAIL + b".\r\nNOOP\r\nQUIT\r\n")
    codes = [(await client.reply())[:3] for _ in range(6)]
    assert codes == ["250", "250", "354", "250", "250", "221"]
    assert acceptor.contents == [MAIL]


async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor, metrics: Metrics
) -> None:
    listener = await listen()
    client = await connect(listener)
    await client.greet()
    await client.begin()
    await client.say("DATA")
    client.send(MAIL)
    await client.close()
    await listener.drain(10)
    assert acceptor.mails == []
    assert count(metrics.registry, "psa_smtp_connections") == 0


async def test_lmtp_answers_once_for_each_accepted_recipient(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor
) -> None:
    client = await connect(await listen(channel=MailChannel.LMTP))
    assert (await client.greet("EHLO client.example")).startswith("500 ")
    assert (await client.say("HELO client.example")).startswith("500 ")
    assert (await client.say("LHLO client.example")).startswith("250-mx.msp.example\n")
    await client.begin("a@desk.example", "b@desk.example")
    assert (await client.say("RCPT TO:<nobody@msp.example>")).startswith("550 5.1.1 ")
    assert (await client.say("RCPT TO:<a@desk.example>")).startswith("250 ")
    await client.say("DATA")
    client.send(MAIL + b".\r\nNOOP\r\n")
    assert [await client.reply() for _ in range(3)] == ["250 2.0.0 ticket #1"] * 3
    assert (await client.reply()).startswith("250 ")
    raw, envelope = acceptor.mails[0]
    assert b" with LMTP id " in raw
    assert (envelope.channel, envelope.recipients) == (MailChannel.LMTP, ("a@desk.example", "b@desk.example"))
    acceptor.failure = TemporarilyUnavailable("away")
    assert (await client.deliver(MAIL, "a@desk.example", "b@desk.example")).startswith("451 ")
    assert (await client.reply()).startswith("451 ")


async def test_what_is_refused_and_how_long_answers_take_is_counted(
    client: Client, acceptor: MemoryAcceptor, metrics: Metrics
) -> None:
    await client.deliver()
    await client.say("MAIL FROM:<a@b.example>")
    await client.say("RCPT TO:<x@elsewhere.example>")
    assert count(metrics.registry, "psa_mails_refused_total", channel="smtp", reason="relay_denied") == 1
    assert count(metrics.registry, "psa_mail_accept_seconds_count") == 1
    assert count(metrics.registry, "psa_smtp_connections") == 1
