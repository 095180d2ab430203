"""The queue of outgoing mails: filled in the use case that wants one sent, emptied by a sender somewhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.ids import MessageId, OutgoingMailId, TicketId, TicketNumber, new_uuid
from core.mail.bounces import record_bounce
from core.mail.compose import ComposedMail
from core.mail.model import OutgoingState, outgoing_mails
from core.tickets.model import thread_ids, tickets
from core.tickets.rules import ThreadStrength, TicketStatus
from core.tickets.writing import TicketRef

OUTGOING_CHANNEL = "psa_outgoing"
"""The LISTEN/NOTIFY channel that wakes the senders."""

LEASE = timedelta(minutes=5)
"""Mails that a sender claimed and said nothing of for so long are claimed again."""

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=5)
ERROR_LIMIT = 500

_ENHANCED_STATUS = re.compile(r"\b5\.[0-9]{1,3}\.[0-9]{1,3}\b")


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that is ours to deliver until `leased_until`. `attempts` counts this one."""

    id: OutgoingMailId
    lease_token: UUID
    leased_until: datetime
    attempts: int
    created_at: datetime
    envelope_from: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Refused:
    """A recipient that the next server refused, in the words of a delivery report."""

    address: str
    diagnostic: str
    action: str = "failed"

    @property
    def status(self) -> str | None:
        found = _ENHANCED_STATUS.search(self.diagnostic)
        return found.group() if found else None


@dataclass(frozen=True, slots=True)
class _Refusal:
    recipients: tuple[_Refused, ...]
    original_message_id: str


def delay_after(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts: a minute, doubling to six hours."""
    return min(FIRST_DELAY * (1 << min(attempts - 1, 20)), LONGEST_DELAY)


async def queue_mail(
    work: UnitOfWork, mail: ComposedMail, recipient: str, ticket_id: TicketId, message_id: MessageId | None
) -> OutgoingMailId:
    """Queue a mail to one recipient; its Message-ID becomes a strong sign of the ticket.

    `message_id` is the message that the mail carries; an acknowledgement carries none.
    """
    outgoing_id = OutgoingMailId(new_uuid())
    work.insert(
        outgoing_mails,
        {
            "id": outgoing_id,
            "internet_message_id": mail.internet_message_id,
            "ticket_id": ticket_id,
            "message_id": message_id,
            "recipient": recipient.lower(),
            "envelope_from": mail.envelope_from,
            "subject": mail.subject,
            "content": mail.content,
            "state": OutgoingState.QUEUED.value,
            "next_attempt_at": work.now,
            "created_at": work.now,
        },
    )
    work.insert(
        thread_ids,
        {
            "internet_message_id": mail.internet_message_id,
            "ticket_id": ticket_id,
            "strength": ThreadStrength.STRONG.value,
            "created_at": work.now,
        },
    )
    await work.execute(select(func.pg_notify(OUTGOING_CHANNEL, "")))
    return outgoing_id


class OutgoingMails:
    """The sender's side of the queue. Only who holds the lease changes a mail. All raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int) -> list[DueMail]:
        """The longest due mails, at most `limit`, ours for the length of the lease."""
        o, token = outgoing_mails.c, new_uuid()
        async with self._database.begin(SYSTEM) as work:
            due = (
                select(o.id)
                .where(
                    o.state == OutgoingState.QUEUED.value,
                    o.next_attempt_at <= work.now,
                    or_(o.leased_until.is_(None), o.leased_until < work.now),
                )
                .order_by(o.next_attempt_at, o.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("due")
            )
            until = work.now + LEASE
            rows = await work.execute(
                update(outgoing_mails)
                .where(o.id == due.c.id)
                .values(lease_token=token, leased_until=until, attempts=o.attempts + 1)
                .returning(o.id, o.attempts, o.created_at, o.envelope_from, o.recipient, o.content)
            )
            mails = [
                DueMail(
                    id=OutgoingMailId(row.id),
                    lease_token=token,
                    leased_until=until,
                    attempts=row.attempts,
                    created_at=row.created_at,
                    envelope_from=row.envelope_from,
                    recipient=row.recipient,
                    content=row.content.encode("ascii"),
                )
                for row in rows
            ]
        return sorted(mails, key=lambda mail: (mail.created_at, mail.id))

    async def mark_sent(self, mail: DueMail) -> None:
        """The mail is the next server's responsibility now."""
        async with self._database.begin(SYSTEM) as work:
            await _finish(work, mail, {"state": OutgoingState.SENT.value, "sent_at": work.now, "last_error": None})

    async def mark_failed(self, mail: DueMail, error: str) -> None:
        """The mail will not be tried again: the ticket says so, as it would of a mail that came back."""
        o = outgoing_mails.c
        async with self._database.begin(SYSTEM) as work:
            if not await _finish(work, mail, {"state": OutgoingState.FAILED.value, "last_error": error[:ERROR_LIMIT]}):
                return
            found = await work.execute(
                select(tickets.c.id, tickets.c.number, tickets.c.version, tickets.c.status, o.internet_message_id)
                .join(outgoing_mails, o.ticket_id == tickets.c.id)
                .where(o.id == mail.id)
                .with_for_update(of=tickets)
            )
            if row := found.one_or_none():
                ref = TicketRef(TicketId(row.id), TicketNumber(row.number), row.version, TicketStatus(row.status))
                refused = _Refused(mail.recipient, diagnostic=error)
                await record_bounce(work, ref, _Refusal((refused,), row.internet_message_id), None)

    async def put_off(self, mail: DueMail, error: str) -> OutgoingState:
        """Try it again later, or give it up if it is too old for that; returns which."""
        next_attempt_at = self._database.clock.now() + delay_after(mail.attempts)
        if next_attempt_at - mail.created_at > GIVEN_UP_AFTER:
            await self.mark_failed(mail, error)
            return OutgoingState.FAILED
        async with self._database.begin(SYSTEM) as work:
            await _finish(work, mail, {"next_attempt_at": next_attempt_at, "last_error": error[:ERROR_LIMIT]})
        return OutgoingState.QUEUED

    async def release(self, mails: Sequence[DueMail]) -> None:
        """They were not tried: they are due as before."""
        o = outgoing_mails.c
        async with self._database.begin(SYSTEM) as work:
            await work.execute(
                update(outgoing_mails)
                .where(o.id.in_([mail.id for mail in mails]), o.lease_token.in_({mail.lease_token for mail in mails}))
                .values(lease_token=None, leased_until=None, attempts=o.attempts - 1)
            )


async def _finish(work: UnitOfWork, mail: DueMail, values: dict[str, object]) -> bool:
    """End the lease and note what became of the mail; False if the lease is another's by now."""
    o = outgoing_mails.c
    changed = await work.execute(
        update(outgoing_mails)
        .where(o.id == mail.id, o.lease_token == mail.lease_token)
        .values(lease_token=None, leased_until=None, **values)
    )
    return changed.rowcount == 1
