"""Reading the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.actor import Actor
from core.audit.model import audit_log
from core.database.engine import Database
from core.database.page import RowPage, read_page
from core.identity.roles import Permission


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records: `user_id` is who acted, `after` inclusive, `before` exclusive."""

    entity_type: str | None = None
    entity_id: UUID | None = None
    user_id: UUID | None = None
    after: datetime | None = None
    before: datetime | None = None


class AuditLog:
    """Who changed what, when and from where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_records(self, actor: Actor, wanted: AuditFilter, *, limit: int = 20, offset: int = 0) -> RowPage:
        """Audit records, the newest first. Raises PermissionDenied without AUDIT_VIEW."""
        actor.require(Permission.AUDIT_VIEW)
        statement = select(audit_log)
        for name in ("entity_type", "entity_id", "user_id"):
            if (value := getattr(wanted, name)) is not None:
                statement = statement.where(audit_log.c[name] == value)
        if wanted.after is not None:
            statement = statement.where(audit_log.c.created_at >= wanted.after)
        if wanted.before is not None:
            statement = statement.where(audit_log.c.created_at < wanted.before)
        # The keys are ordered by time and indexed, the instants alone are not.
        order = (audit_log.c.id.desc(),)
        async with self._database.connect() as connection:
            return await read_page(connection, statement, order_by=order, limit=limit, offset=offset)
