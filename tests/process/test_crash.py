"""Accepted means committed: ingest is killed at random moments, and no acknowledged mail is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.messaging.consumer import Subscription
from core.messaging.embedded import EmbeddedBus
from core.messaging.event import Envelope
from core.messaging.model import outbox
from core.messaging.relay import OutboxRelay
from core.messaging.topology import queues_of
from core.messaging.worker import ConsumerWorker
from core.runtime.component import Component
from core.runtime.metrics import Metrics
from core.tickets.model import messages
from tests.services.service import free_port

MAILS = 2000
CONNECTIONS = 8
KILLS = 8


def _mail(message_id: str, number: int) -> bytes:
    return (
        f"From: Person {number % 50} <person{number % 50}@crash.example>\r\nTo: support@desk.localhost\r\n"
        f"Subject: Crash {number}\r\nMessage-ID: <{message_id}>\r\n\r\nMail number {number}.\r\n.\r\n"
    ).encode()


class _Ingest:
    """`psa serve ingest`, killed and started again on the same port."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.port = free_port()
        self._environment = os.environ | {
            "PSA_DATABASE_URL": database_url,
            "PSA_DATA_DIR": str(data_dir),
            "PSA_SMTP_PORT": str(self.port),
            "PSA_HTTP_PORT": "0",
            "PSA_LOG_LEVEL": "error",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = (sys.executable, "-m", "psa.cli", "serve", "ingest")
        self._process = await asyncio.create_subprocess_exec(*command, env=self._environment)

    async def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


async def _send(port: int, waiting: list[int], acknowledged: set[str], progress: asyncio.Event) -> None:
    """A sender as an MTA is: what was not answered 250 is sent again."""
    while waiting:
        number = waiting.pop()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await _talk(reader, writer, None, b"220")
                await _talk(reader, writer, b"EHLO sender.example\r\n", b"250")
                while True:
                    message_id = f"{number}@crash.example"
                    await _talk(reader, writer, b"MAIL FROM:<person@crash.example>\r\n", b"250")
                    await _talk(reader, writer, b"RCPT TO:<support@desk.localhost>\r\n", b"250")
                    await _talk(reader, writer, b"DATA\r\n", b"354")
                    await _talk(reader, writer, _mail(message_id, number), b"250")
                    acknowledged.add(message_id)
                    progress.set()
                    if not waiting:
                        return
                    number = waiting.pop()
            finally:
                writer.close()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            waiting.append(number)
            await asyncio.sleep(0.05)  # an MTA's retry delay, not a wait for a condition


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes | None, expected: bytes
) -> None:
    if line is not None:
        writer.write(line)
        await writer.drain()
    while True:
        answer = await asyncio.wait_for(reader.readline(), 30)
        if not answer:
            raise EOFError
        if not answer.startswith(expected):
            raise OSError(answer.decode())
        if answer[3:4] != b"-":
            return


@pytest.mark.timeout(300)
async def test_every_acknowledged_mail_is_one_message_on_one_ticket_though_ingest_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    sys.stderr.write(f"crash test seed: {seed}\n")
    draw = random.Random(seed)
    ingest = _Ingest(database_url, tmp_path)
    await ingest.start()
    waiting, acknowledged, progress = list(range(MAILS)), set[str](), asyncio.Event()
    kill_at = sorted(draw.sample(range(20, MAILS - 100), KILLS))

    async def kill_at_random_moments() -> None:
        for count in kill_at:
            while len(acknowledged) < count:
                progress.clear()
                await progress.wait()
            await ingest.kill()
            await ingest.start()

    try:
        killer = asyncio.create_task(kill_at_random_moments())
        await asyncio.gather(*(_send(ingest.port, waiting, acknowledged, progress) for _ in range(CONNECTIONS)))
        await killer
    finally:
        await ingest.kill()

    assert len(acknowledged) == MAILS
    database = Database(database_url, SystemClock())
    try:
        async with database.connect() as connection:
            rows = await connection.execute(
                select(messages.c.internet_message_id, func.count(), func.count(messages.c.ticket_id.distinct()))
                .where(messages.c.internet_message_id.is_not(None))
                .group_by(messages.c.internet_message_id)
            )
            found = {row[0]: (row[1], row[2]) for row in rows}
        assert set(found) == acknowledged
        assert Counter(found.values()) == {(1, 1): MAILS}
        await _every_event_has_one_effect(database)
    finally:
        await database.aclose()


async def _every_event_has_one_effect(database: Database) -> None:
    """Relay and consume all events; the effect (a row without a key of its own) counts deliveries that took effect."""
    effects: Counter[str] = Counter()
    took_effect = asyncio.Event()

    async def count(envelope: Envelope, work: UnitOfWork) -> None:
        effects[str(envelope.id)] += 1
        took_effect.set()

    subscription = Subscription("crash test", "crash.test", ("ticket.created",), count)
    bus = EmbeddedBus(database, queues_of([subscription]))
    metrics, stop = Metrics(), asyncio.Event()
    relay = OutboxRelay(database, bus, metrics, retention_days=7)
    workers = [ConsumerWorker(database, bus, subscription, metrics) for _ in range(2)]
    components: list[Component] = [relay, *workers]
    tasks = [asyncio.create_task(each.run(stop)) for each in components]
    async with database.connect() as connection:
        events = await connection.execute(select(outbox.c.id).where(outbox.c.name == "ticket.created"))
        expected = {str(row.id) for row in events}
    assert len(expected) == MAILS
    async with asyncio.timeout(120):
        while set(effects) != expected:
            took_effect.clear()
            await took_effect.wait()
    stop.set()
    await asyncio.gather(*tasks)
    assert set(effects.values()) == {1}
