"""The ways in as they run in production, on one database: listeners, pollers, and the receiver behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Row, Table, func, select

from core.mail.model import mail_receipts, raw_mails
from core.settings import Settings
from core.tickets.model import attachments, messages, tickets
from psa.processes import ingest_components
from psa.wiring import Parts, open_parts
from tests.integration.ingest.imap.desk import eventually
from tests.integration.ingest.smtp.peers import Client

DESK = "support@desk.example"


@dataclass(frozen=True)
class Reception:
    """What is at work, and what became of the mails."""

    parts: Parts
    smtp_port: int
    lmtp_port: int

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A greeted SMTP connection."""
        client = await Client.connect(self.smtp_port)
        try:
            await client.greet()
            yield client
        finally:
            await client.close()

    async def deliver(self, raw: bytes) -> str:
        """The reply to a whole mail, which needs no dot stuffing, on a connection of its own."""
        async with self.client() as client:
            return await client.deliver(raw, DESK)

    async def count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        async with self.parts.database.connect() as connection:
            found = await connection.execute(select(func.count()).select_from(table).where(*conditions))
            return int(found.scalar_one())

    async def has_tickets(self, number: int) -> bool:
        return await self.count(tickets) == number

    async def messages(self) -> Sequence[Row[Any]]:
        """All messages with their ticket's number and title, in the order of their tickets."""
        statement = (
            select(messages, tickets.c.number, tickets.c.title)
            .join(tickets, tickets.c.id == messages.c.ticket_id)
            .order_by(tickets.c.number, messages.c.created_at, messages.c.id)
        )
        return await self._read(statement)

    async def files(self) -> Sequence[Row[Any]]:
        return await self._read(select(attachments).order_by(attachments.c.position))

    async def outcomes(self) -> list[str]:
        """What became of each mail, in the order of their arrival."""
        rows = await self._read(
            select(mail_receipts.c.outcome).order_by(mail_receipts.c.created_at, mail_receipts.c.id)
        )
        return [row.outcome for row in rows]

    async def kept(self) -> list[bytes]:
        """The raw mails as they are kept, in the order of their arrival."""
        rows = await self._read(select(raw_mails.c.sha256).order_by(raw_mails.c.received_at, raw_mails.c.id))
        return [await self.parts.blobs.get(row.sha256) for row in rows]

    async def _read(self, statement: Any) -> Sequence[Row[Any]]:
        async with self.parts.database.connect() as connection:
            return (await connection.execute(statement)).all()


def settings_for(database_url: str, folder: Path, **changes: Any) -> Settings:
    """Free ports, everything kept in the folder."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "database_url": SecretStr(database_url),
        "smtp_port": 0,
        "lmtp_port": 0,
        "desk_address": DESK,
        "smtp_max_message_bytes": 2_000_000,
    }
    return Settings(**(values | changes))


@asynccontextmanager
async def reception(settings: Settings) -> AsyncIterator[Reception]:
    """The ways in at work; drained at the end."""
    async with open_parts(settings) as parts:
        (smtp, lmtp), pollers = ingest_components(parts)
        stop = asyncio.Event()

        async def is_listening() -> bool:
            return smtp.is_listening and lmtp.is_listening

        async with asyncio.TaskGroup() as group:
            for component in (smtp, lmtp, pollers):
                group.create_task(component.run(stop))
            try:
                await eventually(is_listening, "the listeners listen")
                yield Reception(parts, smtp.port, lmtp.port)
            finally:
                stop.set()
