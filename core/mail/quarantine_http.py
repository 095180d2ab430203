"""Routes of held mails: see them, let them in, leave them out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from core.clock import Clock
from core.http.envelope import Page, PageQuery, page, resource
from core.http.identifiers import uuid_in_path
from core.http.route import Call, Input, Reply, Route
from core.identity.roles import Permission
from core.ids import RawMailId
from core.mail.http import FindingAttributes
from core.mail.model import MailChannel, ReceiptOutcome
from core.mail.quarantine import Quarantine

VIEW = frozenset({Permission.MAIL_RECEIPT_VIEW})
RELEASE = frozenset({Permission.MAIL_RELEASE})
TAG = "Mail"


class HeldMailAttributes(BaseModel):
    """A mail that waits for a person; `findings` say why."""

    received_at: datetime
    held_at: datetime
    channel: MailChannel
    sender_address: str | None
    subject: str | None
    envelope_from: str | None
    envelope_to: list[str]
    size_bytes: int
    outcome: ReceiptOutcome
    findings: list[FindingAttributes]


class HeldMailListQuery(PageQuery):
    with_filed: bool = Field(False, description="Automatic mails that were filed, too.")


class ReleaseInput(Input):
    always: bool = Field(False, description="Later mails of this staff address need no proof, either.")


def quarantine_routes(quarantine: Quarantine, clock: Clock) -> tuple[Route, ...]:
    """The routes of held mails."""
    api = _QuarantineApi(quarantine, clock)
    return (
        Route(
            "GET",
            "/api/v1/mails/held",
            "List the mails that wait for a person",
            api.list_held_mails,
            VIEW,
            Page[HeldMailAttributes],
            tag=TAG,
            query=HeldMailListQuery,
        ),
        Route(
            "POST",
            "/api/v1/mails/{id}/release",
            "Let a held mail in; what comes of it is on its receipt",
            api.release_mail,
            RELEASE,
            None,
            status=202,
            tag=TAG,
            body=ReleaseInput,
        ),
        Route(
            "POST",
            "/api/v1/mails/{id}/reject",
            "Leave a held mail without any effect",
            api.reject_mail,
            RELEASE,
            None,
            status=204,
            tag=TAG,
        ),
    )


class _QuarantineApi:
    def __init__(self, quarantine: Quarantine, clock: Clock) -> None:
        self._quarantine = quarantine
        self._clock = clock

    async def list_held_mails(self, call: Call) -> Reply:
        query = call.query(HeldMailListQuery)
        found = await self._quarantine.list_held_mails(
            call.actor, with_filed=query.with_filed, limit=query.limit, offset=query.offset
        )
        data = [_held_mail(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._clock.now()))

    async def release_mail(self, call: Call) -> Reply:
        raw_mail_id = RawMailId(uuid_in_path(call, "id", "mail"))
        await self._quarantine.release_mail(call.actor, raw_mail_id, always=call.body(ReleaseInput).always)
        return Reply(status=202)

    async def reject_mail(self, call: Call) -> Reply:
        await self._quarantine.reject_mail(call.actor, RawMailId(uuid_in_path(call, "id", "mail")))
        return Reply(status=204)


def _held_mail(row: Mapping[str, Any]) -> dict[str, object]:
    return resource("mail", row, HeldMailAttributes, relationships={"mailbox": ("mailbox", row["mailbox_id"])})
