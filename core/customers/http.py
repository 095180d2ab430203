"""Routes under /api/v1/customers; contacts have theirs in `core.customers.contact_http`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.clock import Clock
from core.customers.contact_http import contact_routes
from core.customers.model import CustomerStatus, CustomerTier
from core.customers.queries import CUSTOMER_SORTS, CustomerFilter, Sorting
from core.customers.service import Customers, NewCustomer
from core.http.envelope import Document, Meta, Names, Page, PageQuery, Resource, check_names, document, page, resource
from core.http.failures import FieldProblem, RequestInvalid
from core.http.identifiers import uuid_in_path
from core.http.patch import Changes, unchanged
from core.http.route import Call, Input, Reply, Route
from core.identity.roles import Permission

VIEW = frozenset({Permission.CUSTOMER_VIEW, Permission.CUSTOMER_VIEW_OWN})
CREATE = frozenset({Permission.CUSTOMER_CREATE})
UPDATE = frozenset({Permission.CUSTOMER_UPDATE})

Name = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


class CustomerAttributes(BaseModel):
    """`tier` is null for the customer's own people: it is the desk's business."""

    name: str
    legal_name: str | None
    uid: str | None
    tax_number: str | None
    industry: str | None
    employee_count: int | None
    tier: CustomerTier | None
    status: CustomerStatus
    is_triage: bool
    version: int
    created_at: datetime
    updated_at: datetime


class DomainAttributes(BaseModel):
    """A mail domain; its unknown senders are the customer's once it is verified."""

    domain: str
    verified_at: datetime | None
    created_at: datetime


class Domains(BaseModel):
    """All mail domains of a customer."""

    data: list[Resource[DomainAttributes]]
    meta: Meta


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class CustomerListQuery(PageQuery):
    status: CustomerStatus | None = None
    tier: CustomerTier | None = None
    search: str | None = Field(None, max_length=200, description="Part of the name or legal name.")
    sort: Names = Field(("name",), description=f"Some of {', '.join(CUSTOMER_SORTS)}.")
    order: Names = Field(("asc",), description="asc or desc for each name in `sort`; the last one holds for the rest.")
    fields: Names = Field((), description="Only these attributes.")


class CustomerInput(Input):
    name: Name
    status: CustomerStatus = CustomerStatus.ACTIVE
    tier: CustomerTier | None = None
    legal_name: Note | None = None
    uid: Note | None = Field(None, description="VAT number.")
    tax_number: Note | None = None
    industry: Note | None = None
    employee_count: Count | None = None


class CustomerChanges(Changes):
    name: Name = unchanged()
    status: CustomerStatus = unchanged()
    tier: CustomerTier | None = unchanged()
    legal_name: Note | None = unchanged()
    uid: Note | None = unchanged("VAT number.")
    tax_number: Note | None = unchanged()
    industry: Note | None = unchanged()
    employee_count: Count | None = unchanged()


class DomainInput(Input):
    domain: str = Field(min_length=1, max_length=253, examples=["example.com"])


def routes(customers: Customers, clock: Clock) -> tuple[Route, ...]:
    """The routes of customers, their domains and their contacts."""
    api = _CustomerApi(customers, clock)
    one, domains = "/api/v1/customers/{id}", "/api/v1/customers/{id}/domains"
    shown = Document[CustomerAttributes]
    tag = "Customers"
    return (
        Route(
            "GET",
            "/api/v1/customers",
            "List customers",
            api.list_customers,
            VIEW,
            Page[CustomerAttributes],
            tag=tag,
            query=CustomerListQuery,
        ),
        Route(
            "POST",
            "/api/v1/customers",
            "Create a customer",
            api.create_customer,
            CREATE,
            shown,
            status=201,
            tag=tag,
            body=CustomerInput,
        ),
        Route("GET", one, "Show a customer", api.show_customer, VIEW, shown, tag=tag),
        Route(
            "PATCH",
            one,
            "Change a customer",
            api.change_customer,
            UPDATE,
            shown,
            tag=tag,
            body=CustomerChanges,
            needs_version=True,
        ),
        Route(
            "DELETE",
            one,
            "Delete a customer without open tickets; its history stays",
            api.delete_customer,
            CREATE,
            None,
            status=204,
            tag=tag,
        ),
        Route("GET", domains, "List a customer's mail domains", api.list_domains, VIEW, Domains, tag=tag),
        Route(
            "POST",
            domains,
            "Add a mail domain",
            api.add_domain,
            UPDATE,
            Document[DomainAttributes],
            status=201,
            tag=tag,
            body=DomainInput,
        ),
        Route(
            "POST",
            domains + "/{domain_id}/verify",
            "Note that a mail domain is the customer's: its unknown senders are recognised from now on",
            api.verify_domain,
            UPDATE,
            Document[DomainAttributes],
            tag=tag,
        ),
        Route(
            "DELETE",
            domains + "/{domain_id}",
            "Remove a mail domain",
            api.remove_domain,
            UPDATE,
            None,
            status=204,
            tag=tag,
        ),
        *contact_routes(customers, clock),
    )


