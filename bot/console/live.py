"""Tells open pages what changed, as server-sent events: tickets that their user may see, and entries of their chat.

An event says that something changed, never what: the page asks for it again, as its user.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import orjson
import structlog
from aiohttp import web
from sqlalchemy import select, text

from bot.console.calling import ConsoleCall, actor_of
from bot.console.transcript import CONSOLE_CHANNEL, DESK, Transcripts
from core.actor import SYSTEM, Actor
from core.database.engine import Database
from core.database.listening import Wakeup, listen
from core.errors import Unavailable
from core.http.calling import HowCalled
from core.identity.roles import Permission
from core.identity.sessions import Session, Sessions
from core.ids import TicketId, UserId
from core.runtime.backoff import Backoff, stopped_within
from core.tickets.model import tickets
from core.tickets.queries import ticket_scope

HEARTBEAT_SECONDS = 15.0
"""A silent connection is kept from being cut, and its session looked at, once in so long."""

GATHER_SECONDS = 0.05
WRITE_SECONDS = 20.0
RETRY_MILLISECONDS = 2000
MOST_STREAMS = 20
"""Open pages of one user; the oldest gives way."""

MOST_WAITING = 100
HELLO = f"retry: {RETRY_MILLISECONDS}\nevent: hello\ndata: {{}}\n\n".encode()
REFRESH = b"event: refresh\ndata: {}\n\n"
BYE = b"event: bye\ndata: {}\n\n"
STILL_HERE = b": still here\n\n"

log = structlog.get_logger(__name__)


class LiveStream:
    """One open page: what it is still to be told."""

    def __init__(self, session: Session, how: HowCalled) -> None:
        self.session = session
        self.how = how
        self.is_over = False
        self._waiting: list[bytes] = []
        self._wakeup = Wakeup()

    @property
    def actor(self) -> Actor:
        return actor_of(self.session.user, self.how)

    def tell(self, frame: bytes) -> None:
        """Queue an event; a page that does not keep up is told to look at everything instead."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting = [REFRESH]
        elif frame not in self._waiting:
            self._waiting.append(frame)
        self._wakeup.ring()

    def recheck(self) -> None:
        """Look at the session now, not only after a while."""
        self._wakeup.ring()

    def end(self) -> None:
        self.is_over = True
        self._wakeup.ring()

    async def take(self, seconds: float) -> bytes:
        """What was queued, waiting up to `seconds` for it; empty if that is nothing, or the session is looked at."""
        if not self._waiting and not self.is_over:
            await self._wakeup.wait(seconds)
        taken, self._waiting = self._waiting, []
        return b"".join(taken)


