"""The queue of outgoing mails: filled in the use case that wants one sent, emptied by a sender somewhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from core.actor import SYSTEM
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.ids import MessageId, OutgoingMailId, TicketId, new_uuid
from core.mail.compose import ComposedMail
from core.mail.model import OutgoingState, outgoing_mails
from core.tickets.model import thread_ids
from core.tickets.rules import ThreadStrength

OUTGOING_CHANNEL = "psa_outgoing"
"""The LISTEN/NOTIFY channel that wakes the senders."""

LEASE = timedelta(minutes=5)
"""Mails that a sender claimed and said nothing of for so long are claimed again."""

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=5)
ERROR_LIMIT = 500


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
        await self._finish(mail, {"state": OutgoingState.SENT.value, "sent_at": self._now, "last_error": None})

    async def mark_failed(self, mail: DueMail, error: str) -> None:
        """The mail will not be tried again."""
        await self._finish(mail, {"state": OutgoingState.FAILED.value, "last_error": error[:ERROR_LIMIT]})

    async def put_off(self, mail: DueMail, error: str) -> OutgoingState:
        """Try it again later, or give it up if it is too old for that; returns which."""
        next_attempt_at = self._now + delay_after(mail.attempts)
        if next_attempt_at - mail.created_at > GIVEN_UP_AFTER:
            await self.mark_failed(mail, error)
            return OutgoingState.FAILED
        await self._finish(mail, {"next_attempt_at": next_attempt_at, "last_error": error[:ERROR_LIMIT]})
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

    @property
    def _now(self) -> datetime:
        return self._database.clock.now()

    async def _finish(self, mail: DueMail, values: dict[str, object]) -> None:
        o = outgoing_mails.c
        async with self._database.begin(SYSTEM) as work:
            await work.execute(
                update(outgoing_mails)
                .where(o.id == mail.id, o.lease_token == mail.lease_token)
                .values(lease_token=None, leased_until=None, **values)
            )
