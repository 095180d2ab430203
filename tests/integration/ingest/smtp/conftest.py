from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from core.clock import SystemClock
from core.runtime.metrics import Metrics
from ingest.smtp.listener import SmtpListener
from ingest.smtp.recipients import AcceptedRecipients
from ingest.smtp.settings import SmtpSettings
from tests.integration.ingest.smtp.peers import Client, MemoryAcceptor

Listen = Callable[..., Awaitable[SmtpListener]]
Connect = Callable[[SmtpListener], Awaitable[Client]]


@pytest.fixture
def acceptor() -> MemoryAcceptor:
    return MemoryAcceptor()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def listen(acceptor: MemoryAcceptor, metrics: Metrics) -> AsyncIterator[Listen]:
    """Starts listeners on free ports for help@msp.example and all of @desk.example."""
    policy = AcceptedRecipients(["help@msp.example", "@desk.example"])
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> SmtpListener:
            chosen = replace(SmtpSettings(port=0, hostname="mx.msp.example"), **settings)
            listener = SmtpListener(chosen, acceptor, policy, SystemClock(), metrics)
            await listener.start()
            stack.push_async_callback(listener.drain, 0.1)
            return listener

        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections that are closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_client(listener: SmtpListener) -> Client:
            client = await Client.connect(listener.port)
            stack.push_async_callback(client.close)
            return client

        yield open_client


@pytest.fixture
async def client(listen: Listen, connect: Connect) -> Client:
    """A greeted connection to a listener with standard settings."""
    connected = await connect(await listen())
    await connected.greet()
    return connected