class LiveStreams:
    """A component: hears what changed, and tells the pages that are open here."""

    name = "console live"

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        transcripts: Transcripts,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._transcripts = transcripts
        self._heartbeat_seconds = heartbeat_seconds
        self._streams: list[LiveStream] = []
        self._changed: set[TicketId] = set()
        self._wakeup = Wakeup()
        self._is_closed = False

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            listener = group.create_task(listen(self._database.url, CONSOLE_CHANNEL, self._heard))
            group.create_task(self._close_at(stop))
            await self._open_desk(stop)
            while not stop.is_set():
                await self._wakeup.wait(60)
                await stopped_within(stop, GATHER_SECONDS)
                await self._tell_tickets()
            listener.cancel()

    async def serve(self, call: ConsoleCall) -> web.StreamResponse:
        """The events of one page, until it is left, the session is over or the process stops."""
        if self._is_closed:
            raise Unavailable("The process is stopping.")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        stream = self._open(call)
        try:
            await response.prepare(call.request)
            await response.write(HELLO)
            while not stream.is_over:
                frames = await stream.take(self._heartbeat_seconds)
                if not frames and not stream.is_over:
                    frames = await self._still_here(stream)
                async with asyncio.timeout(WRITE_SECONDS):
                    await response.write(frames)
        except (ConnectionError, TimeoutError) as error:
            log.debug("console_stream_left", reason=str(error))
        finally:
            self._streams = [each for each in self._streams if each is not stream]
        return response

    async def check_everywhere(self, user_id: UserId) -> None:
        """Have every process look whether the sessions of the user's open pages are still on."""
        async with self._database.begin(SYSTEM) as work:
            payload = {"channel": CONSOLE_CHANNEL, "payload": f"sessions {user_id}"}
            await work.execute(text("SELECT pg_notify(:channel, :payload)"), payload)

    async def close(self, _: web.Application) -> None:
        """End all streams: an open page is no request that must be finished before the process stops."""
        self._is_closed = True
        for stream in self._streams:
            stream.end()

    def _open(self, call: ConsoleCall) -> LiveStream:
        own = [each for each in self._streams if each.session.user.id == call.user.id]
        for oldest in own[: len(own) + 1 - MOST_STREAMS]:
            oldest.end()
        stream = LiveStream(call.session, call.how)
        self._streams.append(stream)
        return stream

    async def _close_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._is_closed = True
        for stream in self._streams:
            stream.end()
        self._wakeup.ring()

    async def _open_desk(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                return await self._transcripts.open_desk()
            except Unavailable as error:
                log.warning("console_desk_not_opened", error=str(error))
                await backoff.pause(stop)

    async def _still_here(self, stream: LiveStream) -> bytes:
        """Nothing happened for a while; or the session is over, and the page is told."""
        try:
            found = await self._sessions.look_up(stream.session.digest)
        except Unavailable:
            return STILL_HERE
        if found is None:
            stream.end()
            return BYE
        stream.session = found
        return STILL_HERE

    def _heard(self, payload: str | None) -> None:
        if payload is None:
            self._tell(self._streams, REFRESH)
            return
        what, *rest = payload.split() or [""]
        if what == "entry" and len(rest) == 2:
            self._heard_entry(*rest)
        elif what == "sessions" and len(rest) == 1:
            for stream in self._streams:
                if str(stream.session.user.id) == rest[0]:
                    stream.recheck()
        else:
            self._heard_ticket(what)

    def _heard_entry(self, conversation: str, entry_id: str) -> None:
        is_desk = conversation == DESK
        frame = _event("entry", {"id": entry_id, "in": "desk" if is_desk else "talk"})
        self._tell(
            (
                each
                for each in self._streams
                if (may_see_desk(each.actor) if is_desk else str(each.session.user.id) == conversation)
            ),
            frame,
        )

    def _heard_ticket(self, ticket_id: str) -> None:
        try:
            self._changed.add(TicketId(UUID(ticket_id)))
        except ValueError:
            log.warning("console_heard_nonsense", payload=ticket_id[:100])
            return
        self._wakeup.ring()

    async def _tell_tickets(self) -> None:
        """One question to the database for all pages that may see the same."""
        changed, self._changed = self._changed, set()
        if not changed:
            return
        by_scope: dict[tuple[object, ...], list[LiveStream]] = defaultdict(list)
        for stream in self._streams:
            by_scope[_scope_of(stream.actor)].append(stream)
        for streams in by_scope.values():
            try:
                frames = await self._frames(streams[0].actor, changed)
            except Unavailable as error:
                log.warning("console_tickets_not_told", error=str(error))
                frames = [REFRESH]
            for frame in frames:
                self._tell(streams, frame)

    async def _frames(self, actor: Actor, changed: Iterable[TicketId]) -> list[bytes]:
        statement = select(tickets.c.id, tickets.c.number).where(tickets.c.id.in_(changed), ticket_scope(actor))
        async with self._database.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return [_event("ticket", {"id": str(row.id), "number": row.number}) for row in rows]

    @staticmethod
    def _tell(streams: Iterable[LiveStream], frame: bytes) -> None:
        for stream in streams:
            stream.tell(frame)


def may_see_desk(actor: Actor) -> bool:
    """Whether new tickets are shown to the actor as they come in."""
    return actor.is_staff and actor.may(Permission.TICKET_VIEW_ALL)


def _scope_of(actor: Actor) -> tuple[object, ...]:
    """Actors of the same scope see the same tickets (`core.tickets.queries.ticket_scope`)."""
    if actor.may(Permission.TICKET_VIEW_ALL):
        return ("all",)
    if actor.may(Permission.TICKET_VIEW_CUSTOMER):
        return ("customer", actor.customer_id)
    return ("own", actor.customer_id, actor.email)


def _event(name: str, data: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {orjson.dumps(data).decode()}\n\n".encode()
