"""Calls routes as the HTTP application does, and holds their answers to the schemas that they promise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from yarl import URL

from core.actor import Actor, ActorKind
from core.http.route import Call, FileReply, Reply, Route
from core.identity.roles import Role
from core.ids import CustomerId, UserId, new_uuid


@dataclass(frozen=True, slots=True)
class Api:
    """Routes to be called."""

    routes: Sequence[Route]

    async def call(
        self, actor: Actor, request: str, body: Mapping[str, object] | None = None, *, version: int | None = None
    ) -> Any:
        """The decoded answer to a request such as `GET /api/v1/things?page=2`; None where there is no body."""
        route, call = self._parsed(actor, request, body, version)
        reply = await route.handler(call)
        assert isinstance(reply, Reply)
        assert reply.status == route.status
        if reply.body is None:
            assert route.response is None
            return None
        answer = orjson.loads(orjson.dumps(reply.body, default=str))
        if "fields=" not in request and route.response is not None:
            route.response.model_validate(answer)
        return answer

    async def download(self, actor: Actor, request: str) -> tuple[Mapping[str, str], bytes]:
        """The headers and the content of a download."""
        route, call = self._parsed(actor, request, None, None)
        reply = await route.handler(call)
        assert isinstance(reply, FileReply)
        content = b"".join([chunk async for chunk in reply.chunks])
        assert len(content) == reply.size_bytes
        return reply.headers, content

    def _parsed(
        self, actor: Actor, request: str, body: Mapping[str, object] | None, version: int | None
    ) -> tuple[Route, Call]:
        method, _, target = request.partition(" ")
        path, _, query = target.partition("?")
        for route in self.routes:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
            if route.method == method and (match := re.fullmatch(pattern, path)):
                break
        else:
            raise LookupError(request)
        route.check(actor)
        call = Call(
            actor=actor,
            path=match.groupdict(),
            url=URL(target),
            headers={"If-Match": f'"{version}"'} if version is not None else {},
            query_model=route.parse_query(parse_qsl(query)),
            body_model=route.parse_body(orjson.dumps(body)),
        )
        return route, call


def user_of(role: Role, customer_id: UUID | None = None) -> Actor:
    """Someone who logged in."""
    return Actor(
        kind=ActorKind.USER,
        user_id=UserId(new_uuid()),
        email="someone@example.com",
        role=role,
        customer_id=CustomerId(customer_id) if customer_id else None,
        ip_address="192.0.2.7",
    )
