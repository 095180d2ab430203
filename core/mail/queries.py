"""Reading what came in, what became of it, and what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from core.actor import Actor
from core.blobs.store import BlobStore, OpenBlob
from core.customers.model import contacts, customers
from core.database.engine import Database
from core.database.page import RowPage, read_page
from core.errors import NotFound
from core.identity.roles import Permission
from core.mail.model import OutgoingState, ReceiptOutcome, mail_receipts, outgoing_mails, raw_mails
from core.tickets.model import tickets


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which raw mails: `sender` is a part of the address, `received_after` inclusive, `received_before` exclusive."""

    outcome: ReceiptOutcome | None = None
    sender: str | None = None
    received_after: datetime | None = None
    received_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutgoingFilter:
    """Which outgoing mails."""

    ticket_id: UUID | None = None
    state: OutgoingState | None = None


class MailRecords:
    """The desk's record of its mails. All of it needs the permission MAIL_RECEIPT_VIEW.

    A mail that was replayed has several receipts; the last one counts.
    """

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    async def list_mails(self, actor: Actor, wanted: MailFilter, *, limit: int = 20, offset: int = 0) -> RowPage:
        """Raw mails, the newest first, each with the `outcome`, `ticket_id` and `ticket_number` of its receipt."""
        actor.require(Permission.MAIL_RECEIPT_VIEW)
        last = (
            select(mail_receipts.c.outcome, mail_receipts.c.ticket_id)
            .where(mail_receipts.c.raw_mail_id == raw_mails.c.id)
            .order_by(mail_receipts.c.created_at.desc(), mail_receipts.c.id.desc())
            .limit(1)
            .lateral()
        )
        conditions: list[ColumnElement[bool]] = []
        if wanted.sender:
            conditions.append(raw_mails.c.sender_address.icontains(wanted.sender, autoescape=True))
        if wanted.received_after is not None:
            conditions.append(raw_mails.c.received_at >= wanted.received_after)
        if wanted.received_before is not None:
            conditions.append(raw_mails.c.received_at < wanted.received_before)
        counted = select(raw_mails.c.id).where(*conditions)
        if wanted.outcome is not None:
            # The index on outcomes finds the few that ever had it; whether it was the last word is seen after.
            ever = select(mail_receipts.c.raw_mail_id).where(mail_receipts.c.outcome == wanted.outcome.value)
            conditions += [raw_mails.c.id.in_(ever), last.c.outcome == wanted.outcome.value]
            counted = select(raw_mails.c.id).select_from(raw_mails.join(last, true())).where(*conditions)
        rows = (
            select(raw_mails, last.c.outcome, last.c.ticket_id, tickets.c.number.label("ticket_number"))
            .select_from(raw_mails.outerjoin(last, true()).outerjoin(tickets, tickets.c.id == last.c.ticket_id))
            .where(*conditions)
        )
        order = (raw_mails.c.received_at.desc(), raw_mails.c.id.desc())
        async with self._database.connect() as connection:
            return await read_page(connection, rows, order_by=order, limit=limit, offset=offset, counted=counted)

    async def get_receipt(self, actor: Actor, raw_mail_id: UUID) -> Mapping[str, Any]:
        """The last receipt, with the ticket's number and the names of those it was taken for. Raises NotFound."""
        actor.require(Permission.MAIL_RECEIPT_VIEW)
        statement = (
            select(
                mail_receipts,
                raw_mails.c.sender_address,
                raw_mails.c.subject,
                raw_mails.c.received_at,
                tickets.c.number.label("ticket_number"),
                customers.c.name.label("customer_name"),
                contacts.c.email.label("contact_email"),
            )
            .select_from(
                mail_receipts.join(raw_mails, raw_mails.c.id == mail_receipts.c.raw_mail_id)
                .outerjoin(tickets, tickets.c.id == mail_receipts.c.ticket_id)
                .outerjoin(customers, customers.c.id == mail_receipts.c.customer_id)
                .outerjoin(contacts, contacts.c.id == mail_receipts.c.contact_id)
            )
            .where(mail_receipts.c.raw_mail_id == raw_mail_id)
            .order_by(mail_receipts.c.created_at.desc(), mail_receipts.c.id.desc())
            .limit(1)
        )
        async with self._database.connect() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("mail", raw_mail_id)
        return row._asdict()

    async def open_raw_mail(self, actor: Actor, raw_mail_id: UUID) -> OpenBlob:
        """The message byte for byte as it arrived (RFC 5322). Raises NotFound, Unavailable."""
        actor.require(Permission.MAIL_RECEIPT_VIEW)
        async with self._database.connect() as connection:
            statement = select(raw_mails.c.sha256).where(raw_mails.c.id == raw_mail_id)
            key = (await connection.execute(statement)).scalar_one_or_none()
        if key is None:
            raise NotFound("mail", raw_mail_id)
        return await self._blobs.open(key)

    async def list_outgoing_mails(
        self, actor: Actor, wanted: OutgoingFilter, *, limit: int = 20, offset: int = 0
    ) -> RowPage:
        """Outgoing mails without their content, the newest first."""
        actor.require(Permission.MAIL_RECEIPT_VIEW)
        columns = [column for column in outgoing_mails.c if column.name not in ("content", "lease_token")]
        statement = select(*columns)
        if wanted.ticket_id is not None:
            statement = statement.where(outgoing_mails.c.ticket_id == wanted.ticket_id)
        if wanted.state is not None:
            statement = statement.where(outgoing_mails.c.state == wanted.state.value)
        async with self._database.connect() as connection:
            # The keys are ordered by time.
            order = (outgoing_mails.c.id.desc(),)
            return await read_page(connection, statement, order_by=order, limit=limit, offset=offset)

    async def get_outgoing_mail(self, actor: Actor, outgoing_mail_id: UUID) -> Mapping[str, Any]:
        """One outgoing mail with its content. Raises NotFound."""
        actor.require(Permission.MAIL_RECEIPT_VIEW)
        async with self._database.connect() as connection:
            statement = select(outgoing_mails).where(outgoing_mails.c.id == outgoing_mail_id)
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("outgoing mail", outgoing_mail_id)
        return row._asdict()
