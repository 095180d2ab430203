"""Routes of mails, their receipts and outgoing mails; mailboxes have theirs in `core.mail.mailbox_http`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.clock import Clock
from core.http.envelope import Document, Instant, Page, PageQuery, document, page, resource
from core.http.identifiers import uuid_in_path
from core.http.route import Call, FileReply, Reply, Route
from core.identity.roles import Permission
from core.mail.mailbox_http import mailbox_routes
from core.mail.mailboxes import Mailboxes
from core.mail.model import MailChannel, OutgoingState, ReceiptOutcome
from core.mail.queries import MailFilter, MailRecords, OutgoingFilter

VIEW = frozenset({Permission.MAIL_RECEIPT_VIEW})


class MailAttributes(BaseModel):
    """A raw mail; `outcome` is that of its last receipt."""

    received_at: datetime
    channel: MailChannel
    sender_address: str | None
    subject: str | None
    internet_message_id: str | None
    envelope_from: str | None
    envelope_to: list[str]
    client_ip: str | None
    size_bytes: int
    outcome: ReceiptOutcome | None
    ticket_number: int | None


class FindingAttributes(BaseModel):
    rule: str
    detail: str


class ReceiptAttributes(BaseModel):
    """What became of a mail and why. Customer and contact are those it was taken for."""

    outcome: ReceiptOutcome
    findings: list[FindingAttributes]
    sender_address: str | None
    subject: str | None
    received_at: datetime
    ticket_number: int | None
    customer_name: str | None
    contact_email: str | None
    created_at: datetime


class OutgoingMailAttributes(BaseModel):
    recipient: str
    envelope_from: str
    subject: str
    internet_message_id: str
    state: OutgoingState
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


class OutgoingMailWithContent(OutgoingMailAttributes):
    content: str


class MailListQuery(PageQuery):
    outcome: ReceiptOutcome | None = None
    sender: str | None = Field(None, max_length=254, description="Part of the sender's address.")
    received_after: Instant | None = Field(None, description="From this instant on.")
    received_before: Instant | None = Field(None, description="Before this instant.")


class OutgoingMailListQuery(PageQuery):
    ticket_id: UUID | None = None
    state: OutgoingState | None = None


def routes(records: MailRecords, mailboxes: Mailboxes, clock: Clock) -> tuple[Route, ...]:
    """The routes of mails in and out, and of mailboxes."""
    api = _MailApi(records, clock)
    tag = "Mail"
    return (
        Route(
            "GET",
            "/api/v1/mails",
            "List the mails that came in",
            api.list_mails,
            VIEW,
            Page[MailAttributes],
            tag=tag,
            query=MailListQuery,
        ),
        Route(
            "GET",
            "/api/v1/mails/{id}/receipt",
            "Show what became of a mail, and why",
            api.show_receipt,
            VIEW,
            Document[ReceiptAttributes],
            tag=tag,
        ),
        Route(
            "GET",
            "/api/v1/mails/{id}/raw",
            "Download a mail as it arrived",
            api.download_raw_mail,
            VIEW,
            None,
            tag=tag,
            is_download=True,
        ),
        Route(
            "GET",
            "/api/v1/outgoing-mails",
            "List the mails that go out",
            api.list_outgoing_mails,
            VIEW,
            Page[OutgoingMailAttributes],
            tag=tag,
            query=OutgoingMailListQuery,
        ),
        Route(
            "GET",
            "/api/v1/outgoing-mails/{id}",
            "Show an outgoing mail with its content",
            api.show_outgoing_mail,
            VIEW,
            Document[OutgoingMailWithContent],
            tag=tag,
        ),
        *mailbox_routes(mailboxes, clock),
    )


class _MailApi:
    def __init__(self, records: MailRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def list_mails(self, call: Call) -> Reply:
        query = call.query(MailListQuery)
        wanted = MailFilter(query.outcome, query.sender, query.received_after, query.received_before)
        found = await self._records.list_mails(call.actor, wanted, limit=query.limit, offset=query.offset)
        data = [_mail(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._clock.now()))

    async def show_receipt(self, call: Call) -> Reply:
        row = await self._records.get_receipt(call.actor, uuid_in_path(call, "id", "mail"))
        of = {
            "mail": ("mail", row["raw_mail_id"]),
            "ticket": ("ticket", row["ticket_id"]),
            "message": ("message", row["message_id"]),
            "customer": ("customer", row["customer_id"]),
            "contact": ("contact", row["contact_id"]),
            "duplicate_of": ("mail", row["duplicate_of_id"]),
        }
        shown = resource("mail_receipt", row, ReceiptAttributes, relationships=of)
        return Reply(document(shown, self._clock.now()))

    async def download_raw_mail(self, call: Call) -> FileReply:
        raw_mail_id = uuid_in_path(call, "id", "mail")
        blob = await self._records.open_raw_mail(call.actor, raw_mail_id)
        headers = {
            "Content-Type": "message/rfc822",
            "Content-Disposition": f'attachment; filename="{raw_mail_id}.eml"',
        }
        return FileReply(blob.size_bytes, blob.chunks, headers)

    async def list_outgoing_mails(self, call: Call) -> Reply:
        query = call.query(OutgoingMailListQuery)
        wanted = OutgoingFilter(query.ticket_id, query.state)
        found = await self._records.list_outgoing_mails(call.actor, wanted, limit=query.limit, offset=query.offset)
        data = [_outgoing(row, OutgoingMailAttributes) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._clock.now()))

    async def show_outgoing_mail(self, call: Call) -> Reply:
        row = await self._records.get_outgoing_mail(call.actor, uuid_in_path(call, "id", "outgoing mail"))
        return Reply(document(_outgoing(row, OutgoingMailWithContent), self._clock.now()))


def _mail(row: Mapping[str, Any]) -> dict[str, object]:
    shown = {**row, "client_ip": str(row["client_ip"]) if row["client_ip"] is not None else None}
    of = {"ticket": ("ticket", row["ticket_id"]), "mailbox": ("mailbox", row["mailbox_id"])}
    return resource("mail", shown, MailAttributes, relationships=of)


def _outgoing(row: Mapping[str, Any], attributes: type[BaseModel]) -> dict[str, object]:
    of = {"ticket": ("ticket", row["ticket_id"]), "message": ("message", row["message_id"])}
    return resource("outgoing_mail", row, attributes, relationships=of)
