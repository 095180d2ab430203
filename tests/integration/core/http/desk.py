"""A small API of its own: routes of every kind, behind the real application on a real port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from asyncpg.pgproto import pgproto
from pydantic import BaseModel, Field

from core.actor import Actor, ActorKind
from core.clock import SystemClock
from core.errors import (
    AlreadyExists,
    LimitExceeded,
    Misconfigured,
    NotFound,
    PsaError,
    TokenExpired,
    TokenInvalid,
    Unavailable,
    VersionConflict,
)
from core.http.application import build_application
from core.http.calling import HowCalled, Networks
from core.http.envelope import Document, Names, Page, PageQuery, document, page, resource
from core.http.health import ReadinessCheck
from core.http.route import Call, FileReply, Input, Reply, Route
from core.http.server import HttpServer
from core.identity.roles import Permission, Role
from core.ids import new_uuid
from core.runtime.metrics import Metrics

MAX_BODY_BYTES = 4096
ROLES = {"technician": Role.TECHNICIAN_L1, "customer": Role.CUSTOMER_USER}


class NoteAttributes(BaseModel):
    title: str


class NewNote(Input):
    """A note to take."""

    title: str = Field(min_length=1, max_length=100, examples=["The printer on floor 2 is out of toner"])


class NotesQuery(PageQuery):
    """Which notes, in which order."""

    sort: Names = Field(("title",), description="What to sort by.")


FAILURES: dict[str, Exception] = {
    "missing": NotFound("note", 7),
    "twice": AlreadyExists("There is a note with this title.", field="title"),
    "old": VersionConflict("note", 1, 2),
    "often": LimitExceeded("Too many attempts.", retry_after_seconds=90),
    "away": Unavailable("10.1.2.3:5432 refused the connection"),
    "setting": Misconfigured("PSA_SECRET_KEY is hunter2"),
    "unnamed": PsaError("an internal matter"),
    "crash": ValueError("password=hunter2"),
}


@dataclass
class Desk:
    """The running API. `seen` are the calls that reached a handler."""

    url: str = ""
    metrics: Metrics = field(default_factory=Metrics)
    seen: list[Call] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> tuple[Route, ...]:
        view = frozenset({Permission.TICKET_VIEW_ALL})
        return (
            Route(
                "GET",
                "/api/v1/notes",
                "List notes",
                self._list,
                view,
                Page[NoteAttributes],
                tag="notes",
                query=NotesQuery,
            ),
            Route(
                "POST",
                "/api/v1/notes",
                "Take a note",
                self._create,
                view,
                Document[NoteAttributes],
                status=201,
                tag="notes",
                body=NewNote,
                takes_idempotency_key=True,
            ),
            Route(
                "GET", "/api/v1/notes/{note_id}", "Read a note", self._read, view, Document[NoteAttributes], tag="notes"
            ),
            Route(
                "DELETE", "/api/v1/notes/{note_id}", "Throw it away", self._delete, view, None, status=204, tag="notes"
            ),
            Route("GET", "/api/v1/open", "Open to everyone", self._read, None, Document[NoteAttributes], tag="open"),
            Route("GET", "/api/v1/failures/{kind}", "Fail", self._fail, None, None, tag="open"),
            Route("GET", "/api/v1/me", "Any token", self._read, frozenset(), Document[NoteAttributes], tag="open"),
            Route("GET", "/api/v1/slow", "Take a while", self._wait, None, None, tag="open"),
            Route("GET", "/api/v1/files/{kind}", "Download", self._download, None, None, tag="files", is_download=True),
        )

    async def authenticate(self, token: str, how: HowCalled) -> Actor:
        """`technician` and `customer` are tokens; `expired` was one."""
        if token == "expired":
            raise TokenExpired("The token has expired.")
        if token not in ROLES:
            raise TokenInvalid("The token is not one of ours.")
        return Actor(kind=ActorKind.USER, email=f"{token}@example.com", role=ROLES[token])

    async def _list(self, call: Call) -> Reply:
        self.seen.append(call)
        note = resource("note", {"id": new_uuid(), "title": "Toner"}, NoteAttributes)
        return Reply(page([note], call.query(PageQuery), 41, call.url, SystemClock().now()))

    async def _create(self, call: Call) -> Reply:
        self.seen.append(call)
        row = {"id": new_uuid(), "title": call.body(NewNote).title}
        body = document(resource("note", row, NoteAttributes), SystemClock().now())
        return Reply(body, 201, {"Location": f"/api/v1/notes/{row['id']}", "ETag": '"1"'})

    async def _read(self, call: Call) -> Reply:
        self.seen.append(call)
        row = {"id": pgproto.UUID(str(new_uuid())), "title": "Toner"}
        return Reply(document(resource("note", row, NoteAttributes), SystemClock().now()))

    async def _delete(self, call: Call) -> Reply:
        return Reply(status=204)

    async def _fail(self, call: Call) -> Reply:
        raise FAILURES[call.path["kind"]]

    async def _wait(self, call: Call) -> Reply:
        self.begun.set()
        await self.go_on.wait()
        return Reply({"data": None})

    async def _download(self, call: Call) -> FileReply:
        kind = call.path["kind"]
        return FileReply(10, _chunks(kind), {"Content-Type": "text/plain", "Content-Disposition": "attachment"})


async def _chunks(kind: str) -> AsyncIterator[bytes]:
    yield b"01234"
    if kind == "broken":
        raise Unavailable("The blob store went away.")
    if kind == "whole":
        yield b"56789"


@asynccontextmanager
async def running_desk(
    readiness: Sequence[ReadinessCheck] = (), proxies: Networks = (), body_seconds: float = 30.0
) -> AsyncIterator[Desk]:
    """The API on a free port, until the block ends."""
    desk = Desk()
    server = HttpServer(
        build_application(
            desk.routes(),
            authenticate=desk.authenticate,
            readiness=readiness,
            metrics=desk.metrics,
            clock=SystemClock(),
            max_body_bytes=MAX_BODY_BYTES,
            version="1.2.3",
            proxies=proxies,
            body_seconds=body_seconds,
        ),
        "127.0.0.1",
        0,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run(desk.stop))
        await server.listening.wait()
        desk.url = f"http://127.0.0.1:{server.port}"
        try:
            yield desk
        finally:
            desk.go_on.set()
            desk.stop.set()


def bearer(token: str) -> dict[str, str]:
    """The header that carries the token."""
    return {"Authorization": f"Bearer {token}"}


async def error_of(response: aiohttp.ClientResponse) -> dict[str, object]:
    """The error of a response in the error format; its request id is the one in the header."""
    body = await response.json()
    assert set(body) == {"error"}
    error: dict[str, object] = body["error"]
    assert set(error) == {"code", "message", "details", "request_id", "timestamp"}
    assert error["request_id"] == response.headers["X-Request-ID"]
    assert str(error["timestamp"]).endswith("Z")
    return error
