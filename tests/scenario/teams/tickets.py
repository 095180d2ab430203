"""What became of it, read from the database."""

from __future__ import annotations

from sqlalchemy import func, select

from core.chat.model import chat_arrivals, chat_conversations, chat_deliveries
from core.chat.rules import ArrivalState, DeliveryState
from core.database.engine import Database
from core.tickets.model import messages, tickets
from tests.integration.ingest.imap.desk import eventually


async def settled(database: Database) -> None:
    """Return when all that arrived is worked off and all that is queued is sent."""

    async def is_settled() -> bool:
        waiting = select(func.count()).where(chat_arrivals.c.state == ArrivalState.WAITING.value)
        queued = select(func.count()).where(chat_deliveries.c.state == DeliveryState.QUEUED.value)
        async with database.connect() as connection:
            return not (await connection.execute(select(waiting.scalar_subquery() + queued.scalar_subquery()))).scalar()

    await eventually(is_settled, "all is worked off")


async def status_of(database: Database, number: int) -> str:
    async with database.connect() as connection:
        return str((await connection.execute(select(tickets.c.status).where(tickets.c.number == number))).scalar_one())


async def numbers(database: Database) -> list[int]:
    """The tickets there are."""
    async with database.connect() as connection:
        return list((await connection.execute(select(tickets.c.number).order_by(tickets.c.number))).scalars())


async def said_on(database: Database, number: int) -> list[tuple[str, str]]:
    """Kind and text of each message of a ticket, oldest first."""
    statement = (
        select(messages.c.kind, messages.c.text)
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .where(tickets.c.number == number)
        .order_by(messages.c.created_at, messages.c.id)
    )
    async with database.connect() as connection:
        return [(row.kind, row.text) for row in await connection.execute(statement)]


async def arrivals(database: Database) -> int:
    """How much was stored."""
    async with database.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(chat_arrivals))).scalar_one())


async def is_dropped(database: Database, conversation: str) -> bool:
    c = chat_conversations.c
    async with database.connect() as connection:
        found = await connection.execute(select(c.dropped_at).where(c.external_id == conversation))
        return found.scalar_one() is not None
