"""An orderly end: nobody is cut off within a mail while there is time."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.ingest.smtp.conftest import Connect, Listen
from tests.integration.ingest.smtp.peers import MAIL, Client, MemoryAcceptor


async def test_idle_sessions_are_closed_and_new_ones_refused(listen: Listen, connect: Connect) -> None:
    listener = await listen()
    idle, between = await connect(listener), await connect(listener)
    await idle.greet()
    await between.greet()
    await between.begin()
    port = listener.port
    await listener.drain(10)
    assert (await idle.reply()).startswith("421 4.3.2 ")
    assert (await between.reply()).startswith("421 4.3.2 ")
    assert await idle.is_closed()
    with pytest.raises(OSError):
        await Client.connect(port)


async def test_a_mail_under_way_is_finished_first(listen: Listen, connect: Connect, acceptor: MemoryAcceptor) -> None:
    listener = await listen()
    sending, waiting = await connect(listener), await connect(listener)
    await sending.greet()
    await sending.begin()
    await sending.say("DATA")
    await waiting.greet()
    acceptor.gate.clear()
    delivery = asyncio.ensure_future(waiting.deliver())
    await acceptor.entered.wait()
    draining = asyncio.ensure_future(listener.drain(10))
    await asyncio.sleep(0)
    sending.send(MAIL + b".\r\n")
    acceptor.gate.set()
    assert (await delivery).startswith("250 ")
    assert (await sending.reply()).startswith("250 ")
    assert (await sending.reply()).startswith("421 4.3.2 ")
    await draining
    assert acceptor.contents == [MAIL, MAIL]


async def test_when_the_time_is_up_the_rest_is_cut_off(listen: Listen, connect: Connect) -> None:
    listener = await listen()
    client = await connect(listener)
    await client.greet()
    await client.begin()
    await client.say("DATA")
    await listener.drain(0.05)
    assert (await client.reply()).startswith("421 4.3.2 ")
    assert await client.is_closed()


async def test_as_a_component_it_listens_until_it_is_told_to_stop(listen: Listen, connect: Connect) -> None:
    listener = await listen()
    stop = asyncio.Event()
    await listener.drain(0)
    running = asyncio.ensure_future(listener.run(stop))
    async with asyncio.timeout(10):
        while not listener.is_listening:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    await (await connect(listener)).greet()
    stop.set()
    await running
    assert not listener.is_listening
