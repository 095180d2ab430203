"""The route of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.audit.model import AuditAction
from core.audit.queries import AuditFilter, AuditLog
from core.clock import Clock
from core.http.envelope import Instant, Page, PageQuery, page, resource
from core.http.route import Call, Reply, Route
from core.identity.roles import Permission


class AuditChanges(BaseModel):
    """Field by field, as it was and as it is."""

    old: dict[str, Any]
    new: dict[str, Any]


class AuditAttributes(BaseModel):
    created_at: datetime
    entity_type: str
    entity_id: UUID
    action: AuditAction
    actor_kind: str
    user_email: str | None
    user_role: str | None
    changes: AuditChanges | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None


class AuditQuery(PageQuery):
    entity_type: str | None = Field(None, max_length=100, examples=["ticket"])
    entity_id: UUID | None = None
    user_id: UUID | None = Field(None, description="Who acted.")
    after: Instant | None = Field(None, description="From this instant on.")
    before: Instant | None = Field(None, description="Before this instant.")


def routes(audit: AuditLog, clock: Clock) -> tuple[Route, ...]:
    """The route of the audit log."""

    async def list_records(call: Call) -> Reply:
        query = call.query(AuditQuery)
        wanted = AuditFilter(query.entity_type, query.entity_id, query.user_id, query.after, query.before)
        found = await audit.list_records(call.actor, wanted, limit=query.limit, offset=query.offset)
        data = [_record(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, clock.now()))

    return (
        Route(
            "GET",
            "/api/v1/audit",
            "List who changed what, when and from where",
            list_records,
            frozenset({Permission.AUDIT_VIEW}),
            Page[AuditAttributes],
            tag="Audit",
            query=AuditQuery,
        ),
    )


def _record(row: Mapping[str, Any]) -> dict[str, object]:
    shown = {**row, "ip_address": str(row["ip_address"]) if row["ip_address"] is not None else None}
    return resource("audit_record", shown, AuditAttributes, relationships={"user": ("user", row["user_id"])})
