"""Delivers the queue of outgoing mails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from core.database.engine import Database
from core.database.listening import listening
from core.errors import Unavailable
from core.mail.model import OutgoingState
from core.mail.outgoing import OUTGOING_CHANNEL, DueMail, OutgoingMails
from core.runtime.backoff import Backoff
from core.runtime.metrics import Metrics
from notifier.mail.transport import Delivery, DeliveryOutcome, MailSession, MailTransport

log = structlog.get_logger(__name__)

BATCH = 20
SWEEP_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0

DELIVERY_TIME = timedelta(minutes=2, seconds=30)
"""What one delivery may take at most: none is begun that could outlast the lease, for then another sends it too."""


class OutgoingSender:
    """A component; several may run at once and share the queue. A crash may send a mail twice, but never loses one."""

    name = "outgoing mail sender"

    def __init__(self, database: Database, transport: MailTransport, metrics: Metrics) -> None:
        self._database = database
        self._mails = OutgoingMails(database)
        self._transport = transport
        self._metrics = metrics

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(most_seconds=LONGEST_PAUSE_SECONDS)
        async with listening(self._database.url, OUTGOING_CHANNEL, stop) as wakeup:
            while not stop.is_set():
                try:
                    claimed = await self._mails.claim(BATCH)
                    if claimed:
                        await self._send(claimed, stop)
                    backoff.reset()
                    if len(claimed) < BATCH:
                        await wakeup.wait(SWEEP_SECONDS)
                except Unavailable as error:
                    log.warning("outgoing_mail_interrupted", error=str(error))
                    await backoff.pause(stop)

    async def _send(self, mails: Sequence[DueMail], stop: asyncio.Event) -> None:
        """Deliver them over one session; those that it does not come to are due as before."""
        left = list(mails)
        try:
            async with self._transport.open() as session:
                while left and not stop.is_set() and self._is_time_for(left[0]):
                    await self._deliver(session, left.pop(0), stop)
        finally:
            if left:
                await self._mails.release(left)

    def _is_time_for(self, mail: DueMail) -> bool:
        return mail.leased_until - self._database.clock.now() > DELIVERY_TIME

    async def _deliver(self, session: MailSession, mail: DueMail, stop: asyncio.Event) -> None:
        try:
            delivery = await session.deliver(mail)
        except Unavailable as error:
            # Put off by itself: a mail that breaks every connection must not hold up all others.
            await self._note(mail, Delivery(DeliveryOutcome.REFUSED_FOR_NOW, str(error)))
            raise
        backoff = Backoff()
        while True:
            try:
                return await self._note(mail, delivery)
            except Unavailable:
                # What is not noted will be sent again: worth waiting for a database that is only restarting.
                if stop.is_set() or self._database.clock.now() >= mail.leased_until:
                    raise
                await backoff.pause(stop)

    async def _note(self, mail: DueMail, delivery: Delivery) -> None:
        if delivery.outcome is DeliveryOutcome.TAKEN:
            await self._mails.mark_sent(mail)
            result = "sent"
        elif delivery.outcome is DeliveryOutcome.REFUSED:
            await self._mails.mark_failed(mail, delivery.answer)
            result = "failed"
        else:
            state = await self._mails.put_off(mail, delivery.answer)
            result = "failed" if state is OutgoingState.FAILED else "put_off"
        self._metrics.outgoing_mails.labels(result).inc()
        log.info("outgoing_mail", mail_id=str(mail.id), result=result, attempts=mail.attempts, answer=delivery.answer)
