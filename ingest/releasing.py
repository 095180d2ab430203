"""Lets mails in that somebody released: they are decided on again, their sender taken as proven."""

from __future__ import annotations

from functools import partial

import structlog

from core.blobs.store import BlobStore
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.ids import RawMailId
from core.mail.events import MailReleased
from core.messaging.consumer import Subscription
from core.messaging.event import Envelope
from ingest.receiving import MailReceiver
from ingest.replaying import read_kept_mail

log = structlog.get_logger(__name__)

RELEASE_QUEUE = "mail.release"


def release_subscription(database: Database, blobs: BlobStore, receiver: MailReceiver) -> Subscription:
    """Who takes released mails in."""
    handler = partial(take_released_mail_in, database, blobs, receiver)
    return Subscription(RELEASE_QUEUE, RELEASE_QUEUE, (MailReleased.name,), handler)


async def take_released_mail_in(
    database: Database, blobs: BlobStore, receiver: MailReceiver, envelope: Envelope, work: UnitOfWork
) -> None:
    """Decide again on the mail of `mail.released`. The intake commits that by itself, once for each raw mail:

    when the event comes again, or the mail was rejected or replayed meanwhile, nothing happens. Raises Unavailable.
    """
    event = envelope.read(MailReleased)
    kept = await read_kept_mail(database, blobs, RawMailId(event.subject_id))
    if kept.had_effect:
        return
    recorded = await receiver.receive(kept.as_incoming(vouched_by=event.user))
    log.info("mail_released", mail=str(event.subject_id), outcome=recorded.outcome, ticket=recorded.ticket_number)
