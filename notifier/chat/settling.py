"""What became of an attempt to deliver, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, case, delete, func, null, select, update

from core.actor import SYSTEM
from core.chat.cards import drop_card
from core.chat.conversations import drop_conversation
from core.chat.deliveries import CHAT_CHANNEL
from core.chat.events import ChatDeliveryFailed
from core.chat.messages import note_shown
from core.chat.model import chat_conversations, chat_deliveries, posted_card_tickets, posted_cards
from core.chat.rules import DeliveryKind, DeliveryState
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.ids import TicketId
from core.mail.compose import Desk
from notifier.chat.budget import SurfaceLimits
from notifier.chat.falling_back import mail_instead
from notifier.chat.queue import DueDelivery

log = structlog.get_logger(__name__)

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(hours=12)
ERROR_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """The surface has it. `digest` and `tickets` are of a living card; it `ends` where it will not be redrawn."""

    external_id: str | None
    digest: str | None = None
    tickets: tuple[TicketId, ...] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """There is nothing to say, or nobody to say it to; `ends_card`: nor will there be."""

    reason: str
    ends_card: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """To be tried again; `is_uncertain`: it may have arrived all the same."""

    error: str
    is_uncertain: bool


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Too fast: nothing goes to this conversation for so long."""

    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The surface will never take it."""

    error: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The desk may not write there any more."""

    error: str


Outcome = Sent | Dropped | Later | HeldBack | Failed | Unreachable


def delay_after(attempts: int, spread: float) -> timedelta:
    """How long a delivery waits after so many attempts: a second, doubling to five minutes.

    `spread` from 0 to 1 makes it up to half as long again, so that not all come back at once.
    """
    return min(FIRST_DELAY * (1 << min(attempts - 1, 20)), LONGEST_DELAY) * (1 + spread / 2)


class Settlement:
    """Notes outcomes, each in one transaction. Only who holds the lease settles a delivery. Raises Unavailable.

    `desk` is who mails what chat cannot deliver to a person any more; None: nobody does.
    """

    def __init__(self, database: Database, desk: Desk | None = None) -> None:
        self._database = database
        self._desk = desk

    async def settle(self, due: DueDelivery, outcome: Outcome, limits: SurfaceLimits, spread: float) -> str:
        """Note what became of it; returns the result as metrics call it. `spread` is as in `delay_after`."""
        async with self._database.begin(SYSTEM) as work:
            if isinstance(outcome, Sent):
                return await _sent(work, due, outcome)
            if isinstance(outcome, Dropped):
                await _end(work, due, DeliveryState.DROPPED, outcome.reason)
                if outcome.ends_card and due.card is not None:
                    await drop_card(work, due.card.id)
                return "dropped"
            if isinstance(outcome, HeldBack):
                await _hold_back(work, due, outcome, limits)
                return "throttled"
            if isinstance(outcome, Later):
                next_at = work.now + delay_after(due.attempts, spread)
                if next_at - due.created_at <= GIVEN_UP_AFTER:
                    again = {"next_attempt_at": next_at, "is_uncertain": outcome.is_uncertain}
                    await _release(work, due, last_error=outcome.error[:ERROR_LIMIT], **again)
                    return "put_off"
            if isinstance(outcome, Unreachable):
                ended = await _end(work, due, DeliveryState.DROPPED, outcome.error[:ERROR_LIMIT])
                if ended is not None and self._desk is not None:
                    await mail_instead(work, self._desk, due)
                await drop_conversation(work, due.conversation.id)
                return "unreachable"
            return await _failed(work, due, outcome.error)


