"""A real postfix delivers to our SMTP and LMTP ports, keeps what we defer, and returns what we refuse."""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.smtp.acceptance import MailChannel, TemporarilyUnavailable
from tests.integration.ingest.smtp.conftest import Listen
from tests.integration.ingest.smtp.peers import MAIL, MemoryAcceptor
from tests.services.service import Service, find_or_install, free_port, running, unavailable, wait_until

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = {transport}:[127.0.0.1]:{port}
relay_transport = $default_transport
disable_dns_lookups = yes
lmtp_destination_recipient_limit = 50
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

pytestmark = pytest.mark.services


@contextmanager
def postfix_delivering_to(transport: str, port: int) -> Iterator[Service]:
    """A private postfix that passes everything on to one port of ours."""
    binary = find_or_install("postfix", "postfix")
    if os.geteuid() != 0:
        unavailable("postfix can be started by root only")
    # postfix gives up root's rights, so its folders must be open to its own user.
    folder = Path(tempfile.mkdtemp(prefix="psa-postfix-"))
    folder.chmod(0o755)
    try:
        for name in ("queue", "data", "config"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "data", "postfix")
        own_port = free_port()
        (folder / "config" / "main.cf").write_text(MAIN.format(folder=folder, transport=transport, port=port))
        (folder / "config" / "master.cf").write_text(MASTER.format(port=own_port))
        service = Service(
            "postfix", [binary, "-c", folder / "config", "start-fg"], folder=folder, port=own_port, start_seconds=30
        )
        with running(service):
            yield service
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def deliver(service: Service, recipients: list[str]) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", service.port, timeout=10) as client:
            client.sendmail("anna@customer.example", recipients, MAIL)

    await asyncio.to_thread(send)


def wait_for_log(service: Service, text: str, count: int) -> None:
    wait_until(lambda: service.log_end(1000).count(text) >= count, f"{count} times {text!r} in postfix's log")


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
