"""A route: method, path, permissions, schemas and handler. Validation, role checks and OpenAPI are derived from it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from yarl import URL

from core.actor import Actor
from core.errors import PermissionDenied
from core.http.failures import FieldProblem, Malformed, PreconditionMissing, RequestInvalid
from core.identity.roles import Permission

_M = TypeVar("_M", bound=BaseModel)
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


class Input(BaseModel):
    """Base of what comes in: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoQuery(Input):
    """Takes no query parameters."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers: a JSON body or none."""

    body: Mapping[str, object] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileReply:
    """Bytes to download, of a size that is known."""

    size_bytes: int
    chunks: AsyncIterator[bytes]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A request, parsed. `path` holds the placeholders of the route's path."""

    actor: Actor
    path: Mapping[str, str]
    url: URL
    headers: Mapping[str, str]
    query_model: BaseModel
    body_model: BaseModel | None

    def query(self, kind: type[_M]) -> _M:
        """The query parameters as the route's query schema."""
        if not isinstance(self.query_model, kind):
            raise TypeError(f"The route does not declare {kind.__name__}.")
        return self.query_model

    def body(self, kind: type[_M]) -> _M:
        """The body as the route's body schema."""
        if not isinstance(self.body_model, kind):
            raise TypeError(f"The route does not declare {kind.__name__}.")
        return self.body_model

    def expected_version(self) -> int:
        """The version in `If-Match`; raises PreconditionMissing where there is none (RFC 9110 section 13.1.1)."""
        sent = self.headers.get("If-Match")
        if sent is None:
            raise PreconditionMissing("Send the ETag of the version you change in If-Match.")
        match = _ETAG.fullmatch(sent.strip())
        if match is None:
            raise RequestInvalid([FieldProblem("If-Match", 'must be an ETag such as "3"')])
        return int(match.group(1))


Handler = Callable[[Call], Awaitable[Reply | FileReply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `permissions`: any of them lets in.

    Without any (an empty set) every actor with a token may; None opens the route to everyone, without a token.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    permissions: frozenset[Permission] | None
    response: type[BaseModel] | None
    status: int = 200
    tag: str = ""
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    needs_version: bool = False
    takes_idempotency_key: bool = False
    is_download: bool = False

    def check(self, actor: Actor) -> None:
        """Raise PermissionDenied unless the actor may take this route at all."""
        if self.permissions and not any(actor.may(wanted) for wanted in self.permissions):
            names = " or ".join(sorted(self.permissions))
            raise PermissionDenied(f"This needs the permission {names}.")

    def parse_query(self, pairs: list[tuple[str, str]]) -> BaseModel:
        """The query parameters as the schema; raises RequestInvalid, also for unknown and repeated ones."""
        names = [name for name, _ in pairs]
        repeated = [
            FieldProblem(name, "may be given once") for name in sorted({n for n in names if names.count(n) > 1})
        ]
        if repeated:
            raise RequestInvalid(repeated)
        return _validated(self.query, dict(pairs))

    def parse_body(self, content: bytes) -> BaseModel | None:
        """The body as the schema; raises Malformed if it is no JSON, RequestInvalid if it does not fit."""
        if self.body is None:
            return None
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise Malformed("The body is not JSON.") from error
        return _validated(self.body, value)


def _validated(kind: type[BaseModel], value: object) -> BaseModel:
    try:
        parsed = kind.model_validate(value)
    except ValidationError as error:
        raise RequestInvalid(
            [
                FieldProblem(
                    ".".join(str(part) for part in problem["loc"]) or "body",
                    problem["msg"].removeprefix("Value error, "),
                )
                for problem in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from error
    _refuse_nul(value, "body")
    return parsed


def _refuse_nul(value: object, where: str) -> None:
    """PostgreSQL text cannot hold NUL, and no honest input has one."""
    if isinstance(value, str) and "\x00" in value:
        raise RequestInvalid([FieldProblem(where, "must not contain NUL characters")])
    if isinstance(value, dict):
        for name, part in value.items():
            _refuse_nul(part, str(name))
    elif isinstance(value, list):
        for part in value:
            _refuse_nul(part, where)
