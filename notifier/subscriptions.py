"""The one table of who hears of what: event → handler."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from core.database.unit_of_work import UnitOfWork
from core.messaging.consumer import Handler, Subscription
from core.messaging.event import Envelope
from core.tickets.events import TicketCreated, TicketReplied
from notifier.mail.acknowledging import acknowledge_ticket
from notifier.mail.mail_out import MailOut
from notifier.mail.replying import send_public_reply

EMAIL_QUEUE = "notifications.email"


def mail_subscriptions(mails: MailOut) -> tuple[Subscription, ...]:
    """Who writes mails."""
    handlers: dict[str, Handler] = {
        TicketCreated.name: partial(acknowledge_ticket, mails),
        TicketReplied.name: partial(send_public_reply, mails),
    }
    return (Subscription(EMAIL_QUEUE, EMAIL_QUEUE, tuple(handlers), partial(_dispatch, handlers)),)


async def _dispatch(handlers: Mapping[str, Handler], envelope: Envelope, work: UnitOfWork) -> None:
    """One queue for several events: subscriptions that share one would take each other's deliveries."""
    await handlers[envelope.name](envelope, work)
