"""The things that tickets refer to, read with one query a kind, however many tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.customers.model import contacts, customers
from core.identity.model import users


@dataclass(frozen=True, slots=True)
class Related:
    """What a ticket's `column` refers to: a row of `table`, of which everyone who sees the ticket may see `shown`."""

    column: str
    kind: str
    table: Table
    shown: tuple[str, ...]


RELATED = {
    "customer": Related("customer_id", "customer", customers, ("name",)),
    "contact": Related("contact_id", "contact", contacts, ("first_name", "last_name", "email")),
    "assigned_to": Related("assigned_to", "user", users, ("first_name", "last_name")),
}


async def find_related(
    connection: AsyncConnection, tickets: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[dict[str, object]]:
    """The resources that the tickets' relationships `names` (of RELATED) point to, each once."""
    found: list[dict[str, object]] = []
    for name in dict.fromkeys(names):
        related = RELATED[name]
        ids = {ticket[related.column] for ticket in tickets} - {None}
        if not ids:
            continue
        columns: list[Column[Any]] = [related.table.c[each] for each in ("id", *related.shown)]
        rows = await connection.execute(
            select(*columns).where(related.table.c.id.in_(ids)).order_by(related.table.c.id)
        )
        found += [
            {
                "id": row["id"],
                "type": related.kind,
                "attributes": {each: row[each] for each in related.shown},
                "relationships": {},
            }
            for row in rows.mappings()
        ]
    return found
