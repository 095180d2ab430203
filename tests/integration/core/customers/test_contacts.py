"""Contacts, through their routes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from core.actor import SYSTEM
from core.audit.model import audit_log
from core.clock import SystemClock
from core.customers.http import routes
from core.customers.model import contacts
from core.customers.service import Customers, NewCustomer
from core.database.engine import Database
from core.errors import AlreadyExists, NotFound, PermissionDenied, VersionConflict
from core.http.failures import RequestInvalid
from core.identity.roles import Role
from core.messaging.model import outbox
from tests.integration.core.calling import Api, user_of

MANAGER = user_of(Role.ACCOUNT_MANAGER)
TECHNICIAN = user_of(Role.TECHNICIAN_L2)


@pytest.fixture
def api(database: Database) -> Api:
    return Api(routes(Customers(database), SystemClock()))


@pytest.fixture
async def huber(database: Database) -> UUID:
    return await Customers(database).create_customer(SYSTEM, NewCustomer("Huber"))


@pytest.fixture
async def mayer(database: Database) -> UUID:
    return await Customers(database).create_customer(SYSTEM, NewCustomer("Mayer"))


async def create(api: Api, customer_id: UUID, **fields: object) -> Any:
    return (await api.call(MANAGER, f"POST /api/v1/customers/{customer_id}/contacts", fields))["data"]


async def test_a_contact_is_created_told_and_listed(api: Api, database: Database, huber: UUID) -> None:
    eva = await create(api, huber, first_name="Eva", last_name="Huber", email="Eva@Huber.example", language="en")
    await create(api, huber, first_name="Adam", last_name="Ahorn")
    assert eva["attributes"]["email"] == "eva@huber.example"
    assert eva["relationships"]["customer"]["data"] == {"type": "customer", "id": str(huber)}
    path = f"GET /api/v1/customers/{huber}/contacts"
    assert [each["attributes"]["last_name"] for each in (await api.call(TECHNICIAN, path))["data"]] == [
        "Ahorn",
        "Huber",
    ]
    assert (await api.call(TECHNICIAN, f"{path}?search=va hub"))["data"] == [eva]
    assert (await api.call(TECHNICIAN, f"{path}?search=huber.ex"))["meta"]["total"] == 1
    assert (await api.call(TECHNICIAN, f"{path}?fields=email&limit=1"))["data"][0]["attributes"] == {"email": None}
    async with database.connect() as connection:
        told = (await connection.execute(select(outbox).where(outbox.c.subject_id == UUID(eva["id"])))).one()
        audited = (await connection.execute(select(audit_log).where(audit_log.c.entity_id == UUID(eva["id"])))).one()
    assert (told.name, told.payload["email"]) == ("contact.created", "eva@huber.example")
    assert audited.changes["new"]["customer_id"] == str(huber)


async def test_an_address_belongs_to_one_contact(api: Api, huber: UUID, mayer: UUID) -> None:
    await create(api, huber, last_name="Eva", email="eva@huber.example")
    with pytest.raises(AlreadyExists):
        await create(api, mayer, last_name="Eva", email="EVA@huber.example")
    other = await create(api, mayer, last_name="Max", email="max@mayer.example")
    with pytest.raises(AlreadyExists):
        await api.call(MANAGER, f"PATCH /api/v1/contacts/{other['id']}", {"email": "eva@huber.example"}, version=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"last_name": ""},
        {"last_name": "x", "email": "eva"},
        {"last_name": "x", "email": "Eva <eva@x>"},
        {"last_name": "x", "language": "deutsch"},
        {"last_name": "x", "is_admin": True},
        {"last_name": "x\x00"},
        {},
    ],
)
async def test_a_contact_that_cannot_be_is_refused(api: Api, huber: UUID, fields: dict[str, object]) -> None:
    with pytest.raises(RequestInvalid):
        await create(api, huber, **fields)


async def test_a_change_needs_the_current_version(api: Api, database: Database, huber: UUID) -> None:
    eva = await create(api, huber, last_name="Eva", phone="+43 1 234")
    path = f"PATCH /api/v1/contacts/{eva['id']}"
    changed = (await api.call(MANAGER, path, {"phone": None, "is_primary": True}, version=1))["data"]["attributes"]
    assert (changed["phone"], changed["is_primary"], changed["version"]) == (None, True, 2)
    with pytest.raises(VersionConflict):
        await api.call(MANAGER, path, {"phone": "1"}, version=1)
    async with database.connect() as connection:
        statement = select(audit_log.c.changes).where(audit_log.c.action == "UPDATE")
        changes = (await connection.execute(statement)).scalar_one()
    assert changes == {"old": {"phone": "+43 1 234", "is_primary": False}, "new": {"phone": None, "is_primary": True}}


@pytest.mark.parametrize("change", [{"email": "eva@new.example"}, {"bounced_at": None}])
async def test_the_mark_of_a_dead_address_can_be_taken_off(
    api: Api, database: Database, huber: UUID, change: dict[str, object]
) -> None:
    eva = await create(api, huber, last_name="Eva", email="eva@huber.example")
    async with database.begin(SYSTEM) as work:
        await work.execute(update(contacts).values(bounced_at=work.now, bounce_reason="550 no such user"))
    path = f"PATCH /api/v1/contacts/{eva['id']}"
    still = (await api.call(MANAGER, path, {"title": "Ing."}, version=1))["data"]["attributes"]
    assert still["bounce_reason"] == "550 no such user"
    healed = (await api.call(MANAGER, path, change, version=2))["data"]["attributes"]
    assert (healed["bounced_at"], healed["bounce_reason"]) == (None, None)
    with pytest.raises(RequestInvalid):
        await api.call(MANAGER, path, {"bounced_at": "2026-01-01T00:00:00Z"}, version=3)


async def test_a_contact_moves_to_another_customer_that_exists(api: Api, huber: UUID, mayer: UUID) -> None:
    eva = await create(api, huber, last_name="Eva")
    path = f"PATCH /api/v1/contacts/{eva['id']}"
    with pytest.raises(NotFound):
        await api.call(MANAGER, path, {"customer_id": eva["id"]}, version=1)
    moved = (await api.call(MANAGER, path, {"customer_id": str(mayer)}, version=1))["data"]
    assert moved["relationships"]["customer"]["data"]["id"] == str(mayer)
    assert (await api.call(MANAGER, f"GET /api/v1/customers/{huber}/contacts"))["data"] == []


async def test_a_customers_people_see_their_own_colleagues_only(api: Api, huber: UUID, mayer: UUID) -> None:
    eva, max_ = await create(api, huber, last_name="Eva"), await create(api, mayer, last_name="Max")
    person = user_of(Role.CUSTOMER_ADMIN, huber)
    assert (await api.call(person, f"GET /api/v1/contacts/{eva['id']}"))["data"] == eva
    for request in (f"GET /api/v1/contacts/{max_['id']}", f"GET /api/v1/customers/{mayer}/contacts"):
        with pytest.raises(NotFound):
            await api.call(person, request)
    for actor in (person, TECHNICIAN):
        with pytest.raises(PermissionDenied):
            await api.call(actor, f"PATCH /api/v1/contacts/{eva['id']}", {"last_name": "Evi"}, version=1)
        with pytest.raises(PermissionDenied):
            await api.call(actor, f"POST /api/v1/customers/{huber}/contacts", {"last_name": "Evi"})
