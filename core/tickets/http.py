"""Routes under /api/v1/tickets; messages, files and receipts have theirs in `core.tickets.message_http`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, Field

from core.blobs.store import BlobStore
from core.database.engine import Database
from core.http.envelope import Document, Instant, Names, Page, PageQuery, check_names, document, page, resource
from core.http.failures import FieldProblem, RequestInvalid
from core.http.patch import Changes, unchanged
from core.http.route import Call, Input, Reply, Route
from core.identity.roles import Permission
from core.ids import ContactId, CustomerId, TicketNumber, UserId
from core.tickets.including import RELATED, find_related
from core.tickets.message_http import message_routes
from core.tickets.model import IDEMPOTENCY_KEY_LIMIT, TITLE_LIMIT
from core.tickets.queries import (
    Sort,
    SortKey,
    TicketFilters,
    TicketReference,
    find_tickets,
    get_ticket,
    ticket_reference,
)
from core.tickets.rules import TicketPriority, TicketSource, TicketStatus
from core.tickets.service import IdempotencyKey, TicketChanges, TicketRequest, Tickets

VIEW = frozenset({Permission.TICKET_VIEW_ALL, Permission.TICKET_VIEW_CUSTOMER, Permission.TICKET_VIEW_OWN})
UPDATE = frozenset({Permission.TICKET_UPDATE})

Title = Annotated[str, Field(min_length=3, max_length=TITLE_LIMIT)]
Description = Annotated[str, Field(min_length=10, max_length=100_000)]
Category = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=50)], ...], Field(max_length=20)]

_E = TypeVar("_E", bound=StrEnum)


class TicketAttributes(BaseModel):
    number: int
    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    category: str | None
    tags: list[str]
    source: TicketSource
    customer_id: UUID
    contact_id: UUID | None
    assigned_to: UUID | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class TicketQuery(Input):
    fields: Names = Field((), description="Only these attributes.")
    include: Names = Field((), description=f"Also what these refer to: {', '.join(RELATED)}.")


class TicketListQuery(PageQuery, TicketQuery):
    status: Names = Field((), description=f"Any of these, commas between: {', '.join(TicketStatus)}.")
    priority: Names = Field((), description=f"Any of these, commas between: {', '.join(TicketPriority)}.")
    customer_id: UUID | None = None
    assigned_to: UUID | None = None
    is_open: bool | None = Field(None, description="Neither resolved nor closed; or one of these.")
    is_unassigned: bool = Field(False, description="Only those that nobody has.")
    category: str | None = None
    tag: str | None = None
    source: TicketSource | None = None
    number: int | None = Field(None, ge=1, le=10**18)
    created_after: Instant | None = Field(None, description="From this instant on.")
    created_before: Instant | None = Field(None, description="Before this instant.")
    search: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description='Words in German or English, in titles and messages; "a phrase", `or` and `-without` are known.',
    )
    sort: Names = Field(("created_at",), description=f"Some of {', '.join(SortKey)}.")
    order: Names = Field(("desc",), description="asc or desc for each name in `sort`; the last one holds for the rest.")


class TicketInput(Input):
    title: Title
    description: Description
    customer_id: UUID | None = Field(None, description="Customers may leave it out: it is their own.")
    contact_id: UUID | None = Field(None, description="Who asks; for staff.")
    priority: TicketPriority = TicketPriority.MEDIUM
    category: Category | None = None
    tags: Tags = ()


class TicketPatch(Changes):
    title: Title = unchanged()
    description: Description = unchanged()
    priority: TicketPriority = unchanged()
    category: Category | None = unchanged()
    tags: Tags = unchanged()
    assigned_to: UUID | None = unchanged("A user of the desk; null gives the ticket back.")
    status: TicketStatus = unchanged()


class MergeInput(Input):
    into: str = Field(min_length=1, max_length=40, description="Number or id of the ticket that goes on.")


def routes(tickets: Tickets, database: Database, blobs: BlobStore) -> tuple[Route, ...]:
    """The routes of tickets, their messages, files and receipts."""
    api = _TicketApi(tickets, database)
    every, one, tag = "/api/v1/tickets", "/api/v1/tickets/{id}", "Tickets"
    shown = Document[TicketAttributes]
    create = frozenset({Permission.TICKET_CREATE})
    return (
        Route(
            "GET", every, "List tickets", api.list_tickets, VIEW, Page[TicketAttributes], tag=tag, query=TicketListQuery
        ),
        Route(
            "POST",
            every,
            "Open a ticket",
            api.open_ticket,
            create,
            shown,
            status=201,
            tag=tag,
            body=TicketInput,
            takes_idempotency_key=True,
        ),
        Route("GET", one, "Show a ticket", api.show_ticket, VIEW, shown, tag=tag, query=TicketQuery),
        Route(
            "PATCH",
            one,
            "Change a ticket",
            api.change_ticket,
            UPDATE,
            shown,
            tag=tag,
            body=TicketPatch,
            needs_version=True,
        ),
        Route(
            "DELETE",
            one,
            "Delete a ticket",
            api.delete_ticket,
            frozenset({Permission.TICKET_DELETE}),
            None,
            status=204,
            tag=tag,
        ),
        Route(
            "POST",
            f"{one}/merge",
            "Close a ticket in favour of another one; answers with the one that goes on",
            api.merge_ticket,
            UPDATE,
            shown,
            tag=tag,
            body=MergeInput,
        ),
        *message_routes(tickets, database, blobs),
    )


class _TicketApi:
    def __init__(self, tickets: Tickets, database: Database) -> None:
        self._tickets = tickets
        self._database = database

    async def list_tickets(self, call: Call) -> Reply:
        query = call.query(TicketListQuery)
        _check(query)
        async with self._database.connect() as connection:
            found = await find_tickets(
                connection, call.actor, _filters(query), sort=_sort(query), offset=query.offset, limit=query.limit
            )
            included = await find_related(connection, found.rows, query.include) if query.include else None
        data = [_ticket(row, query.fields) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._database.clock.now(), included))

    async def show_ticket(self, call: Call) -> Reply:
        query = call.query(TicketQuery)
        _check(query)
        return await self._reply(call, ticket_reference(call.path["id"]), query=query)

    async def open_ticket(self, call: Call) -> Reply:
        body = call.body(TicketInput)
        request = TicketRequest(
            title=body.title,
            description=body.description,
            customer_id=CustomerId(body.customer_id) if body.customer_id else None,
            contact_id=ContactId(body.contact_id) if body.contact_id else None,
            priority=body.priority,
            category=body.category,
            tags=body.tags,
        )
        ref = await self._tickets.open_ticket(call.actor, request, _idempotency_key(call, body))
        return await self._reply(call, ref.id, status=201)

    async def change_ticket(self, call: Call) -> Reply:
        reference = ticket_reference(call.path["id"])
        changes = cast(TicketChanges, call.body(TicketPatch).given())
        ref = await self._tickets.change_ticket(call.actor, reference, call.expected_version(), changes)
        return await self._reply(call, ref.id)

    async def delete_ticket(self, call: Call) -> Reply:
        await self._tickets.delete_ticket(call.actor, ticket_reference(call.path["id"]))
        return Reply(status=204)

    async def merge_ticket(self, call: Call) -> Reply:
        into = ticket_reference(call.body(MergeInput).into.removeprefix("#"))
        living = await self._tickets.merge(call.actor, ticket_reference(call.path["id"]), into)
        return await self._reply(call, living.id)

    async def _reply(
        self, call: Call, reference: TicketReference, *, status: int = 200, query: TicketQuery | None = None
    ) -> Reply:
        fields, include = (query.fields, query.include) if query else ((), ())
        async with self._database.connect() as connection:
            row = await get_ticket(connection, call.actor, reference)
            included = await find_related(connection, [row], include) if include else None
        headers = {"ETag": f'"{row["version"]}"'}
        if status == 201:
            headers["Location"] = f"/api/v1/tickets/{row['id']}"
        body = document(_ticket(row, fields), self._database.clock.now(), included)
        return Reply(body, status, headers)


def _ticket(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, object]:
    to = {name: (related.kind, row[related.column]) for name, related in RELATED.items()}
    to["merged_into"] = ("ticket", row["merged_into_id"])
    return resource("ticket", row, TicketAttributes, relationships=to, fields=fields)


def _check(query: TicketQuery) -> None:
    check_names("fields", query.fields, ["id", *TicketAttributes.model_fields])
    check_names("include", query.include, RELATED)


def _filters(query: TicketListQuery) -> TicketFilters:
    return TicketFilters(
        statuses=_members("status", query.status, TicketStatus),
        priorities=_members("priority", query.priority, TicketPriority),
        customer_id=CustomerId(query.customer_id) if query.customer_id else None,
        assigned_to=UserId(query.assigned_to) if query.assigned_to else None,
        is_open=query.is_open,
        is_unassigned=query.is_unassigned,
        category=query.category,
        tag=query.tag,
        source=query.source,
        number=TicketNumber(query.number) if query.number else None,
        created_after=query.created_after,
        created_before=query.created_before,
        search=query.search,
    )


def _members(parameter: str, names: Sequence[str], kind: type[_E]) -> tuple[_E, ...]:
    check_names(parameter, names, kind)
    return tuple(kind(name) for name in names)


def _sort(query: TicketListQuery) -> tuple[Sort, ...]:
    keys, orders = _members("sort", query.sort, SortKey), _members("order", query.order, Order)
    if len(orders) > max(1, len(keys)):
        raise RequestInvalid([FieldProblem("order", "has more directions than `sort` has names")])
    directions = [*orders, *[orders[-1] if orders else Order.ASC] * len(keys)]
    return tuple(Sort(key, direction is Order.DESC) for key, direction in zip(keys, directions, strict=False))


def _idempotency_key(call: Call, body: BaseModel) -> IdempotencyKey | None:
    key = call.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_LIMIT or not key.isprintable():
        raise RequestInvalid([FieldProblem("Idempotency-Key", f"must have 1 to {IDEMPOTENCY_KEY_LIMIT} characters")])
    return IdempotencyKey(key, hashlib.sha256(body.model_dump_json().encode()).hexdigest())
