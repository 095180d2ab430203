"""Keeps what arrives before it is acknowledged, and works on it after: each arrival has its effect and answer once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from bot.answer import Answer
from bot.answering import queue_answer
from bot.request import Place, Request
from bot.views.card import Card, Text, Tone
from bot.wording import Words
from core.actor import SYSTEM
from core.chat.arrivals import Arrival, ChatArrivals, mark_done, mark_failed
from core.chat.rules import Surface
from core.database.engine import Database
from core.errors import Unavailable
from core.ids import ArrivalId
from core.runtime.backoff import Backoff, stopped_within
from core.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

Interpret = Callable[[Mapping[str, Any]], Request | None]
"""Pure: a stored body as a request; None where there is nothing to do."""

AT_ONCE = 8
"""Fewer than the connections to the database, so that what arrives can be stored while others are worked on."""

WORK_SECONDS = 90.0
"""Less than the lease, so that nobody else works on it as well."""

ATTEMPTS = 4
SWEEP_SECONDS = 2.0
BATCH = 20

HEADING = Words("Das hat nicht geklappt", "That did not work")
APOLOGY = Words(
    "Beim Ausführen ist ein Fehler aufgetreten. Er ist gemeldet; bitte versuche es später noch einmal.",
    "Something went wrong while doing this. It is reported; please try again later.",
)


class Answers(Protocol):
    """What does the effect of a request, once for an `origin`, and says what to show; None: nothing."""

    async def answer(self, request: Request, origin: UUID) -> Answer | None: ...


class Arrivals:
    """Takes what the surfaces get. One instance a process; an ArrivalWorker sees to what it could not finish."""

    def __init__(
        self, database: Database, desk: Answers, interpreters: Mapping[Surface, Interpret], metrics: Metrics
    ) -> None:
        self._database = database
        self._stored = ChatArrivals(database)
        self._desk = desk
        self._interpreters = interpreters
        self._metrics = metrics
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._lines: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()
        self._working: dict[ArrivalId, asyncio.Task[Answer | None]] = {}

    async def take(self, surface: Surface, natural_key: str, body: Mapping[str, Any]) -> asyncio.Future[Answer | None]:
        """Store what arrived, committed on return, and begin to work on it; the future is the answer.

        It is None where there is nothing to say, where the work was put off, and the second time of the same arrival
        once the first is worked off. Who gives up waiting for it stops nothing. Raises Unavailable, InvalidInput.
        """
        arrival = await self._stored.store(surface, natural_key, body)
        if arrival.lease_token is not None:
            return self.work_on(arrival)
        self._count(arrival, "duplicate")
        working = self._working.get(arrival.id)
        if working is not None:
            return asyncio.shield(working)
        nothing: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing

    def work_on(self, arrival: Arrival) -> asyncio.Future[Answer | None]:
        """Begin to work on an arrival that is leased to us."""
        task = asyncio.create_task(self._work(arrival), name=f"chat arrival {arrival.id}")
        self._working[arrival.id] = task
        task.add_done_callback(lambda done: self._forget(arrival.id, done))
        return asyncio.shield(task)

    async def claim(self) -> int:
        """Begin to work on what nobody works on; returns how much that was. Raises Unavailable."""
        room = BATCH - len(self._working)
        if room <= 0:
            return 0
        claimed = await self._stored.claim(room)
        for arrival in claimed:
            self.work_on(arrival)
        return len(claimed)

    async def drain(self) -> None:
        """Return when all is worked off that was begun."""
        while self._working:
            await asyncio.wait(self._working.values())

    def _forget(self, arrival_id: ArrivalId, done: asyncio.Task[Answer | None]) -> None:
        if self._working.get(arrival_id) is done:
            del self._working[arrival_id]

    async def _work(self, arrival: Arrival) -> Answer | None:
        request: Request | None = None
        try:
            request = self._interpreters[arrival.surface](arrival.body)
            async with self._line_of(arrival, request), self._turns, asyncio.timeout(WORK_SECONDS):
                answer = None if request is None else await self._desk.answer(request, arrival.id)
                is_ours = await self._finish(arrival, request, answer)
        except (Unavailable, TimeoutError) as error:
            log.warning("chat_arrival_put_off", arrival_id=str(arrival.id), error=str(error) or "It took too long.")
            await self._put_off(arrival, error)
        except Exception as error:
            log.exception("chat_arrival_failed", arrival_id=str(arrival.id), attempts=arrival.attempts)
            if arrival.attempts < ATTEMPTS:
                await self._put_off(arrival, error)
            else:
                await self._give_up(arrival, request, error)
        else:
            self._count(arrival, "done" if is_ours else "done_elsewhere")
            return answer
        return None

    def _line_of(self, arrival: Arrival, request: Request | None) -> asyncio.Lock:
        """Who says several things at a place has them done in that order."""
        if request is None:
            return asyncio.Lock()
        account = request.account.account if request.account else ""
        key = (arrival.surface, request.place.tenant, request.place.conversation, account)
        return self._lines.setdefault(key, asyncio.Lock())

    async def _finish(self, arrival: Arrival, request: Request | None, answer: Answer | None) -> bool:
        async with self._database.begin(SYSTEM) as work:
            if not await mark_done(work, arrival):
                return False
            if request is not None and answer is not None:
                await queue_answer(work, request.account, answer)
        return True

    async def _put_off(self, arrival: Arrival, error: BaseException) -> None:
        self._count(arrival, "put_off")
        try:
            await self._stored.put_off(arrival, f"{type(error).__name__}: {error}")
        except Unavailable:
            # The lease ends by itself, and then it is swept up.
            log.warning("chat_arrival_not_put_off", arrival_id=str(arrival.id))

    async def _give_up(self, arrival: Arrival, request: Request | None, error: BaseException) -> None:
        try:
            async with self._database.begin(SYSTEM) as work:
                is_ours = await mark_failed(work, arrival, f"{type(error).__name__}: {error}")
                if is_ours and request is not None and request.account is not None:
                    await queue_answer(work, request.account, _apology(request.place))
        except Exception:
            # Not even that: the lease ends by itself, and then it is tried again.
            log.exception("chat_arrival_not_given_up", arrival_id=str(arrival.id))
        else:
            self._count(arrival, "failed")

    def _count(self, arrival: Arrival, result: str) -> None:
        self._metrics.chat_arrivals.labels(arrival.surface.value, result).inc()


class ArrivalWorker:
    """A component: works on what was stored and not done, because a process crashed or the database was away."""

    name = "chat arrivals"

    def __init__(self, arrivals: Arrivals, *, sweep_seconds: float = SWEEP_SECONDS) -> None:
        self._arrivals = arrivals
        self._sweep_seconds = sweep_seconds

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                claimed = await self._arrivals.claim()
                backoff.reset()
                if not claimed:
                    await stopped_within(stop, self._sweep_seconds)
            except Unavailable as error:
                log.warning("chat_arrivals_interrupted", error=str(error))
                await backoff.pause(stop)
        await self._arrivals.drain()


def _apology(place: Place) -> Answer:
    """In both languages: who it is, and which theirs is, may be what could not be found out."""
    text = "\n\n".join(APOLOGY.in_(language) for language in ("de", "en"))
    heading = " / ".join(HEADING.in_(language) for language in ("de", "en"))
    card = Card(heading=heading, summary=heading, tone=Tone.DANGER, elements=(Text(text=text),))
    return Answer(card=card, place=place, person=None)
