"""The two limits that mail ingest is compared with: the standard library's parse, and bare asyncpg transactions."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from tests.benchmarks.mail_mix import MixedMail

_TABLES = (
    "contacts",
    "tickets",
    "raw_mails",
    "messages",
    "attachments",
    "thread_ids",
    "ticket_participants",
    "mail_receipts",
    "audit_log",
    "outbox",
)
"""Written for one mail, in an order that satisfies the foreign keys one by one."""


def standard_library_rate(mails: Sequence[MixedMail]) -> float:
    """Mails a second that `email` with policy.default parses, walks and decodes on one core."""
    started = time.perf_counter()
    for mail in mails:
        message = email.message_from_bytes(mail.raw, policy=email.policy.default)
        for name in ("subject", "from", "to", "date", "message-id"):
            str(message[name])
        for part in message.walk():
            if part.is_multipart():
                continue
            try:
                part.get_content()
            except LookupError:
                part.get_payload(decode=True)
    return len(mails) / (time.perf_counter() - started)


async def bare_rate(url: str, count: int, connections: int) -> float:
    """Transactions a second that write the rows of a typical ticket mail: BEGIN, one prepared INSERT a row, COMMIT.

    The rows are those of a mail that the product took in before, with fresh keys.
    """
    pool = await asyncpg.create_pool(url, min_size=connections, max_size=connections)
    async with pool.acquire() as connection:
        rows = await _sample_rows(connection)
    remaining = iter(range(count))
    started = time.perf_counter()

    async def work() -> None:
        async with pool.acquire() as connection:
            statements = {
                table: await connection.prepare(
                    f'INSERT INTO "{table}" ({", ".join(columns)}) '
                    f"VALUES ({', '.join(f'${n}' for n in range(1, len(columns) + 1))})"
                )
                for table, columns in {table: tuple(row) for table, row in rows}.items()
            }
            for _ in remaining:
                async with connection.transaction():
                    for table, row in _with_fresh_keys(rows):
                        await statements[table].fetch(*row.values())

    await asyncio.gather(*(work() for _ in range(connections)))
    seconds = time.perf_counter() - started
    await pool.close()
    return count / seconds


async def _sample_rows(connection: asyncpg.Connection[Any]) -> list[tuple[str, dict[str, Any]]]:
    ticket = await connection.fetchval(
        "SELECT t.id FROM tickets t JOIN messages m ON m.ticket_id = t.id WHERE t.source = 'email' "
        "GROUP BY t.id HAVING count(*) = 1 AND max(length(m.text)) > 300 LIMIT 1"
    )
    wheres = {
        "contacts": "id = (SELECT contact_id FROM tickets WHERE id = $1)",
        "tickets": "id = $1",
        "raw_mails": "id = (SELECT raw_mail_id FROM messages WHERE ticket_id = $1)",
        "messages": "ticket_id = $1",
        "attachments": "message_id = (SELECT id FROM messages WHERE ticket_id = $1)",
        "thread_ids": "ticket_id = $1",
        "ticket_participants": "ticket_id = $1",
        "mail_receipts": "ticket_id = $1",
        "audit_log": "entity_id = $1",
        "outbox": "subject_id = $1",
    }
    rows: list[tuple[str, dict[str, Any]]] = []
    for table in _TABLES:
        for found in await connection.fetch(f'SELECT * FROM "{table}" WHERE {wheres[table]}', ticket):
            row = dict(found)
            for generated in ("search_vector", "position") if table != "attachments" else ():
                row.pop(generated, None)
            if table != "contacts":
                rows.append((table, row))
    return rows


def _with_fresh_keys(rows: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """The rows with new ids in every place where an id of these rows stands, and new natural keys."""
    fresh: dict[UUID, UUID] = {row["id"]: uuid4() for _, row in rows if isinstance(row.get("id"), UUID)}
    number = uuid4().int >> 66
    out = []
    for table, row in rows:
        new = {key: fresh.get(value, value) if isinstance(value, UUID) else value for key, value in row.items()}
        if table == "tickets":
            new["number"] = number
        for key in ("dedup_key", "internet_message_id"):
            if new.get(key):
                new[key] = uuid4().hex
        out.append((table, new))
    return out
