"""Only CRLF dot CRLF ends a mail (CVE-2023-51764), in whatever pieces it arrives."""

from __future__ import annotations

import asyncio

import pytest

from ingest.smtp.message_data import DataTooLarge, read_message_data
from tests.integration.ingest.smtp.peers import Client, MemoryAcceptor

FALSE_ENDS = [
    b"\n.\n",
    b"\r\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r.\r\n",
    b"\n.\r",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
]


@pytest.mark.parametrize("false_end", FALSE_ENDS)
async def test_a_second_mail_cannot_be_smuggled_in_behind_a_false_end(
    client: Client, acceptor: MemoryAcceptor, false_end: bytes
) -> None:
    smuggled = b"MAIL FROM:<boss@msp.example>\r\nRCPT TO:<help@msp.example>\r\nDATA\r\nFrom: boss\r\n\r\nPay!\r\n"
    reply = await client.deliver(b"Subject: one\r\n\r\ntext" + false_end + smuggled)
    assert reply == "250 2.0.0 ticket #1"
    assert len(acceptor.mails) == 1
    assert b"MAIL FROM:<boss@msp.example>" in acceptor.contents[0]
    assert await client.say("NOOP") == "250 OK"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...x\r\n..\r\n.\r\n", b"..x\r\n.\r\n"),
        (b"a\r\n.b\r\n.\r\n", b"a\r\nb\r\n"),
        (b"a.\r\n.\r\n", b"a.\r\n"),
        (b"\r\n\r\n..\r\n\r\n.\r\n", b"\r\n\r\n.\r\n\r\n"),
    ],
)
async def test_the_end_and_the_dots_are_found_wherever_the_stream_is_cut(sent: bytes, kept: bytes) -> None:
    rest = b"QUIT\r\n"
    for cut in range(len(sent) + 1):
        reader = asyncio.StreamReader()
        reading = asyncio.ensure_future(read_message_data(reader, 1000, lambda: None))
        if cut:
            reader.feed_data(sent[:cut])
        for _ in range(3):
            await asyncio.sleep(0)  # let the reader take the first piece alone
        reader.feed_data(sent[cut:] + rest)
        assert bytes(await reading) == kept
        assert await reader.readexactly(len(rest)) == rest


async def test_the_limit_counts_the_mail_alone_and_the_stream_goes_on_behind_it() -> None:
    for size, fits in ((100, True), (101, False), (100_000, False)):
        reader = asyncio.StreamReader()
        reader.feed_data(b"x" * (size - 2) + b"\r\n.\r\nQUIT\r\n")
        reading = read_message_data(reader, 100, lambda: None)
        if fits:
            assert len(await reading) == size
        else:
            with pytest.raises(DataTooLarge):
                await reading
        assert await reader.readline() == b"QUIT\r\n"
