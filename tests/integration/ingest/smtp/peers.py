"""A client that speaks raw SMTP, and an acceptor that keeps mails in memory."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field

from ingest.smtp.acceptance import Accepted, Envelope

MAIL = b"From: anna@customer.example\r\nSubject: Printer\r\n\r\nOn fire.\r\n"


@dataclass
class MemoryAcceptor:
    """Keeps mails in memory. `failure` is raised instead; while `gate` is cleared, accepting waits."""

    mails: list[tuple[bytes, Envelope]] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.gate.set()

    async def accept(self, raw: bytes, envelope: Envelope) -> Accepted:
        self.entered.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        async with self.arrival:
            self.mails.append((raw, envelope))
            self.arrival.notify_all()
        return Accepted(f"ticket #{len(self.mails)}")

    async def has(self, count: int) -> None:
        """Return when that many mails are kept."""
        async with asyncio.timeout(60), self.arrival:
            await self.arrival.wait_for(lambda: len(self.mails) >= count)

    @property
    def contents(self) -> list[bytes]:
        """The mails as their clients sent them, without our Received field."""
        return [raw[envelope.trace_bytes :] for raw, envelope in self.mails]


class Client:
    """One connection; every wait ends after ten seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def reply(self) -> str:
        """The next reply, its lines joined by newlines; empty when the connection is closed."""
        lines: list[str] = []
        async with asyncio.timeout(10):
            while True:
                line = (await self._reader.readline()).decode().rstrip("\r\n")
                lines.append(line)
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def say(self, command: str | bytes) -> str:
        self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return await self.reply()

    async def greet(self, hello: str = "EHLO client.example") -> str:
        assert (await self.reply()).startswith("220 ")
        return await self.say(hello)

    async def begin(self, *recipients: str, sender: str = "anna@customer.example") -> None:
        """MAIL and RCPT, all of them accepted."""
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250 ")
        for recipient in recipients or ("help@msp.example",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250 ")

    async def deliver(self, mail: bytes = MAIL, *recipients: str) -> str:
        """A whole mail that needs no dot stuffing; the reply to its end."""
        await self.begin(*recipients)
        assert (await self.say("DATA")).startswith("354 ")
        return await self.say(mail + b".")

    async def start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with asyncio.timeout(10):
            await self._writer.start_tls(context)

    async def is_closed(self) -> bool:
        async with asyncio.timeout(10):
            return await self._reader.read() == b""

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            return  # the listener was faster
