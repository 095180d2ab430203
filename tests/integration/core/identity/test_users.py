"""Adding and seeing users, as use cases and as routes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select, update
from yarl import URL

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import audit_log
from core.customers.triage import ensure_triage_customer
from core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from core.http.openapi import openapi_document
from core.http.route import Call, Reply, Route
from core.identity.http import Credentials, UserInput, routes
from core.identity.model import users
from core.identity.roles import Role
from core.identity.service import NewUser
from core.ids import UserId, new_uuid
from tests.integration.core.identity.desk import PASSWORD, Desk

NEW = NewUser("bert@desk.example", "Bert", "Huber", Role.TECHNICIAN_L2)
BODY = {"email": "Bert@Desk.Example", "first_name": "Bert", "last_name": "Huber", "role": "technician_l2"}


def route_of(desk: Desk, method: str, path: str) -> Route:
    found = routes(desk.users, desk.tokens, desk.clock)
    return next(route for route in found if (route.method, route.path) == (method, path))


async def call(
    desk: Desk, method: str, path: str, actor: Actor, body: object = None, query: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer, which must fit the schema that the route publishes."""
    route = route_of(desk, method, path)
    route.check(actor)
    sent = Call(
        actor=actor,
        path={},
        url=URL(path).with_query(query or {}),
        headers={},
        query_model=route.parse_query(list((query or {}).items())),
        body_model=route.parse_body(orjson.dumps(body)),
    )
    reply = await route.handler(sent)
    assert isinstance(reply, Reply)
    answered = orjson.loads(orjson.dumps(reply.body, default=str))
    published = openapi_document([route], version="1")
    content = published["paths"][path][method.lower()]["responses"][str(route.status)]["content"]
    schema = content["application/json"]["schema"] | {"components": published["components"]}
    Draft202012Validator(schema).validate(answered)
    return reply.status, answered


async def actor_of(desk: Desk, role: Role, email: str = "anna@desk.example") -> Actor:
    return await desk.tokens.verify(await desk.tokens.issue(await desk.add_user(email, role)))


async def test_a_user_is_added_and_audited_without_the_password(desk: Desk) -> None:
    user_id = await desk.users.add_user(SYSTEM, replace(NEW, email=" Bert@Desk.Example ", password=PASSWORD))
    user = await desk.users.get_user(SYSTEM, user_id)
    assert (user.email, user.role, user.is_active, user.version) == ("bert@desk.example", Role.TECHNICIAN_L2, True, 1)
    async with desk.database.connect() as connection:
        changes = (await connection.execute(select(audit_log.c.changes))).scalars().all()
    assert any("bert@desk.example" in str(change) for change in changes)
    assert not any("password" in str(change) or "$2b$" in str(change) for change in changes)


