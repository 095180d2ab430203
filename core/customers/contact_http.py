"""Routes of contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.clock import Clock
from core.customers.service import Customers, NewContact
from core.http.envelope import Document, Names, Page, PageQuery, check_names, document, page, resource
from core.http.identifiers import uuid_in_path
from core.http.patch import Changes, unchanged
from core.http.route import Call, Input, Reply, Route
from core.identity.roles import Permission

Text = Annotated[str, Field(min_length=1, max_length=100)]
FirstName = Annotated[str, Field(max_length=100)]
Address = Annotated[str, Field(max_length=254, pattern=r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$", examples=["eva@example.com"])]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", examples=["de"])]


class ContactAttributes(BaseModel):
    """A person who writes mails. Since `bounced_at` the address is dead and gets none."""

    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    mobile: str | None
    title: str | None
    department: str | None
    is_primary: bool
    is_technical: bool
    is_billing: bool
    notify_ticket_created: bool
    notify_ticket_resolved: bool
    notify_invoice: bool
    language: str
    bounced_at: datetime | None
    bounce_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ContactListQuery(PageQuery):
    search: str | None = Field(None, max_length=200, description="Part of the name or address.")
    fields: Names = Field((), description="Only these attributes.")


class ContactInput(Input):
    last_name: Text
    first_name: FirstName = ""
    email: Address | None = None
    phone: Text | None = None
    mobile: Text | None = None
    title: Text | None = None
    department: Text | None = None
    is_primary: bool = False
    is_technical: bool = False
    is_billing: bool = False
    notify_ticket_created: bool = True
    notify_ticket_resolved: bool = True
    notify_invoice: bool = False
    language: Language = "de"


class ContactChanges(Changes):
    customer_id: UUID = unchanged("Moves the contact; its tickets stay where they are.")
    last_name: Text = unchanged()
    first_name: FirstName = unchanged()
    email: Address | None = unchanged()
    phone: Text | None = unchanged()
    mobile: Text | None = unchanged()
    title: Text | None = unchanged()
    department: Text | None = unchanged()
    is_primary: bool = unchanged()
    is_technical: bool = unchanged()
    is_billing: bool = unchanged()
    notify_ticket_created: bool = unchanged()
    notify_ticket_resolved: bool = unchanged()
    notify_invoice: bool = unchanged()
    language: Language = unchanged()
    bounced_at: None = unchanged("null takes the mark of a dead address off.")


def contact_routes(customers: Customers, clock: Clock) -> tuple[Route, ...]:
    """The routes of contacts."""
    api = _ContactApi(customers, clock)
    view = frozenset({Permission.CUSTOMER_VIEW, Permission.CUSTOMER_VIEW_OWN})
    update = frozenset({Permission.CUSTOMER_UPDATE})
    many, one = "/api/v1/customers/{id}/contacts", "/api/v1/contacts/{id}"
    shown = Document[ContactAttributes]
    tag = "Contacts"
    return (
        Route(
            "GET",
            many,
            "List a customer's contacts",
            api.list_contacts,
            view,
            Page[ContactAttributes],
            tag=tag,
            query=ContactListQuery,
        ),
        Route(
            "POST",
            many,
            "Create a contact",
            api.create_contact,
            update,
            shown,
            status=201,
            tag=tag,
            body=ContactInput,
        ),
        Route("GET", one, "Show a contact", api.show_contact, view, shown, tag=tag),
        Route(
            "PATCH",
            one,
            "Change a contact",
            api.change_contact,
            update,
            shown,
            tag=tag,
            body=ContactChanges,
            needs_version=True,
        ),
    )


class _ContactApi:
    def __init__(self, customers: Customers, clock: Clock) -> None:
        self._customers = customers
        self._clock = clock

    async def list_contacts(self, call: Call) -> Reply:
        query = call.query(ContactListQuery)
        check_names("fields", query.fields, ("id", *ContactAttributes.model_fields))
        found = await self._customers.list_contacts(
            call.actor,
            uuid_in_path(call, "id", "customer"),
            search=query.search,
            limit=query.limit,
            offset=query.offset,
        )
        data = [_contact(row, query.fields) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._clock.now()))

    async def show_contact(self, call: Call) -> Reply:
        return await self._reply(call, uuid_in_path(call, "id", "contact"))

    async def create_contact(self, call: Call) -> Reply:
        new = NewContact(**call.body(ContactInput).model_dump())
        contact_id = await self._customers.create_contact(call.actor, uuid_in_path(call, "id", "customer"), new)
        return await self._reply(call, contact_id, status=201)

    async def change_contact(self, call: Call) -> Reply:
        contact_id = uuid_in_path(call, "id", "contact")
        changes = call.body(ContactChanges).given()
        await self._customers.change_contact(call.actor, contact_id, call.expected_version(), changes)
        return await self._reply(call, contact_id)

    async def _reply(self, call: Call, contact_id: UUID, *, status: int = 200) -> Reply:
        row = await self._customers.get_contact(call.actor, contact_id)
        return Reply(document(_contact(row), self._clock.now()), status, {"ETag": f'"{row["version"]}"'})


def _contact(row: Mapping[str, Any], fields: Sequence[str] = ()) -> dict[str, object]:
    of = {"customer": ("customer", row["customer_id"])}
    return resource("contact", row, ContactAttributes, relationships=of, fields=fields)
