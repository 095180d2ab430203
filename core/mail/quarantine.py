"""Mails that are held until a person decides: those in quarantine, those that are parked, and automatic ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, and_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.audit.model import AuditAction
from core.database.engine import Database
from core.database.page import RowPage, read_page
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound
from core.identity.model import users
from core.identity.roles import Permission
from core.ids import RawMailId, ReceiptId, new_uuid
from core.mail.events import MailRejected, MailReleased
from core.mail.model import ReceiptOutcome, mail_receipts, raw_mails, trusted_senders
from core.tickets.people import name_of

RELEASED, REJECTED = "released", "rejected"
"""The rules that a person's decision is named by on a receipt."""

HELD = (ReceiptOutcome.QUARANTINED, ReceiptOutcome.PARKED)
FILED = ReceiptOutcome.AUTOMATIC_FILED


class Quarantine:
    """Held mails, worked by people. A mail is held while its newest receipt says so and nobody released it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_held_mails(
        self, actor: Actor, *, with_filed: bool = False, limit: int = 20, offset: int = 0
    ) -> RowPage:
        """Held mails, the newest first, each with the `outcome`, `findings` and `held_at` of its newest receipt.

        `with_filed`: automatic mails that were filed, too. Raises PermissionDenied.
        """
        async with self._database.connect() as connection:
            return await find_held_mails(connection, actor, with_filed=with_filed, limit=limit, offset=offset)

    async def get_held_mail(self, actor: Actor, raw_mail_id: RawMailId) -> Mapping[str, Any]:
        """One held mail, as in the list. Raises NotFound, also for one that is held no more, PermissionDenied."""
        async with self._database.connect() as connection:
            return await get_held_mail(connection, actor, raw_mail_id)

    async def release_mail(self, actor: Actor, raw_mail_id: RawMailId, *, always: bool = False) -> None:
        """Let a held mail in: it is decided on again, its sender taken as proven. What comes of it is on its receipt.

        `always`: later mails of this staff address need no proof, either. Raises Conflict for a mail that is held no
        more, InvalidInput for `always` where it was not held as staff without proof, NotFound, PermissionDenied.
        """
        actor.require(Permission.MAIL_RELEASE)
        async with self._database.begin(actor) as work:
            mail = await _hold(work, raw_mail_id)
            name = await name_of(work, actor)
            if always:
                await _trust(work, mail)
            detail = f"Released by {name}{' for good' if always else ''}."
            _write_receipt(work, mail, ReceiptOutcome(mail.outcome), RELEASED, detail)
            work.audit(AuditAction.UPDATE, "mail", raw_mail_id, old={"held": mail.outcome}, new={"always": always})
            work.record(
                MailReleased(
                    subject_id=raw_mail_id, subject_version=mail.receipts + 1, user_id=actor.user_id, user=name
                )
            )

    async def reject_mail(self, actor: Actor, raw_mail_id: RawMailId) -> None:
        """Leave a held mail without any effect; it stays kept. Raises Conflict, NotFound, PermissionDenied."""
        actor.require(Permission.MAIL_RELEASE)
        async with self._database.begin(actor) as work:
            mail = await _hold(work, raw_mail_id)
            name = await name_of(work, actor)
            _write_receipt(work, mail, ReceiptOutcome.REJECTED, REJECTED, f"Rejected by {name}.")
            rejected = ReceiptOutcome.REJECTED.value
            work.audit(AuditAction.UPDATE, "mail", raw_mail_id, old={"held": mail.outcome}, new={"outcome": rejected})
            work.record(
                MailRejected(
                    subject_id=raw_mail_id, subject_version=mail.receipts + 1, user_id=actor.user_id, user=name
                )
            )


async def find_held_mails(
    connection: AsyncConnection, actor: Actor, *, with_filed: bool = False, limit: int = 20, offset: int = 0
) -> RowPage:
    """As `Quarantine.list_held_mails`, on this connection."""
    actor.require(Permission.MAIL_RECEIPT_VIEW)
    outcomes = (*HELD, FILED) if with_filed else HELD
    order = (mail_receipts.c.created_at.desc(), mail_receipts.c.id.desc())
    return await read_page(connection, _held(*outcomes), order_by=order, limit=limit, offset=offset)


async def get_held_mail(connection: AsyncConnection, actor: Actor, raw_mail_id: RawMailId) -> Mapping[str, Any]:
    """As `Quarantine.get_held_mail`, on this connection."""
    actor.require(Permission.MAIL_RECEIPT_VIEW)
    statement = _held(*HELD, FILED).where(raw_mails.c.id == raw_mail_id)
    row: Row[Any] | None = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("held mail", raw_mail_id)
    return row._asdict()


def _held(*outcomes: ReceiptOutcome) -> Select[Any]:
    """Mails whose newest receipt has one of the outcomes and is no release."""
    receipt, newer = mail_receipts.c, mail_receipts.alias().c
    is_newest = ~(
        select(literal(1))
        .where(
            newer.raw_mail_id == receipt.raw_mail_id,
            or_(
                newer.created_at > receipt.created_at,
                and_(newer.created_at == receipt.created_at, newer.id > receipt.id),
            ),
        )
        .exists()
    )
    is_no_release = receipt.findings[0]["rule"].astext.is_distinct_from(RELEASED)
    columns = [column for column in raw_mails.c if column.name not in ("dedup_key", "loop_key", "sha256")]
    return (
        select(*columns, receipt.outcome, receipt.findings, receipt.created_at.label("held_at"))
        .join(mail_receipts, receipt.raw_mail_id == raw_mails.c.id)
        .where(receipt.outcome.in_([outcome.value for outcome in outcomes]), is_no_release, is_newest)
    )


async def _hold(work: UnitOfWork, raw_mail_id: RawMailId) -> Row[Any]:
    """The mail with its newest receipt and the number of its `receipts`, locked. Raises NotFound, Conflict."""
    lock = select(raw_mails.c.id).where(raw_mails.c.id == raw_mail_id).with_for_update()
    if (await work.execute(lock)).one_or_none() is None:
        raise NotFound("mail", raw_mail_id)
    count = select(func.count()).where(mail_receipts.c.raw_mail_id == raw_mail_id).scalar_subquery()
    statement = _held(*HELD, FILED).where(raw_mails.c.id == raw_mail_id).add_columns(count.label("receipts"))
    mail = (await work.execute(statement)).one_or_none()
    if mail is None:
        raise Conflict("This mail is not held any more.")
    return mail


async def _trust(work: UnitOfWork, mail: Row[Any]) -> None:
    u = users.c
    is_staff = func.lower(u.email) == mail.sender_address, u.customer_id.is_(None), u.deleted_at.is_(None)
    found = await work.execute(select(u.id).where(*is_staff))
    if mail.outcome != ReceiptOutcome.QUARANTINED.value or found.one_or_none() is None or work.actor.user_id is None:
        raise InvalidInput("Only an address of staff can be trusted for good, by a person.", field="always")
    trusted = {"address": mail.sender_address, "user_id": work.actor.user_id, "created_at": work.now}
    work.insert(trusted_senders, trusted)
    work.audit(AuditAction.CREATE, "trusted_sender", mail.id, new={"address": mail.sender_address})


def _write_receipt(work: UnitOfWork, mail: Row[Any], outcome: ReceiptOutcome, rule: str, detail: str) -> None:
    """The person's decision first, then what the mail was held for."""
    work.insert(
        mail_receipts,
        {
            "id": ReceiptId(new_uuid()),
            "raw_mail_id": mail.id,
            "outcome": outcome.value,
            "findings": [{"rule": rule, "detail": detail}, *mail.findings],
            "created_at": work.now,
        },
    )
