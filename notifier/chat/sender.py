"""Delivers the queue of chat deliveries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.channel import (
    Channel,
    ChannelError,
    ConversationGone,
    Destination,
    MessageGone,
    Refused,
    Throttled,
    TryLater,
)
from bot.views.living import Views
from core.actor import SYSTEM
from core.chat.conversations import UNOPENED, open_conversation
from core.chat.deliveries import CHAT_CHANNEL
from core.chat.rules import DeliveryKind, Surface
from core.database.engine import Database
from core.database.listening import Wakeup, listening
from core.errors import Unavailable
from core.mail.compose import Desk
from core.runtime.backoff import Backoff
from core.runtime.metrics import Metrics
from notifier.chat.budget import LIMITS, SurfaceLimits
from notifier.chat.drawing import Drawing
from notifier.chat.queue import ChatQueue, DueDelivery
from notifier.chat.settling import Dropped, Failed, HeldBack, Later, Outcome, Sent, Settlement, Unreachable

log = structlog.get_logger(__name__)

AT_ONCE = 16
SWEEP_SECONDS = 5.0
SEND_SECONDS = 60.0
"""What one attempt may take at most, so that it ends before the lease does."""

FAULTS = 5
"""A delivery at which we fail ourselves so often is given up."""


class ChatSender:
    """A component; several may run at once and share the queue, and together keep to the limits.

    Posts of a conversation arrive in order, and each once, with one exception: where a sender dies after the surface
    took a post and before that is noted, the next attempt says `is_repeated`, and only a surface that can tell whether
    it has the post already keeps it from standing there twice. Updates are drawn anew, so repeating one does no harm.
    """

    name = "chat sender"

    def __init__(
        self,
        database: Database,
        channels: Mapping[Surface, Channel],
        views: Views,
        metrics: Metrics,
        *,
        limits: Mapping[Surface, SurfaceLimits] = LIMITS,
        desk: Desk | None = None,
    ) -> None:
        self._database = database
        self._channels = channels
        self._queue = ChatQueue(database, channels, limits)
        self._settlement = Settlement(database, desk)
        self._drawing = Drawing(database, views)
        self._limits = limits
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        try:
            async with listening(self._database.url, CHAT_CHANNEL, stop) as wakeup:
                while not stop.is_set():
                    try:
                        seconds = await self._begin_what_is_due(wakeup, stop)
                        backoff.reset()
                        await wakeup.wait(seconds)
                    except Unavailable as error:
                        log.warning("chat_delivery_interrupted", error=str(error))
                        await backoff.pause(stop)
        finally:
            await asyncio.gather(*self._running)

    async def _begin_what_is_due(self, wakeup: Wakeup, stop: asyncio.Event) -> float:
        """Begin to send as much as can be sent now; returns how many seconds there is nothing more to begin."""
        while (room := AT_ONCE - len(self._running)) > 0 and not stop.is_set():
            claimed = await self._queue.claim(room)
            if not claimed:
                state = await self._queue.look()
                self._metrics.chat_queue_age_seconds.set(state.overdue.total_seconds())
                if state.next_at is None:
                    return SWEEP_SECONDS
                seconds = (state.next_at - self._database.clock.now()).total_seconds()
                return min(max(seconds, 0.005), SWEEP_SECONDS)
            for due in claimed:
                task = asyncio.create_task(self._deliver(due, stop), name=f"chat delivery {due.id}")
                self._running.add(task)
                task.add_done_callback(lambda done: self._end(done, wakeup))
        return SWEEP_SECONDS

    def _end(self, task: asyncio.Task[None], wakeup: Wakeup) -> None:
        self._running.discard(task)
        # The next one of this conversation may go.
        wakeup.ring()

    async def _deliver(self, due: DueDelivery, stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                due = await self._open(due)
                outcome = await self._attempt(due)
        except (ChannelError, Unavailable, TimeoutError) as error:
            outcome = _outcome_of(due, error)
        except Exception as error:
            log.exception("chat_delivery_fault", delivery_id=str(due.id))
            fault = f"{type(error).__name__}: {error}"
            outcome = Failed(fault) if due.attempts >= FAULTS else Later(fault, is_uncertain=True)
        backoff = Backoff()
        while True:
            try:
                result = await self._settlement.settle(due, outcome, self._limits[due.surface], random.random())  # noqa: S311 - no secret
            except Unavailable:
                # What is not noted will be sent again: worth waiting for a database that is only restarting.
                if stop.is_set() or self._database.clock.now() >= due.leased_until:
                    return
                await backoff.pause(stop)
            except Exception:
                # The lease ends by itself, and then it is tried again.
                log.exception("chat_delivery_not_settled", delivery_id=str(due.id))
                return
            else:
                return self._count(due, outcome, result)

    def _count(self, due: DueDelivery, outcome: Outcome, result: str) -> None:
        surface = due.surface.value
        self._metrics.chat_deliveries.labels(surface, due.kind.value, result).inc()
        if result == "sent":
            seconds = (self._database.clock.now() - due.created_at).total_seconds()
            self._metrics.chat_delivery_seconds.labels(surface).observe(max(seconds, 0.0))
        level = log.debug if isinstance(outcome, Sent | Dropped) else log.warning
        error = getattr(outcome, "error", None)
        level(
            "chat_delivery", delivery_id=str(due.id), surface=surface, result=result, attempts=due.attempts, error=error
        )

    async def _open(self, due: DueDelivery) -> DueDelivery:
        """The delivery, to a personal conversation that is begun here if nobody has yet."""
        conversation = due.conversation
        if not conversation.external_id.startswith(UNOPENED) or conversation.dropped_at is not None:
            return due
        account = conversation.external_id.removeprefix(UNOPENED)
        begun = await self._channels[due.surface].open_personal(conversation.tenant, account)
        async with self._database.begin(SYSTEM) as work:
            opened = await open_conversation(work, conversation, begun.conversation, begun.reference)
        return replace(due, conversation=opened)

    async def _attempt(self, due: DueDelivery) -> Outcome:
        """Raises what the channel raises."""
        if due.conversation.dropped_at is not None:
            return Dropped("The conversation is gone.")
        channel, destination = self._channels[due.surface], _destination(due)
        if due.kind is DeliveryKind.DELETE:
            await channel.delete(destination, due.target or "")
            return Sent(due.target)
        if due.card is not None and due.card.is_dropped:
            return Dropped("The card is gone.")
        shown = await self._drawing.draw(due)
        if shown is None:
            return Dropped("There is nobody or no need to show it to any more.", ends_card=True)
        if due.kind is DeliveryKind.POST:
            if shown.ends:
                return Dropped("There is nothing to show.", ends_card=True)
            external_id = await channel.post(destination, shown.card)
            return Sent(external_id, shown.digest, shown.tickets)
        target = due.card.external_id if due.card else due.target
        if due.card is not None and shown.digest == due.card.drawn_digest and not due.is_repeated:
            return Dropped("It stands there already.", ends_card=shown.ends)
        await channel.update(destination, target or "", shown.card)
        return Sent(target, shown.digest, shown.tickets, ends=shown.ends)


def _destination(due: DueDelivery) -> Destination:
    conversation = due.conversation
    return Destination(
        tenant=conversation.tenant,
        conversation=conversation.external_id,
        kind=conversation.kind,
        language=due.card.language if due.card else conversation.language,
        thread=due.thread,
        recipient=due.recipient,
        reference=conversation.reference,
        address=due.address,
        delivery_id=due.id,
        is_repeated=due.is_repeated,
    )


def _outcome_of(due: DueDelivery, error: Exception) -> Outcome:
    """What an attempt that raised comes to."""
    answer = str(error)
    if isinstance(error, Throttled):
        return HeldBack(answer, error.retry_after_seconds)
    if isinstance(error, TryLater):
        return Later(answer, error.is_uncertain)
    if isinstance(error, Refused):
        return Failed(answer)
    if isinstance(error, MessageGone):
        return Dropped(answer or "The message is gone.", ends_card=True)
    if isinstance(error, ConversationGone):
        return Unreachable(answer)
    if isinstance(error, Unavailable):
        return Later(answer, is_uncertain=due.is_repeated)
    if isinstance(error, TimeoutError):
        return Later("It took too long.", is_uncertain=True)
    return Failed(f"{type(error).__name__}: {answer}")
