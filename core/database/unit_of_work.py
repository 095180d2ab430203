"""One use case, one transaction: state, audit and outbox are written together or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import orjson
from sqlalchemy import Executable, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.audit.model import AuditAction, audit_log
from core.errors import AlreadyDone
from core.ids import new_uuid
from core.messaging.event import Event
from core.messaging.model import inbox, outbox

OUTBOX_CHANNEL = "psa_outbox"
"""The LISTEN/NOTIFY channel that wakes the relay."""

ORIGIN = "origin"
"""The consumer, in the inbox, of what people send us more than once."""


class UnitOfWork:
    """A transaction with its actor and its instant.

    `insert`, `audit` and `record` only queue rows; they are written in a single statement when the unit of work commits
    (or earlier by `flush`), so that a use case costs one round trip for all it adds, however many tables that touches.
    """

    def __init__(self, connection: AsyncConnection, now: datetime, actor: Actor) -> None:
        self.connection = connection
        self.now = now
        self.actor = actor
        self._rows: defaultdict[tuple[Table, tuple[str, ...]], list[Mapping[str, object]]] = defaultdict(list)
        self._has_events = False

    async def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run a read or a change at once, in this transaction."""
        return await self.connection.execute(statement, parameters)

    def insert(self, table: Table, row: Mapping[str, object]) -> None:
        """Queue a new row. Columns left out take the table's defaults."""
        self._rows[table, tuple(row)].append(row)

    def record(self, event: Event) -> None:
        """Queue a fact for everyone who needs it."""
        self._has_events = True
        self.insert(
            outbox,
            {
                "id": new_uuid(),
                "name": event.name,
                "version": event.version,
                "subject_id": event.subject_id,
                "subject_version": event.subject_version,
                "payload": event.model_dump(mode="json"),
                "correlation_id": self.actor.request_id,
                "occurred_at": self.now,
            },
        )

    def audit(
        self,
        action: AuditAction,
        entity_type: str,
        entity_id: UUID,
        *,
        old: Mapping[str, object] | None = None,
        new: Mapping[str, object] | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Queue an audit record: what changed from `old` to `new`. Bodies and secrets are the caller's to leave out."""
        who = actor or self.actor
        self.insert(
            audit_log,
            {
                "id": new_uuid(),
                "created_at": self.now,
                "entity_type": entity_type,
                "entity_id": entity_id,
                "action": action.value,
                "actor_kind": who.kind.value,
                "user_id": who.user_id,
                "user_email": who.email,
                "user_role": who.role.value if who.role else None,
                "changes": {"old": dict(old or {}), "new": dict(new or {})},
                "ip_address": who.ip_address,
                "user_agent": who.user_agent,
                "request_id": who.request_id,
            },
        )

    async def claim_origin(self, origin: UUID) -> None:
        """Note that `origin` has its effect here; raises AlreadyDone if it had it before."""
        claimed = await self.execute(
            insert(inbox).values(consumer=ORIGIN, event_id=origin, processed_at=self.now).on_conflict_do_nothing()
        )
        if not claimed.rowcount:
            raise AlreadyDone

    async def flush(self) -> None:
        """Write the queued rows now, all tables in one statement."""
        if not self._rows:
            return
        # Always in the same order: few different statements, so that each is prepared once.
        shape = tuple(sorted(self._rows, key=lambda each: (each[0].name, each[1])))
        documents = tuple(_as_json(self._rows[each]) for each in shape)
        self._rows.clear()
        await self.connection.exec_driver_sql(_insert_statement(shape, notify=self._has_events), documents)
        self._has_events = False


class UnitsOfWork(Protocol):
    """Opens units of work: `async with units_of_work(actor) as work: …` commits at the end, rolls back on an error."""

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[UnitOfWork]: ...


def _as_json(rows: list[Mapping[str, object]]) -> str:
    # PostgreSQL text cannot hold NUL; the edges strip it, this is the last wall. The driver's own UUIDs, a subclass,
    # and Decimal go as text, which PostgreSQL reads exactly.
    return orjson.dumps(rows, default=str).decode().replace("\\u0000", "")


@lru_cache(maxsize=256)
def _insert_statement(shape: tuple[tuple[Table, tuple[str, ...]], ...], *, notify: bool) -> str:
    """One INSERT for each (table, columns), chained as CTEs; each reads its rows from one JSON document.

    Foreign keys are checked when the whole statement ends, so the order of the tables does not matter.
    """
    inserts = []
    for position, (table, columns) in enumerate(shape, start=1):
        names = ", ".join(f'"{column}"' for column in columns)
        ignore = " ON CONFLICT DO NOTHING" if table.info.get("on_conflict") == "ignore" else ""
        inserts.append(
            f'i{position} AS (INSERT INTO "{table.name}" ({names}) SELECT {names}'  # noqa: S608 - names are the schema's
            f' FROM json_populate_recordset(NULL::"{table.name}", ${position}::text::json){ignore})'
        )
    last = f"SELECT pg_notify('{OUTBOX_CHANNEL}', '')" if notify else "SELECT"
    return f"WITH {', '.join(inserts)} {last}"