@pytest.mark.parametrize(
    ("field", "value", "blamed"),
    [
        ("email", "bert", "email"),
        ("email", f"{'b' * 250}@desk.example", "email"),
        ("first_name", " ", "first_name"),
        ("password", "too short", "password"),
        ("password", "bert@desk.example", "password"),
        ("timezone", "Europe/Entenhausen", "timezone"),
        ("timezone", "../../etc/passwd", "timezone"),
        ("timezone", "Europe", "timezone"),
        ("language", "fr", "language"),
        ("role", Role.CUSTOMER_USER, "customer_id"),
        ("customer_id", new_uuid(), "customer_id"),
    ],
)
async def test_what_cannot_be_right_is_refused_by_field(desk: Desk, field: str, value: Any, blamed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.users.add_user(SYSTEM, replace(NEW, **{field: value}))
    assert refused.value.field == blamed


async def test_an_address_belongs_to_one_user(desk: Desk) -> None:
    await desk.users.add_user(SYSTEM, NEW)
    with pytest.raises(AlreadyExists):
        await desk.users.add_user(SYSTEM, replace(NEW, email="BERT@desk.example"))


async def test_only_who_manages_users_adds_them_and_only_a_system_administrator_adds_another(desk: Desk) -> None:
    with pytest.raises(PermissionDenied):
        await desk.users.add_user(await actor_of(desk, Role.TECHNICIAN_L3), NEW)
    tenant_admin = await actor_of(desk, Role.TENANT_ADMIN, "tenant@desk.example")
    with pytest.raises(PermissionDenied):
        await desk.users.add_user(tenant_admin, replace(NEW, role=Role.SYSTEM_ADMIN))
    await desk.users.add_user(tenant_admin, NEW)
    system_admin = await actor_of(desk, Role.SYSTEM_ADMIN, "root@desk.example")
    await desk.users.add_user(system_admin, replace(NEW, email="second@desk.example", role=Role.SYSTEM_ADMIN))


async def test_a_customers_user_belongs_to_it_and_sees_only_itself(desk: Desk) -> None:
    async with desk.database.begin(SYSTEM) as work:
        customer_id = await ensure_triage_customer(work)
    new = replace(NEW, role=Role.CUSTOMER_USER, customer_id=customer_id)
    user = await desk.users.get_user(SYSTEM, await desk.users.add_user(SYSTEM, new))
    actor = await desk.tokens.verify(await desk.tokens.issue(user))
    assert (actor.customer_id, actor.is_staff) == (customer_id, False)
    assert await desk.users.get_user(actor, user.id) == user
    other = await desk.add_user()
    with pytest.raises(PermissionDenied):
        await desk.users.get_user(actor, other.id)
    with pytest.raises(PermissionDenied):
        await desk.users.list_users(actor)
    _, me = await call(desk, "GET", "/api/v1/users/me", actor)
    assert me["data"]["relationships"]["customer"]["data"] == {"type": "customer", "id": str(customer_id)}


async def test_a_user_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.users.get_user(SYSTEM, UserId(new_uuid()))


async def test_the_command_line_gets_a_token_by_address(desk: Desk) -> None:
    user = await desk.add_user()
    assert (await desk.tokens.verify(await desk.users.issue_token("ANNA@desk.example"))).user_id == user.id
    with pytest.raises(NotFound):
        await desk.users.issue_token("nobody@desk.example")


async def test_logging_in_by_http_gives_a_bearer_token(desk: Desk) -> None:
    user = await desk.users.get_user(
        SYSTEM, await desk.users.add_user(SYSTEM, replace(NEW, password="  spaces count  "))
    )
    nobody = Actor(ActorKind.CONTACT)
    body = {"email": user.email, "password": "  spaces count  "}
    status, answer = await call(desk, "POST", "/api/v1/auth/login", nobody, body)
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    assert (await desk.tokens.verify(answer["access_token"])).user_id == user.id
    _, keys = await call(desk, "GET", "/api/v1/auth/jwks.json", nobody)
    assert len(keys["keys"]) == 1


def test_a_password_is_not_shown_by_what_carries_it() -> None:
    sent = (Credentials(email="a@b", password=PASSWORD), UserInput.model_validate(BODY | {"password": PASSWORD}))
    assert PASSWORD not in repr((*sent, replace(NEW, password=PASSWORD)))


async def test_users_are_listed_in_pages(desk: Desk) -> None:
    actor = await actor_of(desk, Role.TECHNICIAN_L1)
    await desk.users.add_user(SYSTEM, NEW)
    _, answer = await call(desk, "GET", "/api/v1/users", actor, query={"limit": "1", "page": "2"})
    assert [user["attributes"]["last_name"] for user in answer["data"]] == ["Huber"]
    assert (answer["meta"]["total"], answer["meta"]["total_pages"], answer["links"]["next"]) == (2, 2, None)


async def test_me_tells_what_i_may_do(desk: Desk) -> None:
    actor = await actor_of(desk, Role.BILLING_MANAGER)
    _, answer = await call(desk, "GET", "/api/v1/users/me", actor)
    assert answer["data"]["id"] == str(actor.user_id)
    assert answer["data"]["attributes"]["permissions"] == sorted(actor.permissions)


async def test_a_user_is_added_by_http(desk: Desk) -> None:
    actor = await actor_of(desk, Role.TENANT_ADMIN)
    status, answer = await call(desk, "POST", "/api/v1/users", actor, BODY | {"password": PASSWORD})
    assert (status, answer["data"]["attributes"]["email"]) == (201, "bert@desk.example")
    await desk.users.log_in("bert@desk.example", PASSWORD, None)
    with pytest.raises(PermissionDenied):
        await call(desk, "POST", "/api/v1/users", await actor_of(desk, Role.TECHNICIAN_L1, "l1@desk.example"), BODY)


async def test_those_who_can_be_given_a_ticket_are_found_by_a_part_of_their_name_or_address(desk: Desk) -> None:
    await desk.users.add_user(SYSTEM, NEW)
    await desk.users.add_user(SYSTEM, replace(NEW, email="zoe@desk.example", first_name="Zoë", last_name="Anders"))
    await desk.add_user("gone@desk.example")
    async with desk.database.begin(SYSTEM) as work:
        await work.execute(update(users).where(users.c.email == "gone@desk.example").values(is_active=False))
        customer_id = await ensure_triage_customer(work)
    customer = NewUser("huberin@kunde.example", "Eva", "Huber", Role.CUSTOMER_USER, customer_id=customer_id)
    await desk.users.add_user(SYSTEM, customer)

    async def found(typed: str) -> list[str]:
        return [user.first_name for user in await desk.users.find_staff(SYSTEM, typed)]

    assert await found("") == ["Zoë", "Bert"]
    assert await found("@BERT h") == ["Bert"]
    assert await found("zoe@") == ["Zoë"]
    assert await found("%") == []
    with pytest.raises(PermissionDenied):
        await desk.users.find_staff(Actor(ActorKind.USER, role=Role.CUSTOMER_ADMIN), "bert")
