"""A lean SMTP sender: as little of the machine as possible, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.mail_mix import MixedMail


@dataclass(frozen=True, slots=True)
class LoadResult:
    """`latencies_seconds` are from the end of DATA to the answer 250, one a mail."""

    seconds: float
    latencies_seconds: list[float]

    @property
    def mails_per_second(self) -> float:
        return len(self.latencies_seconds) / self.seconds


async def send_load(ports: Sequence[int], mails: Sequence[MixedMail], connections: int) -> LoadResult:
    """Send all mails over `connections` sessions that are kept open, spread over the ports."""
    waiting = iter([_transaction(mail) for mail in mails])
    started = time.perf_counter()
    sessions = [_session(ports[number % len(ports)], waiting) for number in range(connections)]
    latencies = [latency for each in await asyncio.gather(*sessions) for latency in each]
    return LoadResult(time.perf_counter() - started, latencies)


def _transaction(mail: MixedMail) -> tuple[bytes, bytes]:
    envelope = f"MAIL FROM:<{mail.sender}>\r\nRCPT TO:<support@desk.localhost>\r\nDATA\r\n".encode()
    body = mail.raw.replace(b"\r\n.", b"\r\n..")
    return envelope, (body if body.endswith(b"\r\n") else body + b"\r\n") + b".\r\n"


async def _session(port: int, waiting: Iterator[tuple[bytes, bytes]]) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies: list[float] = []
    await _expect(reader, b"220")
    writer.write(b"EHLO sender.example\r\n")
    await _expect(reader, b"250")
    for envelope, data in waiting:
        # MAIL, RCPT and DATA go out together (PIPELINING, RFC 2920), as every MTA does.
        writer.write(envelope)
        for code in (b"250", b"250", b"354"):
            await _expect(reader, code)
        writer.write(data)
        await writer.drain()
        sent = time.perf_counter()
        await _expect(reader, b"250")
        latencies.append(time.perf_counter() - sent)
    writer.write(b"QUIT\r\n")
    await _expect(reader, b"221")
    writer.close()
    return latencies


async def _expect(reader: asyncio.StreamReader, code: bytes) -> None:
    while True:
        line = await reader.readline()
        if not line.startswith(code):
            raise RuntimeError(f"expected {code!r}, the server said {line!r}")
        if line[3:4] != b"-":
            return
