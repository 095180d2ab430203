"""A kept mail, to be decided on again: once, whoever asks for it and however often."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from core.blobs.store import BlobStore
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import NotFound
from core.ids import RawMailId, TicketNumber
from core.mail.model import MailChannel, ReceiptOutcome, mail_receipts, raw_mails
from core.tickets.model import tickets
from ingest.arrival import IncomingMail
from ingest.recording import Recorded

WITHOUT_EFFECT = frozenset(
    {ReceiptOutcome.FAILED, ReceiptOutcome.PARKED, ReceiptOutcome.QUARANTINED, ReceiptOutcome.AUTOMATIC_FILED}
)


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A raw mail and its newest receipt."""

    id: RawMailId
    raw: bytes = field(repr=False)
    channel: MailChannel
    received_at: datetime
    envelope_from: str | None
    envelope_to: tuple[str, ...]
    outcome: ReceiptOutcome
    ticket_number: TicketNumber | None

    @property
    def had_effect(self) -> bool:
        return self.outcome not in WITHOUT_EFFECT

    def as_incoming(self, *, vouched_by: str | None = None) -> IncomingMail:
        """The mail as it came, marked as a replay: its raw mail is there already. Someone may vouch for its sender."""
        return IncomingMail(
            raw=self.raw,
            channel=self.channel,
            received_at=self.received_at,
            envelope_from=self.envelope_from,
            envelope_to=self.envelope_to,
            replay_of=self.id,
            vouched_by=vouched_by,
        )


async def hold_settled(work: UnitOfWork, raw_mail_ids: Collection[RawMailId]) -> dict[RawMailId, Recorded]:
    """What became of those of the mails that had their effect meanwhile. All are locked: nobody else decides now."""
    if not raw_mail_ids:
        return {}
    lock = select(raw_mails.c.id).where(raw_mails.c.id.in_(raw_mail_ids)).order_by(raw_mails.c.id).with_for_update()
    await work.execute(lock)
    newest = (
        select(mail_receipts.c.raw_mail_id, mail_receipts.c.outcome, tickets.c.number)
        .outerjoin(tickets, tickets.c.id == mail_receipts.c.ticket_id)
        .where(mail_receipts.c.raw_mail_id.in_(raw_mail_ids))
        .ext(distinct_on(mail_receipts.c.raw_mail_id))
        .order_by(mail_receipts.c.raw_mail_id, mail_receipts.c.created_at.desc(), mail_receipts.c.id.desc())
    )
    settled: dict[RawMailId, Recorded] = {}
    for row in await work.execute(newest):
        outcome, number = ReceiptOutcome(row.outcome), None if row.number is None else TicketNumber(row.number)
        if outcome not in WITHOUT_EFFECT:
            settled[RawMailId(row.raw_mail_id)] = Recorded(RawMailId(row.raw_mail_id), outcome, number)
    return settled


async def read_kept_mail(database: Database, blobs: BlobStore, raw_mail_id: RawMailId) -> KeptMail:
    """A kept mail with its bytes; raises NotFound."""
    statement = (
        select(
            raw_mails.c.sha256, raw_mails.c.channel, raw_mails.c.received_at, raw_mails.c.envelope_from,
            raw_mails.c.envelope_to, mail_receipts.c.outcome, tickets.c.number,
        )
        .select_from(
            raw_mails.join(mail_receipts, mail_receipts.c.raw_mail_id == raw_mails.c.id)
            .outerjoin(tickets, tickets.c.id == mail_receipts.c.ticket_id)
        )
        .where(raw_mails.c.id == raw_mail_id)
        .order_by(mail_receipts.c.created_at.desc(), mail_receipts.c.id.desc())
        .limit(1)
    )  # fmt: skip
    async with database.connect() as connection:
        row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("mail", raw_mail_id)
    return KeptMail(
        id=raw_mail_id,
        raw=await blobs.get(row.sha256),
        channel=MailChannel(row.channel),
        received_at=row.received_at,
        envelope_from=row.envelope_from,
        envelope_to=tuple(row.envelope_to),
        outcome=ReceiptOutcome(row.outcome),
        ticket_number=row.number,
    )