async def _sent(work: UnitOfWork, due: DueDelivery, sent: Sent) -> str:
    state = await _end(work, due, DeliveryState.SENT, sent_at=work.now, external_id=sent.external_id)
    if state is None:
        log.warning("chat_delivery_settled_elsewhere", delivery_id=str(due.id))
        return "lost"
    if due.message_id is not None and sent.external_id is not None:
        note_shown(work, due.conversation.id, sent.external_id, due.message_id)
    if due.card is None:
        return "sent"
    shown: dict[str, Any] = {"drawn_digest": sent.digest, "drawn_at": work.now}
    if due.kind is DeliveryKind.POST:
        shown["external_id"] = sent.external_id
    if sent.ends or (due.kind is DeliveryKind.POST and sent.external_id is None):
        shown["dropped_at"] = work.now
    p, t = posted_cards.c, posted_card_tickets.c
    await work.execute(update(posted_cards).where(p.id == due.card.id).values(**shown))
    if not sent.ends:
        tickets = {*sent.tickets, *((due.card.ticket_id,) if due.card.ticket_id else ())}
        await work.execute(delete(posted_card_tickets).where(t.card_id == due.card.id, t.ticket_id.not_in(tickets)))
        for ticket_id in tickets:
            work.insert(posted_card_tickets, {"card_id": due.card.id, "ticket_id": ticket_id})
    if state is DeliveryState.QUEUED or due.kind is DeliveryKind.POST:
        # There is more to say of this card, or what waited for it can go now.
        await work.execute(select(func.pg_notify(CHAT_CHANNEL, "")))
    return "sent"


async def _failed(work: UnitOfWork, due: DueDelivery, error: str) -> str:
    if await _end(work, due, DeliveryState.FAILED, error[:ERROR_LIMIT]) is not DeliveryState.FAILED:
        return "failed"
    if due.card is not None and due.kind is DeliveryKind.POST:
        await drop_card(work, due.card.id)
    work.record(
        ChatDeliveryFailed(
            subject_id=due.ticket_id or due.conversation.id,
            subject_version=0,
            delivery_id=due.id,
            conversation_id=due.conversation.id,
            surface=due.surface,
            kind=due.kind,
            ticket_id=due.ticket_id,
            error=error[:ERROR_LIMIT],
        )
    )
    return "failed"


async def _hold_back(work: UnitOfWork, due: DueDelivery, outcome: HeldBack, limits: SurfaceLimits) -> None:
    """The surface says how long; that is no failed attempt. Other conversations go on."""
    c, d = chat_conversations.c, chat_deliveries.c
    until = work.now + timedelta(seconds=outcome.seconds)
    await _release(
        work,
        due,
        last_error=outcome.error[:ERROR_LIMIT],
        next_attempt_at=until,
        attempts=d.attempts - 1,
        is_uncertain=False,
    )
    if limits.short is not None:
        held = limits.short.hold_back(None, until)
        await work.execute(
            update(chat_conversations)
            .where(c.id == due.conversation.id)
            .values(budget_full_at=func.greatest(c.budget_full_at, held))
        )


async def _release(work: UnitOfWork, due: DueDelivery, **values: Any) -> None:
    await work.execute(update(chat_deliveries).where(_held(due)).values(lease_token=None, leased_until=None, **values))


async def _end(
    work: UnitOfWork, due: DueDelivery, state: DeliveryState, error: str | None = None, **values: Any
) -> DeliveryState | None:
    """End the lease; what was wanted again meanwhile stays queued, as if it were new.

    Returns the state, None if the delivery is another's by now.
    """
    d = chat_deliveries.c
    is_wanted_again = d.coalesce_key.is_not(None) & (d.wanted > due.wanted)
    ended = await work.execute(
        update(chat_deliveries)
        .where(_held(due))
        .values(
            **values,
            state=case((is_wanted_again, DeliveryState.QUEUED.value), else_=state.value),
            attempts=case((is_wanted_again, 0), else_=d.attempts),
            created_at=case((is_wanted_again, work.now), else_=d.created_at),
            last_error=case((is_wanted_again, null()), else_=error),
            lease_token=None,
            leased_until=None,
            is_uncertain=False,
        )
        .returning(d.state)
    )
    found = ended.scalar_one_or_none()
    return None if found is None else DeliveryState(found)


def _held(due: DueDelivery) -> ColumnElement[bool]:
    d = chat_deliveries.c
    return (d.id == due.id) & (d.lease_token == due.lease_token) & (d.state == DeliveryState.QUEUED.value)