class _CustomerApi:
    def __init__(self, customers: Customers, clock: Clock) -> None:
        self._customers = customers
        self._clock = clock

    async def list_customers(self, call: Call) -> Reply:
        query = call.query(CustomerListQuery)
        check_names("fields", query.fields, ("id", *CustomerAttributes.model_fields))
        found = await self._customers.list_customers(
            call.actor,
            CustomerFilter(query.status, query.tier, query.search),
            _sorting(query.sort, query.order),
            limit=query.limit,
            offset=query.offset,
        )
        data = [_customer(row, query.fields) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._clock.now()))

    async def show_customer(self, call: Call) -> Reply:
        return await self._reply(call, uuid_in_path(call, "id", "customer"))

    async def create_customer(self, call: Call) -> Reply:
        new = NewCustomer(**call.body(CustomerInput).model_dump())
        customer_id = await self._customers.create_customer(call.actor, new)
        return await self._reply(call, customer_id, status=201)

    async def change_customer(self, call: Call) -> Reply:
        customer_id = uuid_in_path(call, "id", "customer")
        changes = call.body(CustomerChanges).given()
        await self._customers.change_customer(call.actor, customer_id, call.expected_version(), changes)
        return await self._reply(call, customer_id)

    async def delete_customer(self, call: Call) -> Reply:
        await self._customers.delete_customer(call.actor, uuid_in_path(call, "id", "customer"))
        return Reply(status=204)

    async def list_domains(self, call: Call) -> Reply:
        customer_id = uuid_in_path(call, "id", "customer")
        rows = await self._customers.list_domains(call.actor, customer_id)
        return Reply({"data": [_domain(row) for row in rows], "meta": {"timestamp": self._clock.now()}})

    async def add_domain(self, call: Call) -> Reply:
        customer_id = uuid_in_path(call, "id", "customer")
        domain_id = await self._customers.add_domain(call.actor, customer_id, call.body(DomainInput).domain)
        return await self._domain_reply(call, customer_id, domain_id, status=201)

    async def verify_domain(self, call: Call) -> Reply:
        customer_id, domain_id = uuid_in_path(call, "id", "customer"), uuid_in_path(call, "domain_id", "domain")
        await self._customers.verify_domain(call.actor, customer_id, domain_id)
        return await self._domain_reply(call, customer_id, domain_id)

    async def remove_domain(self, call: Call) -> Reply:
        customer_id, domain_id = uuid_in_path(call, "id", "customer"), uuid_in_path(call, "domain_id", "domain")
        await self._customers.remove_domain(call.actor, customer_id, domain_id)
        return Reply(status=204)

    async def _reply(self, call: Call, customer_id: UUID, *, status: int = 200) -> Reply:
        row = await self._customers.get_customer(call.actor, customer_id)
        return Reply(document(_customer(row), self._clock.now()), status, {"ETag": f'"{row["version"]}"'})

    async def _domain_reply(self, call: Call, customer_id: UUID, domain_id: UUID, *, status: int = 200) -> Reply:
        row = await self._customers.get_domain(call.actor, customer_id, domain_id)
        return Reply(document(_domain(row), self._clock.now()), status)


def _customer(row: Mapping[str, Any], fields: Sequence[str] = ()) -> dict[str, object]:
    return resource("customer", row, CustomerAttributes, fields=fields)


def _domain(row: Mapping[str, Any]) -> dict[str, object]:
    of = {"customer": ("customer", row["customer_id"])}
    return resource("customer_domain", row, DomainAttributes, relationships=of)


def _sorting(sort: Sequence[str], order: Sequence[str]) -> tuple[Sorting, ...]:
    check_names("sort", sort, CUSTOMER_SORTS)
    check_names("order", order, Order)
    if len(order) > max(1, len(sort)):
        raise RequestInvalid([FieldProblem("order", "has more directions than `sort` has names")])
    directions = [*order, *[order[-1] if order else Order.ASC] * len(sort)]
    return tuple(Sorting(name, direction == Order.DESC) for name, direction in zip(sort, directions, strict=False))
