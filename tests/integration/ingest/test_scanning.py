"""Attachments that a virus scanner finds fault with, or cannot check, are kept but not offered."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from core.mail.model import MailChannel, ReceiptOutcome
from core.settings import load_settings
from core.tickets.model import attachments
from ingest.arrival import IncomingMail
from psa.wiring import mail_receiver, open_parts

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@asynccontextmanager
async def clamd() -> AsyncIterator[int]:
    """A server that speaks clamd's INSTREAM and knows one signature."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!L", await reader.readexactly(4))[0]:
            content += await reader.readexactly(length)
        writer.write(b"stream: Eicar-Test FOUND\0" if EICAR in content else b"stream: OK\0")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def mail_with(*files: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "anna@hofer.example", "Dateien", "<files@hofer.example>"
    mail.set_content("Siehe Anhang.")
    for number, content in enumerate(files):
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"{number}.bin")
    return mail.as_bytes()


async def reasons(database_url: str, folder: Path, port: int) -> list[str | None]:
    """Take in a mail with a harmless and an infected file; why each was set aside."""
    settings = load_settings(
        data_dir=folder, database_url=SecretStr(database_url), clamav_host="127.0.0.1", clamav_port=port
    )
    async with open_parts(settings) as parts:
        mail = IncomingMail(
            raw=mail_with(b"harmless" * 20_000, EICAR), channel=MailChannel.PIPE, received_at=datetime.now(UTC)
        )
        recorded = await mail_receiver(parts).receive(mail)
        assert recorded.outcome is ReceiptOutcome.TICKET_OPENED
        async with parts.database.connect() as connection:
            rows = await connection.execute(select(attachments.c.set_aside).order_by(attachments.c.position))
            return [row.set_aside for row in rows]


async def test_an_infected_file_is_set_aside_and_a_clean_one_is_not(database_url: str, tmp_path: Path) -> None:
    async with clamd() as port:
        assert await reasons(database_url, tmp_path, port) == [None, "infected with Eicar-Test"]


async def test_a_scanner_that_is_away_costs_the_files_not_the_ticket(database_url: str, tmp_path: Path) -> None:
    async with clamd() as port:
        pass
    assert await reasons(database_url, tmp_path, port) == ["not checked, the virus scanner is away"] * 2
