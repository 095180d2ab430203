"""Routes of a ticket's messages (also called comments), files and mail receipts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.blobs.store import BlobStore
from core.database.engine import Database
from core.errors import Conflict
from core.http.envelope import Document, Meta, Page, PageQuery, Resource, document, page, resource
from core.http.identifiers import uuid_in_path
from core.http.route import Call, FileReply, Input, Reply, Route
from core.identity.roles import Permission
from core.ids import AttachmentId
from core.mail.http import FindingAttributes
from core.mail.model import MailChannel, ReceiptOutcome
from core.tickets.downloads import download_headers
from core.tickets.queries import (
    find_attachments,
    find_messages,
    find_receipts,
    get_attachment,
    get_message,
    ticket_reference,
)
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.service import Tickets

VIEW = frozenset({Permission.TICKET_VIEW_ALL, Permission.TICKET_VIEW_CUSTOMER, Permission.TICKET_VIEW_OWN})
TAG = "Messages"


class MessageAttributes(BaseModel):
    """`text` is what was said; `quoted` and `signature` were folded away; `html` is sanitised.

    `edited_at`: changed where it was said. `deleted_at`: taken back there; only staff still see that it was.
    """

    kind: MessageKind
    is_inbound: bool
    is_automatic: bool
    author_name: str
    author_address: str | None
    subject: str | None
    text: str
    quoted: str
    signature: str
    html: str | None
    source: TicketSource
    sent_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    created_at: datetime


class AttachmentAttributes(BaseModel):
    """`set_aside` says why a file is not handed out, if it is not."""

    filename: str
    content_type: str
    size_bytes: int
    is_inline: bool
    content_id: str | None
    set_aside: str | None
    created_at: datetime


class Attachments(BaseModel):
    """All files of a ticket."""

    data: list[Resource[AttachmentAttributes]]
    meta: Meta


class TicketReceiptAttributes(BaseModel):
    """What became of a mail that touched the ticket, and why."""

    outcome: ReceiptOutcome
    findings: list[FindingAttributes]
    channel: MailChannel
    sender_address: str | None
    subject: str | None
    size_bytes: int
    received_at: datetime
    created_at: datetime


class TicketReceipts(BaseModel):
    """All receipts of a ticket."""

    data: list[Resource[TicketReceiptAttributes]]
    meta: Meta


class WrittenKind(StrEnum):
    """What a person can write."""

    PUBLIC = "public"
    NOTE = "note"


class MessageInput(Input):
    text: str = Field(min_length=1, max_length=100_000)
    kind: WrittenKind = Field(WrittenKind.PUBLIC, description="`note` is for the desk only.")


def message_routes(tickets: Tickets, database: Database, blobs: BlobStore) -> tuple[Route, ...]:
    """The routes of messages, files and receipts."""
    api = _MessageApi(tickets, database, blobs)
    ticket = "/api/v1/tickets/{id}"
    reply = frozenset({Permission.TICKET_REPLY})
    spoken = [
        route
        for name in ("messages", "comments")
        for route in (
            Route(
                "GET",
                f"{ticket}/{name}",
                f"List a ticket's {name}, oldest first",
                api.list_messages,
                VIEW,
                Page[MessageAttributes],
                tag=TAG,
                query=PageQuery,
            ),
            Route(
                "POST",
                f"{ticket}/{name}",
                "Reply in public or leave a note",
                api.add_message,
                reply,
                Document[MessageAttributes],
                status=201,
                tag=TAG,
                body=MessageInput,
            ),
        )
    ]
    return (
        *spoken,
        Route(
            "GET", f"{ticket}/attachments", "List a ticket's files", api.list_attachments, VIEW, Attachments, tag=TAG
        ),
        Route(
            "GET",
            "/api/v1/attachments/{id}/content",
            "Download a file",
            api.download_attachment,
            VIEW,
            None,
            tag=TAG,
            is_download=True,
        ),
        Route(
            "GET",
            f"{ticket}/receipts",
            "List what became of the mails that touched a ticket",
            api.list_receipts,
            frozenset({Permission.MAIL_RECEIPT_VIEW}),
            TicketReceipts,
            tag=TAG,
        ),
    )


class _MessageApi:
    def __init__(self, tickets: Tickets, database: Database, blobs: BlobStore) -> None:
        self._tickets = tickets
        self._database = database
        self._blobs = blobs

    async def list_messages(self, call: Call) -> Reply:
        query = call.query(PageQuery)
        reference = ticket_reference(call.path["id"])
        async with self._database.connect() as connection:
            found = await find_messages(connection, call.actor, reference, offset=query.offset, limit=query.limit)
        data = [_message(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._database.clock.now()))

    async def add_message(self, call: Call) -> Reply:
        body = call.body(MessageInput)
        reference = ticket_reference(call.path["id"])
        message_id = await self._tickets.add_message(call.actor, reference, MessageKind(body.kind.value), body.text)
        async with self._database.connect() as connection:
            row = await get_message(connection, call.actor, message_id)
        return Reply(document(_message(row), self._database.clock.now()), 201)

    async def list_attachments(self, call: Call) -> Reply:
        async with self._database.connect() as connection:
            rows = await find_attachments(connection, call.actor, ticket_reference(call.path["id"]))
        data = [
            resource("attachment", row, AttachmentAttributes, relationships={"message": ("message", row["message_id"])})
            for row in rows
        ]
        return Reply({"data": data, "meta": {"timestamp": self._database.clock.now()}})

    async def download_attachment(self, call: Call) -> FileReply:
        attachment_id = AttachmentId(uuid_in_path(call, "id", "attachment"))
        async with self._database.connect() as connection:
            row = await get_attachment(connection, call.actor, attachment_id)
        if row["set_aside"] is not None:
            raise Conflict(f"The file {row['filename']} was set aside and is not handed out: {row['set_aside']}")
        blob = await self._blobs.open(row["sha256"])
        return FileReply(blob.size_bytes, blob.chunks, download_headers(row["filename"], row["content_type"]))

    async def list_receipts(self, call: Call) -> Reply:
        async with self._database.connect() as connection:
            rows = await find_receipts(connection, call.actor, ticket_reference(call.path["id"]))
        data = [_receipt(row) for row in rows]
        return Reply({"data": data, "meta": {"timestamp": self._database.clock.now()}})


def _message(row: Mapping[str, Any]) -> dict[str, object]:
    to: dict[str, tuple[str, UUID | None]] = {
        "ticket": ("ticket", row["ticket_id"]),
        "author_user": ("user", row["author_user_id"]),
        "author_contact": ("contact", row["author_contact_id"]),
    }
    return resource("message", row, MessageAttributes, relationships=to)


def _receipt(row: Mapping[str, Any]) -> dict[str, object]:
    to = {"mail": ("mail", row["raw_mail_id"]), "message": ("message", row["message_id"])}
    return resource("mail_receipt", row, TicketReceiptAttributes, relationships=to)
