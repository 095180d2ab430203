"""A desk with a customer, whose tickets and events the tests of mail out make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default

from sqlalchemy import Row, insert, select, update

from core.actor import SYSTEM
from core.blobs.store import BlobStore
from core.clock import SystemClock
from core.customers.model import contacts, customers
from core.database.engine import Database
from core.ids import CustomerId, MessageId, RawMailId, new_uuid
from core.mail.model import MailChannel, outgoing_mails, raw_mails
from core.mail.reply_token import ReplyTokens
from core.messaging.bus import RetryPolicy
from core.messaging.embedded import EmbeddedBus
from core.messaging.model import outbox, queued_deliveries
from core.messaging.topology import queues_of
from core.messaging.worker import ConsumerWorker
from core.runtime.metrics import Metrics
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, TicketRef, add_message, open_ticket, take_ticket_numbers
from notifier.mail.mail_out import MailOut
from notifier.subscriptions import EMAIL_QUEUE, mail_subscriptions
from tests.integration.core.messaging.spine import eventually, relay, running

ADDRESS = "anna@kunde.example"
DESK_ADDRESS = "support@desk.example"


class TurnedClock(SystemClock):
    """The machine's clock, put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass(frozen=True, slots=True)
class Contact:
    """How the customer's contact wants it; `address` None is a sender without a contact."""

    address: str | None = ADDRESS
    language: str = "de"
    wants_acknowledgements: bool = True
    is_bounced: bool = False


@dataclass(slots=True)
class DeskAtWork:
    """Writes tickets and lets the consumers hear of it."""

    database: Database
    mails: MailOut
    customer_id: CustomerId

    async def open_ticket(
        self,
        *,
        address: str = ADDRESS,
        message_id: str | None = "first@kunde.example",
        envelope_from: str | None = ADDRESS,
        channel: MailChannel = MailChannel.SMTP,
        source: TicketSource = TicketSource.EMAIL,
        is_automatic: bool = False,
        copied: tuple[str, ...] = (),
        title: str = "Drucker",
    ) -> TicketRef:
        """A ticket by mail of `address`."""
        async with self.database.begin(SYSTEM) as work:
            raw_mail_id = RawMailId(new_uuid())
            raw = {"id": raw_mail_id, "sha256": "0" * 64, "size_bytes": 1, "channel": channel.value}
            work.insert(raw_mails, {**raw, "envelope_from": envelope_from, "envelope_to": [], "received_at": work.now})
            opening = NewMessage(
                MessageKind.PUBLIC,
                source,
                "Er druckt nicht.",
                "Anna",
                is_inbound=True,
                author_address=address,
                is_automatic=is_automatic,
                internet_message_id=message_id,
                raw_mail_id=raw_mail_id,
                copied_addresses=copied,
            )
            (number,) = await take_ticket_numbers(work, 1)
            draft = NewTicket(self.customer_id, None, title, TicketPriority.MEDIUM, source, opening)
            ref, _ = open_ticket(work, draft, number)
        return ref

    async def write(self, ticket: TicketRef, message: NewMessage) -> tuple[TicketRef, MessageId]:
        async with self.database.begin(SYSTEM) as work:
            return await add_message(work, ticket, message)

    async def deliver_events(self, *, again: bool = False) -> None:
        """Let the mail consumer take every event so far; `again` publishes those a second time that it had."""
        subscriptions = mail_subscriptions(self.mails)
        bus = EmbeddedBus(self.database, queues_of(subscriptions), retries=RetryPolicy(delays_seconds=()))
        workers = [ConsumerWorker(self.database, bus, each, Metrics()) for each in subscriptions]
        if again:
            async with self.database.begin(SYSTEM) as work:
                await work.execute(update(outbox).values(published_at=None))

        async def all_taken() -> bool:
            async with self.database.connect() as connection:
                pending = await connection.execute(select(outbox.c.id).where(outbox.c.published_at.is_(None)))
                waiting = await connection.execute(
                    select(queued_deliveries.c.event_id).where(queued_deliveries.c.dead_at.is_(None))
                )
                return not pending.all() and not waiting.all()

        async with running(relay(self.database, bus), *workers):
            await eventually(all_taken)
        assert await bus.list_dead(EMAIL_QUEUE) == []

    async def list_outgoing(self) -> list[Row[tuple[object, ...]]]:
        async with self.database.connect() as connection:
            rows = await connection.execute(select(outgoing_mails).order_by(outgoing_mails.c.id))
            return list(rows.all())

    async def list_mails(self) -> list[EmailMessage]:
        """The outgoing mails, read with the standard library."""
        return [as_mail(row.content) for row in await self.list_outgoing()]


def as_mail(content: str) -> EmailMessage:
    mail = message_from_string(content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def reply(text: str = "Bitte neu starten.", **changes: object) -> NewMessage:
    """What the desk writes publicly on a ticket."""
    message = NewMessage(MessageKind.PUBLIC, TicketSource.CONSOLE, text, "Tom Techniker", is_inbound=False)
    return replace(message, **changes)  # type: ignore[arg-type]


async def open_desk(database: Database, blobs: BlobStore, contact: Contact | None = None) -> DeskAtWork:
    """A desk at work, with one customer and one contact of it."""
    who = contact or Contact()
    customer_id = CustomerId(new_uuid())
    async with database.begin(SYSTEM) as work:
        now = {"created_at": work.now, "updated_at": work.now}
        await work.execute(insert(customers).values(id=customer_id, name="Kunde", status="active", **now))
        if who.address is not None:
            person = {
                "id": new_uuid(),
                "customer_id": customer_id,
                "first_name": "Anna",
                "last_name": "Kunz",
                "email": who.address,
                "language": who.language,
                "notify_ticket_created": who.wants_acknowledgements,
                "bounced_at": work.now if who.is_bounced else None,
            }
            await work.execute(insert(contacts).values(**person, **now))
    tokens = ReplyTokens(b"a key of sixteen bytes", DESK_ADDRESS)
    mails = MailOut(tokens, DESK_ADDRESS, "Beispiel IT", "en", blobs)
    return DeskAtWork(database, mails, customer_id)
