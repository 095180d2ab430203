"""Customers and their mail domains, through their routes."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update

from core.actor import SYSTEM, Actor
from core.audit.model import audit_log
from core.clock import SystemClock
from core.customers.http import routes
from core.customers.model import customer_domains
from core.customers.service import Customers
from core.customers.triage import ensure_triage_customer
from core.database.engine import Database
from core.errors import AlreadyExists, Conflict, InvalidInput, NotFound, PermissionDenied, VersionConflict
from core.http.failures import PreconditionMissing, RequestInvalid
from core.http.openapi import openapi_document
from core.identity.model import users
from core.identity.roles import Role
from core.ids import CustomerId, new_uuid
from core.messaging.model import outbox
from core.tickets.model import tickets
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, open_ticket, take_ticket_numbers
from tests.integration.core.calling import Api, user_of

MANAGER = user_of(Role.SERVICE_MANAGER)
TECHNICIAN = user_of(Role.TECHNICIAN_L1)
BILLING = user_of(Role.BILLING_MANAGER)


@pytest.fixture
def api(database: Database) -> Api:
    return Api(routes(Customers(database), SystemClock()))


async def create(api: Api, name: str, **more: object) -> Any:
    return (await api.call(MANAGER, "POST /api/v1/customers", {"name": name, **more}))["data"]


async def names(api: Api, actor: Actor, query: str = "") -> list[str]:
    page = await api.call(actor, f"GET /api/v1/customers{query}")
    assert page["meta"]["total"] == len(page["data"])
    return [each["attributes"]["name"] for each in page["data"]]


async def test_what_was_created_is_shown_audited_and_told(api: Api, database: Database) -> None:
    made = await create(api, "  Huber GmbH ", tier="B", employee_count=12)
    shown = (await api.call(TECHNICIAN, f"GET /api/v1/customers/{made['id']}"))["data"]
    assert shown == made
    assert shown["attributes"]["name"] == "Huber GmbH"
    assert (shown["attributes"]["tier"], shown["attributes"]["version"]) == ("B", 1)
    async with database.connect() as connection:
        audited = (await connection.execute(select(audit_log).where(audit_log.c.entity_id == made["id"]))).one()
        told = (await connection.execute(select(outbox).where(outbox.c.subject_id == made["id"]))).one()
    assert (audited.action, audited.changes["new"]["name"], audited.user_id) == (
        "CREATE",
        "Huber GmbH",
        MANAGER.user_id,
    )
    assert (told.name, told.payload["customer"]) == ("customer.created", "Huber GmbH")


async def test_lists_are_filtered_searched_sorted_and_paged(api: Api) -> None:
    await create(api, "Alpha", tier="A")
    await create(api, "beta 100%", tier="B", legal_name="Beta Handels GmbH")
    await create(api, "Gamma", tier="A", status="prospect")
    assert await names(api, TECHNICIAN, "?tier=A&sort=name&order=desc") == ["Gamma", "Alpha"]
    assert await names(api, TECHNICIAN, "?status=prospect") == ["Gamma"]
    assert await names(api, TECHNICIAN, "?search=HANDELS") == ["beta 100%"]
    assert await names(api, TECHNICIAN, "?search=0%25") == ["beta 100%"]
    assert await names(api, TECHNICIAN, "?search=%25") == ["beta 100%"]
    assert await names(api, TECHNICIAN, "?search=_") == []
    assert await names(api, TECHNICIAN, "?tier=A&sort=tier,name&order=asc,desc") == ["Gamma", "Alpha"]
    second = await api.call(TECHNICIAN, "GET /api/v1/customers?sort=created_at&limit=3&page=2&fields=id,name")
    assert [each["attributes"] for each in second["data"]] == [{"name": "Gamma"}]
    assert (second["meta"]["total"], second["meta"]["total_pages"]) == (4, 2)  # the triage customer was there before
    assert (await api.call(TECHNICIAN, "GET /api/v1/customers?page=9"))["data"] == []


@pytest.mark.parametrize("query", ["sort=password", "order=up", "order=asc,desc", "fields=secret", "tier=Z", "x=1"])
async def test_a_query_that_means_nothing_is_refused(api: Api, query: str) -> None:
    with pytest.raises(RequestInvalid):
        await api.call(TECHNICIAN, f"GET /api/v1/customers?{query}")


async def test_a_customers_people_see_their_own_company_and_no_other(api: Api) -> None:
    own, other = await create(api, "Own", tier="C"), await create(api, "Other", tier="C")
    for role in (Role.CUSTOMER_ADMIN, Role.CUSTOMER_TECHNICIAN, Role.CUSTOMER_USER):
        person = user_of(role, UUID(own["id"]))
        assert await names(api, person) == ["Own"]
        shown = (await api.call(person, f"GET /api/v1/customers/{own['id']}"))["data"]
        assert shown["attributes"]["tier"] is None
        assert await names(api, person, "?tier=C") == []
        for path in ("", "/domains", "/contacts"):
            with pytest.raises(NotFound):
                await api.call(person, f"GET /api/v1/customers/{other['id']}{path}")
        with pytest.raises(PermissionDenied):
            await api.call(person, f"PATCH /api/v1/customers/{own['id']}", {"name": "Mine"}, version=1)


async def test_each_role_does_what_its_permissions_say(api: Api, database: Database) -> None:
    made = await create(api, "Huber")
    with pytest.raises(PermissionDenied):
        await api.call(TECHNICIAN, "POST /api/v1/customers", {"name": "Mayer"})
    with pytest.raises(PermissionDenied):
        await api.call(BILLING, f"DELETE /api/v1/customers/{made['id']}")
    with pytest.raises(PermissionDenied):
        await api.call(user_of(Role.SECURITY_ADMIN), "GET /api/v1/customers")
    with pytest.raises(PermissionDenied):
        await Customers(database).change_customer(TECHNICIAN, UUID(made["id"]), 1, {"name": "Mayer"})
    changed = await api.call(BILLING, f"PATCH /api/v1/customers/{made['id']}", {"uid": "ATU12345678"}, version=1)
    assert changed["data"]["attributes"]["uid"] == "ATU12345678"


async def test_a_change_needs_the_current_version_and_is_audited_with_old_and_new(api: Api, database: Database) -> None:
    made = await create(api, "Huber", tier="B", industry="Trade")
    path = f"PATCH /api/v1/customers/{made['id']}"
    changed = await api.call(MANAGER, path, {"tier": None, "name": "Huber KG", "industry": "Trade"}, version=1)
    attributes = changed["data"]["attributes"]
    assert (attributes["tier"], attributes["name"], attributes["version"]) == (None, "Huber KG", 2)
    with pytest.raises(VersionConflict):
        await api.call(MANAGER, path, {"name": "Huber AG"}, version=1)
    with pytest.raises(PreconditionMissing):
        await api.call(MANAGER, path, {"name": "Huber AG"})
    with pytest.raises(RequestInvalid):
        await api.call(MANAGER, path, {"name": None}, version=2)
    unchanged = await api.call(MANAGER, path, {"name": "Huber KG"}, version=2)
    assert unchanged["data"]["attributes"]["version"] == 2
    async with database.connect() as connection:
        changes = (
            await connection.execute(select(audit_log.c.changes).where(audit_log.c.action == "UPDATE"))
        ).scalar_one()
        told = (await connection.execute(select(outbox).where(outbox.c.name == "customer.updated"))).one()
    assert changes == {"old": {"tier": "B", "name": "Huber"}, "new": {"tier": None, "name": "Huber KG"}}
    assert (told.subject_version, told.payload["fields"]) == (2, ["name", "tier"])


async def test_two_customers_cannot_have_one_name(api: Api) -> None:
    await create(api, "Huber")
    other = await create(api, "Mayer")
    with pytest.raises(AlreadyExists):
        await create(api, "HUBER")
    with pytest.raises(AlreadyExists):
        await api.call(MANAGER, f"PATCH /api/v1/customers/{other['id']}", {"name": "huber"}, version=1)


@pytest.mark.parametrize("reference", ["0190a2b4-0000-7000-8000-000000000000", "nonsense"])
async def test_what_is_not_there_is_not_found(api: Api, reference: str) -> None:
    for request in ("GET {}", "DELETE {}", "GET {}/domains", "GET {}/contacts"):
        with pytest.raises(NotFound):
            await api.call(MANAGER, request.format(f"/api/v1/customers/{reference}"))
    with pytest.raises(NotFound):
        await api.call(MANAGER, f"PATCH /api/v1/customers/{reference}", {"name": "x"}, version=1)


async def test_a_customer_goes_only_when_no_ticket_is_open_and_nobody_may_log_in(api: Api, database: Database) -> None:
    made = await create(api, "Huber")
    path = f"/api/v1/customers/{made['id']}"
    await api.call(MANAGER, f"POST {path}/domains", {"domain": "huber.example"})
    contact = (await api.call(MANAGER, f"POST {path}/contacts", {"last_name": "Eva", "email": "eva@huber.example"}))[
        "data"
    ]
    async with database.begin(SYSTEM) as work:
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.API, "Hallo", "Eva", True)
        number = (await take_ticket_numbers(work, 1))[0]
        customer_id = CustomerId(UUID(made["id"]))
        open_ticket(
            work, NewTicket(customer_id, None, "Drucker", TicketPriority.LOW, TicketSource.API, opening), number
        )
        person = {"id": new_uuid(), "email": "eva@huber.example", "first_name": "Eva", "last_name": "H"}
        role = {"role": "customer_admin", "customer_id": customer_id, "created_at": work.now, "updated_at": work.now}
        await work.execute(insert(users).values(**person, **role))
    with pytest.raises(Conflict, match="open tickets"):
        await api.call(MANAGER, f"DELETE {path}")
    async with database.begin(SYSTEM) as work:
        await work.execute(update(tickets).values(status="closed"))
    with pytest.raises(Conflict, match="log in"):
        await api.call(MANAGER, f"DELETE {path}")
    async with database.begin(SYSTEM) as work:
        await work.execute(update(users).values(is_active=False))
    await api.call(MANAGER, f"DELETE {path}")
    for request in (f"GET {path}", f"DELETE {path}", f"GET /api/v1/contacts/{contact['id']}"):
        with pytest.raises(NotFound):
            await api.call(MANAGER, request)
    async with database.connect() as connection:
        assert (await connection.execute(select(tickets.c.customer_id))).scalar_one() == UUID(made["id"])
        assert (await connection.execute(select(customer_domains))).all() == []
    again = await create(api, "Huber")
    await api.call(MANAGER, f"POST /api/v1/customers/{again['id']}/domains", {"domain": "huber.example"})


async def test_of_two_changes_to_one_version_one_is_refused(api: Api, database: Database) -> None:
    made = await create(api, "Huber")
    change = Customers(database).change_customer
    outcomes = await asyncio.gather(
        *(change(MANAGER, UUID(made["id"]), 1, {"industry": f"Trade {number}"}) for number in range(3)),
        return_exceptions=True,
    )
    assert sorted(str(type(each).__name__) for each in outcomes) == ["NoneType", "VersionConflict", "VersionConflict"]


async def test_a_ticket_that_is_being_opened_keeps_its_customer(api: Api, database: Database) -> None:
    made = await create(api, "Huber")
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.begin(SYSTEM) as work:
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.API, "Hallo", "Eva", True)
        number = (await take_ticket_numbers(work, 1))[0]
        draft = NewTicket(CustomerId(UUID(made["id"])), None, "Drucker", TicketPriority.LOW, TicketSource.API, opening)
        open_ticket(work, draft, number)
        await work.flush()
        deleting = asyncio.create_task(api.call(MANAGER, f"DELETE /api/v1/customers/{made['id']}"))
        async with database.connect() as watching, asyncio.timeout(20):
            while not deleting.done() and not (await watching.execute(waiting)).scalar_one():
                await asyncio.wait([deleting], timeout=0.01)
                await watching.rollback()
    with pytest.raises(Conflict, match="open tickets"):
        await deleting


async def test_the_triage_customer_stays(api: Api, database: Database) -> None:
    async with database.begin(SYSTEM) as work:
        triage = await ensure_triage_customer(work)
    with pytest.raises(Conflict, match="triage"):
        await api.call(MANAGER, f"DELETE /api/v1/customers/{triage}")


async def test_a_domain_belongs_to_one_customer_and_counts_once_verified(api: Api, database: Database) -> None:
    huber, mayer = await create(api, "Huber"), await create(api, "Mayer")
    path = f"/api/v1/customers/{huber['id']}/domains"
    added = (await api.call(MANAGER, f"POST {path}", {"domain": " Hübér.Example. "}))["data"]
    assert added["attributes"]["domain"] == "xn--hbr-cma7g.example"
    assert added["attributes"]["verified_at"] is None
    assert added["relationships"]["customer"]["data"]["id"] == huber["id"]
    with pytest.raises(AlreadyExists):
        await api.call(MANAGER, f"POST /api/v1/customers/{mayer['id']}/domains", {"domain": "xn--hbr-cma7g.example"})
    with pytest.raises(NotFound):
        await api.call(MANAGER, f"POST /api/v1/customers/{mayer['id']}/domains/{added['id']}/verify")
    with pytest.raises(PermissionDenied):
        await api.call(TECHNICIAN, f"POST {path}/{added['id']}/verify")
    verified = (await api.call(MANAGER, f"POST {path}/{added['id']}/verify"))["data"]
    assert verified["attributes"]["verified_at"] is not None
    assert (await api.call(MANAGER, f"POST {path}/{added['id']}/verify"))["data"] == verified
    assert (await api.call(TECHNICIAN, f"GET {path}"))["data"] == [verified]
    await api.call(MANAGER, f"DELETE {path}/{added['id']}")
    assert (await api.call(TECHNICIAN, f"GET {path}"))["data"] == []
    shown = (await api.call(TECHNICIAN, f"GET /api/v1/customers/{huber['id']}"))["data"]
    assert shown["attributes"]["version"] == 4
    async with database.connect() as connection:
        told = await connection.execute(select(outbox.c.payload).where(outbox.c.name == "customer.updated"))
        assert [payload["fields"] for payload in told.scalars()] == [["domains"]] * 3


@pytest.mark.parametrize("domain", ["localhost", "a b.example", "eva@huber.example", "-a.example", "a..b", "*.example"])
async def test_what_is_no_mail_domain_is_refused(api: Api, domain: str) -> None:
    made = await create(api, "Huber")
    with pytest.raises(InvalidInput):
        await api.call(MANAGER, f"POST /api/v1/customers/{made['id']}/domains", {"domain": domain})


def test_the_routes_make_an_openapi_document(api: Api) -> None:
    document = openapi_document(api.routes, version="1")
    schema = document["components"]["schemas"]["CustomerChanges"]
    assert "required" not in schema
    assert schema["properties"]["status"] == {"$ref": "#/components/schemas/CustomerStatus"}
    assert "default" not in schema["properties"]["name"]
