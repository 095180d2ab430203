"""Reading customers, domains and contacts, within what the actor may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.customers.model import CustomerStatus, CustomerTier, contacts, customer_domains, customers
from core.database.page import RowPage, read_page
from core.errors import NotFound
from core.identity.roles import Permission

CUSTOMER_SORTS = ("name", "status", "tier", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers; `search` is a part of the name or of the legal name, in any case."""

    status: CustomerStatus | None = None
    tier: CustomerTier | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Sorting:
    """By one of CUSTOMER_SORTS."""

    column: str = "name"
    descending: bool = False


def visible_customers(actor: Actor) -> ColumnElement[bool]:
    """The customers that the actor may see: all for staff, their own company for a customer's people.

    Raises PermissionDenied where the actor may see none at all.
    """
    there = customers.c.deleted_at.is_(None)
    if actor.may(Permission.CUSTOMER_VIEW):
        return there
    actor.require(Permission.CUSTOMER_VIEW_OWN)
    return and_(there, customers.c.id == actor.customer_id)


def visible_contacts(actor: Actor) -> ColumnElement[bool]:
    """The contacts of the customers that the actor may see."""
    return and_(
        contacts.c.deleted_at.is_(None),
        contacts.c.customer_id.in_(select(customers.c.id).where(visible_customers(actor))),
    )


async def list_customers(
    connection: AsyncConnection,
    actor: Actor,
    wanted: CustomerFilter,
    sorting: Sequence[Sorting],
    *,
    limit: int,
    offset: int,
) -> RowPage:
    """A page of the customers that the actor may see."""
    statement = _customers(actor)
    if wanted.status is not None:
        statement = statement.where(customers.c.status == wanted.status.value)
    if wanted.tier is not None:
        statement = statement.where(_tier(actor) == wanted.tier.value)
    if wanted.search:
        statement = statement.where(
            or_(
                customers.c.name.icontains(wanted.search, autoescape=True),
                customers.c.legal_name.icontains(wanted.search, autoescape=True),
            )
        )
    order = [
        customers.c[each.column].desc().nulls_last() if each.descending else customers.c[each.column].asc()
        for each in sorting
    ]
    return await read_page(connection, statement, order_by=[*order, customers.c.id], limit=limit, offset=offset)


async def get_customer(connection: AsyncConnection, actor: Actor, customer_id: UUID) -> Mapping[str, Any]:
    """One customer; raises NotFound, also for one that the actor may not see."""
    statement = _customers(actor).where(customers.c.id == customer_id)
    row: Row[Any] | None = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("customer", customer_id)
    return row._asdict()


async def list_domains(connection: AsyncConnection, actor: Actor, customer_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The customer's mail domains by name; raises NotFound as `get_customer` does."""
    await get_customer(connection, actor, customer_id)
    statement = select(customer_domains).where(customer_domains.c.customer_id == customer_id)
    return [row._asdict() for row in await connection.execute(statement.order_by(customer_domains.c.domain))]


async def get_domain(
    connection: AsyncConnection, actor: Actor, customer_id: UUID, domain_id: UUID
) -> Mapping[str, Any]:
    """One mail domain of the customer; raises NotFound as `get_customer` does."""
    for row in await list_domains(connection, actor, customer_id):
        if row["id"] == domain_id:
            return row
    raise NotFound("domain", domain_id)


async def list_contacts(
    connection: AsyncConnection, actor: Actor, customer_id: UUID, *, search: str | None, limit: int, offset: int
) -> RowPage:
    """A page of the customer's contacts by name; `search` is a part of a name or address. NotFound as above."""
    await get_customer(connection, actor, customer_id)
    statement = select(contacts).where(visible_contacts(actor), contacts.c.customer_id == customer_id)
    if search:
        full_name = contacts.c.first_name + " " + contacts.c.last_name
        statement = statement.where(
            or_(full_name.icontains(search, autoescape=True), contacts.c.email.icontains(search, autoescape=True))
        )
    order = (contacts.c.last_name, contacts.c.first_name, contacts.c.id)
    return await read_page(connection, statement, order_by=order, limit=limit, offset=offset)


async def get_contact(connection: AsyncConnection, actor: Actor, contact_id: UUID) -> Mapping[str, Any]:
    """One contact; raises NotFound, also for one that the actor may not see."""
    statement = select(contacts).where(visible_contacts(actor), contacts.c.id == contact_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("contact", contact_id)
    return row._asdict()


def _customers(actor: Actor) -> Select[Any]:
    columns = [column for column in customers.c if column.name != "tier"]
    return select(*columns, _tier(actor).label("tier")).where(visible_customers(actor))


def _tier(actor: Actor) -> ColumnElement[Any]:
    """How much a customer matters is the desk's own business: the customer's people never read or find it."""
    return customers.c.tier if actor.is_staff else null()
