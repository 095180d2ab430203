"""The envelope: `data` with resources, `meta`, and `links` of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from yarl import URL

from core.http.failures import FieldProblem, RequestInvalid
from core.http.route import Input

_A = TypeVar("_A", bound=BaseModel)


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Instant = Annotated[datetime, AfterValidator(_as_utc)]
"""ISO 8601; a plain date is its first instant, and without an offset it is UTC."""

Names = Annotated[tuple[str, ...], BeforeValidator(_split, json_schema_input_type=str)]
"""Names with commas between them."""


class Identifier(BaseModel):
    type: str
    id: UUID


class Relationship(BaseModel):
    data: Identifier | None


class Resource(BaseModel, Generic[_A]):
    id: UUID
    type: str
    attributes: _A
    relationships: dict[str, Relationship]


class AnyResource(BaseModel):
    """A resource of another type that `include` asked for."""

    id: UUID
    type: str
    attributes: dict[str, Any]
    relationships: dict[str, Relationship]


class Meta(BaseModel):
    timestamp: datetime


class PageMeta(BaseModel):
    page: int = Field(examples=[2])
    limit: int = Field(examples=[20])
    total: int = Field(examples=[41])
    total_pages: int = Field(examples=[3])
    timestamp: datetime


class PageLinks(BaseModel):
    self: str = Field(examples=["/api/v1/tickets?page=2"])
    next: str | None = Field(examples=["/api/v1/tickets?page=3"])
    prev: str | None = Field(examples=["/api/v1/tickets?page=1"])
    first: str = Field(examples=["/api/v1/tickets?page=1"])
    last: str = Field(examples=["/api/v1/tickets?page=3"])


class Document(BaseModel, Generic[_A]):
    data: Resource[_A]
    included: list[AnyResource] | None = None
    meta: Meta


class Page(BaseModel, Generic[_A]):
    data: list[Resource[_A]]
    included: list[AnyResource] | None = None
    meta: PageMeta
    links: PageLinks


class ErrorDetail(BaseModel):
    field: str
    message: str


class ErrorBody(BaseModel):
    code: str
    message: str
    details: list[ErrorDetail]
    request_id: str
    timestamp: datetime


class Error(BaseModel):
    """What every failure answers; `request_id` is also in the header X-Request-ID and in the log."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "VALIDATION_ERROR",
                        "message": "Invalid input data",
                        "details": [{"field": "title", "message": "String should have at least 1 character"}],
                        "request_id": "0199d7a4-6f3e-7c54-9a41-0b6f6f1f7a52",
                        "timestamp": "2025-11-03T10:30:00Z",
                    }
                }
            ]
        }
    )

    error: ErrorBody


class PageQuery(Input):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=1_000_000, description="Number of the page, from 1.")
    limit: int = Field(20, ge=1, le=100, description="Resources on a page.")

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


def resource(
    kind: str,
    row: Mapping[str, object],
    attributes: type[BaseModel],
    *,
    relationships: Mapping[str, tuple[str, object]] | None = None,
    fields: Sequence[str] = (),
) -> dict[str, object]:
    """A resource from a row: the columns that `attributes` names (of them those in `fields`, if any are).

    `relationships` maps a name to (type, id); an id of None gives an empty relationship.
    """
    names = attributes.model_fields if not fields else [name for name in attributes.model_fields if name in fields]
    return {
        "id": row["id"],
        "type": kind,
        "attributes": {name: row[name] for name in names},
        "relationships": {
            name: {"data": {"type": other, "id": key} if key is not None else None}
            for name, (other, key) in (relationships or {}).items()
        },
    }


def document(
    data: Mapping[str, object], at: datetime, included: Iterable[Mapping[str, object]] | None = None
) -> dict[str, object]:
    """One resource in its envelope."""
    body: dict[str, object] = {"data": data, "meta": {"timestamp": at}}
    return body if included is None else body | {"included": list(included)}


def page(
    data: Sequence[Mapping[str, object]],
    query: PageQuery,
    total: int,
    url: URL,
    at: datetime,
    included: Iterable[Mapping[str, object]] | None = None,
) -> dict[str, object]:
    """A page of resources in its envelope; the links keep the query as it was sent."""
    pages = max(1, -(-total // query.limit))

    def link(number: int) -> str:
        return str(url.relative().update_query(page=number)) if url.absolute else str(url.update_query(page=number))

    body: dict[str, object] = {
        "data": data,
        "meta": {"page": query.page, "limit": query.limit, "total": total, "total_pages": pages, "timestamp": at},
        "links": {
            "self": link(query.page),
            "next": link(query.page + 1) if query.page < pages else None,
            "prev": link(min(query.page - 1, pages)) if query.page > 1 else None,
            "first": link(1),
            "last": link(pages),
        },
    }
    return body if included is None else body | {"included": list(included)}


def check_names(parameter: str, names: Sequence[str], allowed: Iterable[str]) -> None:
    """Raise RequestInvalid unless all names are allowed ones."""
    known = list(allowed)
    wrong = [name for name in names if name not in known]
    if wrong:
        raise RequestInvalid([FieldProblem(parameter, f"{', '.join(wrong)}: must be among {', '.join(known)}")])
