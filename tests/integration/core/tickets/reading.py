"""What is written, as tests look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core.actor import SYSTEM, Actor
from core.audit.model import audit_log
from core.messaging.model import outbox
from core.tickets.queries import TicketReference, find_messages, get_ticket
from core.tickets.writing import TicketRef
from tests.integration.core.tickets.desk import Desk


async def read(desk: Desk, reference: TicketReference, actor: Actor = SYSTEM) -> dict[str, Any]:
    async with desk.database.connect() as connection:
        return await get_ticket(connection, actor, reference)


async def texts(desk: Desk, reference: TicketReference) -> list[str]:
    async with desk.database.connect() as connection:
        return [row["text"] for row in (await find_messages(connection, SYSTEM, reference)).rows]


async def events(desk: Desk, ticket: TicketRef) -> list[tuple[str, int]]:
    statement = select(outbox.c.name, outbox.c.subject_version).where(outbox.c.subject_id == ticket.id)
    async with desk.database.connect() as connection:
        rows = (await connection.execute(statement.order_by(outbox.c.id))).all()
    return [(row.name, row.subject_version) for row in rows]


async def audited(desk: Desk, ticket: TicketRef) -> Sequence[dict[str, Any]]:
    statement = select(audit_log.c.changes).where(audit_log.c.entity_id == ticket.id, audit_log.c.action == "UPDATE")
    async with desk.database.connect() as connection:
        return (await connection.execute(statement.order_by(audit_log.c.id))).scalars().all()
