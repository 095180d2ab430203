"""Bounds: sizes, recipients, errors, connections, time."""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_network

import pytest

from core.runtime.metrics import Metrics
from tests.integration.ingest.smtp.conftest import Connect, Listen
from tests.integration.ingest.smtp.peers import MAIL, Client, MemoryAcceptor


async def test_a_mail_announced_too_large_is_refused_at_once(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(max_message_bytes=10_000))
    assert "250-SIZE 10000" in (await client.greet()).split("\n")
    assert (await client.say("MAIL FROM:<a@b.example> SIZE=10001")).startswith("552 5.3.4 ")
    assert (await client.say("MAIL FROM:<a@b.example> SIZE=" + "9" * 5000)).startswith("500 ")
    assert (await client.say("MAIL FROM:<a@b.example> SIZE=x")).startswith("501 ")
    assert (await client.say("MAIL FROM:<a@b.example> SIZE=10000")).startswith("250 ")


async def test_a_mail_that_grows_too_large_is_refused_and_nothing_of_it_kept(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor
) -> None:
    client = await connect(await listen(max_message_bytes=10_000))
    await client.greet()
    assert (await client.deliver(MAIL + b"x" * 3_000_000 + b"\r\n")).startswith("552 5.3.4 ")
    assert acceptor.mails == []
    assert (await client.deliver()).startswith("250 ")
    assert acceptor.contents == [MAIL]


async def test_ten_thousand_recipients_stay_cheap_and_the_mail_still_comes_through(
    client: Client, acceptor: MemoryAcceptor
) -> None:
    await client.say("MAIL FROM:<a@b.example>")
    started = time.perf_counter()
    client.send(b"".join(b"RCPT TO:<r%d@desk.example>\r\n" % number for number in range(10_000)))
    replies = [await client.reply() for _ in range(10_000)]
    assert time.perf_counter() - started < 10
    assert replies == ["250 2.1.5 OK"] * 100 + ["452 4.5.3 Too many recipients"] * 9_900
    await client.say("DATA")
    assert (await client.say(MAIL + b".")).startswith("250 ")
    assert len(acceptor.mails[0][1].recipients) == 100


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("help@msp.example", "250 2.1.5"),
        ("HELP+4711.abc@MSP.example", "250 2.1.5"),
        ("anyone@desk.example", "250 2.1.5"),
        ("postmaster", "250 2.1.5"),
        ("postmaster@msp.example", "250 2.1.5"),
        ("nobody@msp.example", "550 5.1.1"),
        ("help@elsewhere.example", "550 5.7.1"),
        ("help%elsewhere.example@msp.example", "550 5.1.1"),
        ("help@sub.desk.example", "550 5.7.1"),
        ("localpart", "550 5.7.1"),
        ("", "553 5.1.3"),
        ("a@b@c", "553 5.1.3"),
    ],
)
async def test_only_our_own_recipients_are_accepted(client: Client, recipient: str, reply: str) -> None:
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say(f"RCPT TO:<{recipient}>")).startswith(reply)


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (["MAIL FROM:<a@b.example>"], "503 5.5.1"),
        (["EHLO"], "501 5.5.2"),
        (["EHLO a b<script>"], "501 5.5.2"),
        (["EHLO x", "RCPT TO:<help@msp.example>"], "503 5.5.1"),
        (["EHLO x", "DATA"], "503 5.5.1"),
        (["EHLO x", "MAIL FROM:<a@b.example>", "MAIL FROM:<a@b.example>"], "503 5.5.1"),
        (["EHLO x", "MAIL FROM:<a@b.example>", "DATA"], "503 5.5.1"),
        (["EHLO x", "MAIL FROM:<a@b.example>", "RSET", "RCPT TO:<help@msp.example>"], "503 5.5.1"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<help@msp.example>", "EHLO x", "DATA"], "503 5.5.1"),
        (["EHLO x", "MAIL <a@b.example>"], "501 5.5.4"),
        (["EHLO x", "MAIL"], "501 5.5.4"),
        (["EHLO x", "MAIL FROM:<a b@c.example>"], "553 5.1.7"),
        (["EHLO x", "MAIL FROM:<a@b.example> XYZ=1"], "555 5.5.4"),
        (["EHLO x", "MAIL FROM:<a@b.example> BODY=BINARYMIME"], "501 5.5.4"),
        (["EHLO x", "AUTH PLAIN AGEAYg=="], "502 5.5.1"),
        (["EHLO x", "STARTTLS"], "454"),
        (["EHLO x", "BDAT 100 LAST"], "500"),
        (["EHLO " + "x" * 2000], "500"),
    ],
)
async def test_commands_out_of_order_or_shape_are_refused(
    listen: Listen, connect: Connect, commands: list[str], reply: str
) -> None:
    client = await connect(await listen())
    await client.reply()
    for command in commands[:-1]:
        assert (await client.say(command)).startswith("250")
    assert (await client.say(commands[-1])).startswith(reply)


