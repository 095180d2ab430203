"""The one table of who hears of what: event → handler."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from core.chat.rules import Surface
from core.database.unit_of_work import UnitOfWork
from core.messaging.consumer import Handler, Subscription
from core.messaging.event import Envelope
from core.tickets.events import TicketCreated, TicketReplied
from notifier.chat.fan_out import TOPICS, ChatOut, tell_in_chat
from notifier.mail.acknowledging import acknowledge_ticket
from notifier.mail.mail_out import MailOut
from notifier.mail.replying import send_public_reply

EMAIL_QUEUE = "notifications.email"
CHAT_QUEUES: Mapping[Surface, str] = {surface: f"notifications.{surface}" for surface in Surface}


def mail_subscriptions(mails: MailOut) -> tuple[Subscription, ...]:
    """Who writes mails."""
    handlers: dict[str, Handler] = {
        TicketCreated.name: partial(acknowledge_ticket, mails),
        TicketReplied.name: partial(send_public_reply, mails),
    }
    return (Subscription(EMAIL_QUEUE, EMAIL_QUEUE, tuple(handlers), partial(_dispatch, handlers)),)


def chat_subscriptions(out: ChatOut) -> tuple[Subscription, ...]:
    """Who speaks in chat: a queue for each surface, so that none waits for another."""
    return tuple(
        Subscription(queue, queue, TOPICS, partial(tell_in_chat, out, surface))
        for surface, queue in CHAT_QUEUES.items()
    )


async def _dispatch(handlers: Mapping[str, Handler], envelope: Envelope, work: UnitOfWork) -> None:
    """One queue for several events: subscriptions that share one would take each other's deliveries."""
    await handlers[envelope.name](envelope, work)