@pytest.mark.parametrize("line", [b"\x00\xff\xfe", b"MAIL FROM:<\xff@b.example>", b"x" * 300_000])
async def test_lines_of_noise_are_refused_and_the_session_goes_on(client: Client, line: bytes) -> None:
    assert (await client.say(line))[0] == "5"
    assert await client.say("NOOP") == "250 OK"


async def test_too_many_errors_end_the_session(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(max_errors=4))
    await client.greet()
    for _ in range(4):
        assert (await client.say("RCPT TO:<x@y.example>")).startswith("503 ")
    assert (await client.reply()).startswith("421 4.7.0 ")
    assert await client.is_closed()


async def test_connections_are_limited_for_each_client_and_in_all(listen: Listen, connect: Connect) -> None:
    listener = await listen(max_connections_per_client=2)
    first, second = await connect(listener), await connect(listener)
    await first.greet()
    await second.greet()
    third = await connect(listener)
    assert (await third.reply()).startswith("421 4.7.0 ")
    assert await third.is_closed()
    assert (await first.say("QUIT")).startswith("221 ")
    assert await first.is_closed()
    fourth = await connect(listener)
    await fourth.greet()


async def test_our_own_relays_are_limited_only_by_the_total(listen: Listen, connect: Connect, metrics: Metrics) -> None:
    listener = await listen(
        max_connections=3, max_connections_per_client=1, unlimited_networks=(ip_network("127.0.0.0/8"),)
    )
    for _ in range(3):
        await (await connect(listener)).greet()
    assert (await (await connect(listener)).reply()).startswith("421 4.7.0 ")
    refused = metrics.registry.get_sample_value(
        "psa_mails_refused_total", {"channel": "smtp", "reason": "too_many_connections"}
    )
    assert refused == 1


async def test_an_idle_client_is_told_and_closed(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(idle_timeout_seconds=0.1))
    await client.greet()
    assert (await client.reply()).startswith("421 4.4.2 ")
    assert await client.is_closed()


async def test_a_client_that_stops_within_a_mail_is_told_and_closed(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor
) -> None:
    client = await connect(await listen(idle_timeout_seconds=0.2))
    await client.greet()
    await client.begin()
    await client.say("DATA")
    client.send(MAIL)
    assert (await client.reply()).startswith("421 4.4.2 ")
    assert await client.is_closed()
    assert acceptor.mails == []


async def test_a_mail_that_trickles_in_for_too_long_is_cut_off(listen: Listen, connect: Connect) -> None:
    client = await connect(await listen(data_timeout_seconds=0.3))
    await client.greet()
    await client.begin()
    await client.say("DATA")

    async def trickle() -> None:
        while True:
            client.send(b"x")
            await asyncio.sleep(0.01)

    trickling = asyncio.ensure_future(trickle())
    assert (await client.reply()).startswith("421 4.4.2 ")
    trickling.cancel()


async def test_while_the_acceptor_works_the_client_does_not_count_as_idle(
    listen: Listen, connect: Connect, acceptor: MemoryAcceptor
) -> None:
    client = await connect(await listen(idle_timeout_seconds=0.1))
    await client.greet()
    acceptor.gate.clear()
    delivery = asyncio.ensure_future(client.deliver())
    await acceptor.entered.wait()
    asyncio.get_running_loop().call_later(0.3, acceptor.gate.set)
    assert await delivery == "250 2.0.0 ticket #1"
