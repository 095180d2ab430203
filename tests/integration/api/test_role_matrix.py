"""Every route, for each of the 13 roles, on things of the own and of a foreign customer: who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
import pytest

from core.identity.roles import Role
from core.ids import new_uuid
from psa.processes import routes
from psa.wiring import Parts
from tests.integration.api.world import SECRET, World

_Roles = frozenset[Role]

CUSTOMERS = frozenset({Role.CUSTOMER_ADMIN, Role.CUSTOMER_TECHNICIAN, Role.CUSTOMER_USER})
STAFF = frozenset(Role) - CUSTOMERS
SECURITY = frozenset({Role.SECURITY_ADMIN})
DESK = STAFF - SECURITY
"""Who sees tickets and customers of all."""
WORKERS = DESK - {Role.BILLING_MANAGER}
"""Who works on tickets."""
LEADS = frozenset({Role.SYSTEM_ADMIN, Role.TENANT_ADMIN, Role.SERVICE_MANAGER})
CREATORS = LEADS | {Role.ACCOUNT_MANAGER}
KEEPERS = CREATORS | {Role.BILLING_MANAGER}
"""Who changes customers."""
MAILERS = LEADS | {Role.TECHNICIAN_L3}
"""Who manages mailboxes."""
RELEASERS = MAILERS | SECURITY | {Role.TECHNICIAN_L2}
"""Who lets held mails in."""
ADMINS = SECURITY | {Role.SYSTEM_ADMIN, Role.TENANT_ADMIN}
AUDITORS = SECURITY | {Role.SYSTEM_ADMIN}
EVERYONE = frozenset(Role)
NOBODY: _Roles = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """Who may do it to things of their own customer and of a foreign one.

    Others get 403; but who may do it to the own customer's things gets 404 for foreign ones, and `blind` always.
    Names in braces, in paths (in their order) and bodies, are those of `World.make_things`.
    """

    own: _Roles
    foreign: _Roles
    things: tuple[str, ...] = ()
    body: Mapping[str, object] | None = None
    blind: _Roles = field(default=NOBODY)
    foreign_refused: int = 404

    def expected(self, role: Role, *, is_own: bool, success: int) -> int:
        if role in (self.own if is_own else self.foreign):
            return success
        if role in self.own and not is_own:
            return self.foreign_refused
        return 404 if role in self.blind else 403


TICKET = {"title": "Drucker streikt", "description": "Er druckt seit heute nur noch leer."}
NEW_USER = {"email": "{fresh}@msp.example", "first_name": "Uli", "last_name": "Neu", "role": "technician_l1"}
MAILBOX = {"name": "{fresh}", "host": "imap.example", "username": "m", "password": "geheim"}

OPEN = {"POST /api/v1/auth/login", "GET /api/v1/auth/jwks.json"}
"""Without a token."""

MATRIX = {
    "GET /api/v1/users": Row(STAFF, STAFF),
    "GET /api/v1/users/me": Row(EVERYONE, EVERYONE),
    "POST /api/v1/users": Row(ADMINS, ADMINS, body=NEW_USER),
    "GET /api/v1/tickets": Row(DESK | CUSTOMERS, DESK | CUSTOMERS),
    "POST /api/v1/tickets": Row(
        WORKERS | CUSTOMERS, WORKERS, body=TICKET | {"customer_id": "{customer}"}, foreign_refused=422
    ),
    "GET /api/v1/tickets/{id}": Row(DESK | CUSTOMERS, DESK, ("ticket",)),
    "PATCH /api/v1/tickets/{id}": Row(WORKERS, WORKERS, ("ticket",), {"title": "Drucker im Erdgeschoß"}),
    "DELETE /api/v1/tickets/{id}": Row(LEADS, LEADS, ("ticket",)),
    "POST /api/v1/tickets/{id}/merge": Row(WORKERS, WORKERS, ("ticket",), {"into": "{other_ticket}"}),
    "GET /api/v1/tickets/{id}/messages": Row(DESK | CUSTOMERS, DESK, ("ticket",)),
    "POST /api/v1/tickets/{id}/messages": Row(WORKERS | CUSTOMERS, WORKERS, ("ticket",), {"text": "Danke"}),
    "GET /api/v1/tickets/{id}/comments": Row(DESK | CUSTOMERS, DESK, ("ticket",)),
    "POST /api/v1/tickets/{id}/comments": Row(WORKERS | CUSTOMERS, WORKERS, ("ticket",), {"text": "Danke"}),
    "GET /api/v1/tickets/{id}/attachments": Row(DESK | CUSTOMERS, DESK, ("ticket",)),
    "GET /api/v1/attachments/{id}/content": Row(DESK | CUSTOMERS, DESK, ("attachment",)),
    "GET /api/v1/tickets/{id}/receipts": Row(WORKERS, WORKERS, ("ticket",), blind=SECURITY),
    "GET /api/v1/customers": Row(DESK | CUSTOMERS, DESK | CUSTOMERS),
    "POST /api/v1/customers": Row(CREATORS, CREATORS, body={"name": "Bäckerei {fresh}"}),
    "GET /api/v1/customers/{id}": Row(DESK | CUSTOMERS, DESK, ("customer",)),
    "PATCH /api/v1/customers/{id}": Row(KEEPERS, KEEPERS, ("bare_customer",), {"name": "Tischlerei {fresh}"}),
    "DELETE /api/v1/customers/{id}": Row(CREATORS, CREATORS, ("bare_customer",)),
    "GET /api/v1/customers/{id}/domains": Row(DESK | CUSTOMERS, DESK, ("customer",)),
    "POST /api/v1/customers/{id}/domains": Row(KEEPERS, KEEPERS, ("customer",), {"domain": "{fresh}.example"}),
    "POST /api/v1/customers/{id}/domains/{domain_id}/verify": Row(KEEPERS, KEEPERS, ("customer", "domain")),
    "DELETE /api/v1/customers/{id}/domains/{domain_id}": Row(KEEPERS, KEEPERS, ("customer", "domain")),
    "GET /api/v1/customers/{id}/contacts": Row(DESK | CUSTOMERS, DESK, ("customer",)),
    "POST /api/v1/customers/{id}/contacts": Row(KEEPERS, KEEPERS, ("customer",), {"last_name": "Moser"}),
    "GET /api/v1/contacts/{id}": Row(DESK | CUSTOMERS, DESK, ("contact",)),
    "PATCH /api/v1/contacts/{id}": Row(KEEPERS, KEEPERS, ("contact",), {"last_name": "Moser"}),
    "GET /api/v1/mails": Row(WORKERS | SECURITY, WORKERS | SECURITY),
    "GET /api/v1/mails/{id}/receipt": Row(WORKERS | SECURITY, WORKERS | SECURITY, ("mail",)),
    "GET /api/v1/mails/{id}/raw": Row(WORKERS | SECURITY, WORKERS | SECURITY, ("mail",)),
    "GET /api/v1/mails/held": Row(WORKERS | SECURITY, WORKERS | SECURITY),
    "POST /api/v1/mails/{id}/release": Row(RELEASERS, RELEASERS, ("held_mail",), {"always": False}),
    "POST /api/v1/mails/{id}/reject": Row(RELEASERS, RELEASERS, ("held_mail",)),
    "GET /api/v1/outgoing-mails": Row(WORKERS | SECURITY, WORKERS | SECURITY),
    "GET /api/v1/outgoing-mails/{id}": Row(WORKERS | SECURITY, WORKERS | SECURITY, ("outgoing",)),
    "GET /api/v1/mailboxes": Row(MAILERS, MAILERS),
    "POST /api/v1/mailboxes": Row(MAILERS, MAILERS, body=MAILBOX),
    "POST /api/v1/mailboxes/{id}/disable": Row(MAILERS, MAILERS, ("mailbox",)),
    "POST /api/v1/mailboxes/{id}/enable": Row(MAILERS, MAILERS, ("mailbox",)),
    "GET /api/v1/chat/conversations": Row(LEADS, LEADS),
    "PATCH /api/v1/chat/conversations/{id}": Row(LEADS, LEADS, ("conversation",), {"language": "en"}),
    "GET /api/v1/tickets/{id}/deliveries": Row(DESK, DESK, ("ticket",)),
    "GET /api/v1/audit": Row(AUDITORS, AUDITORS),
}


def test_the_matrix_has_an_entry_for_every_route(parts: Parts) -> None:
    served = {f"{route.method} {route.path}": route for route in routes(parts)}
    assert set(served) == set(MATRIX) | OPEN
    assert {name for name, route in served.items() if route.permissions is None} == OPEN


@pytest.mark.parametrize("name", MATRIX)
async def test_each_role_gets_what_it_may_and_no_more(world: World, name: str) -> None:
    row = MATRIX[name]
    (route,) = (each for each in routes(world.parts) if f"{each.method} {each.path}" == name)
    wrong: list[str] = []
    for is_own in (True, False):
        things: dict[str, str] = {}
        for role in Role:
            if not things:
                things = await world.make_things(world.own if is_own else world.foreign)
            request, body = _filled(name, row, things | {"fresh": str(new_uuid())})
            headers = {"If-Match": f'"{await _version(world, row, things)}"'} if route.needs_version else {}
            assert (await world.ask(None, request, body, headers=headers)).status == 401
            answer = await world.ask(world.tokens[role], request, body, headers=headers)
            expected = row.expected(role, is_own=is_own, success=route.status)
            if answer.status != expected:
                wrong.append(f"{role} {'own' if is_own else 'foreign'}: {answer.status}, not {expected}")
            if role in CUSTOMERS:
                leaked = {SECRET, things["secret_attachment"]} | (set() if is_own else set(things.values()))
                sent = request + str(body)
                wrong += [f"{role} sees {each}" for each in leaked if each in str(answer.content) and each not in sent]
            if route.method != "GET" and answer.status == route.status:
                things = {}
    assert not wrong


@pytest.mark.parametrize("role", sorted(CUSTOMERS))
async def test_a_file_of_a_note_is_not_there_for_customers(world: World, role: Role) -> None:
    things = await world.make_things(world.own)
    request = f"GET /api/v1/attachments/{things['secret_attachment']}/content"
    assert (await world.ask(world.tokens[role], request)).status == 404
    assert (await world.ask(world.tokens[Role.TECHNICIAN_L1], request)).status == 200
    found = await world.ask(world.tokens[role], f"GET /api/v1/tickets?search={SECRET}")
    assert orjson.loads(found.content)["data"] == []
    note = {"text": "psst", "kind": "note"}
    denied = await world.ask(world.tokens[role], f"POST /api/v1/tickets/{things['ticket']}/messages", note)
    assert denied.status == 403


async def test_a_customer_user_does_not_see_what_a_colleague_asked(world: World) -> None:
    ticket = await world.make_ticket(world.own)
    colleague = {"last_name": "Kollege", "email": "kollege@hofer.example"}
    manager = world.tokens[Role.SERVICE_MANAGER]
    made = await world.ask(manager, f"POST /api/v1/customers/{world.own}/contacts", colleague)
    contact = orjson.loads(made.content)["data"]["id"]
    opened = await world.ask(
        manager, "POST /api/v1/tickets", TICKET | {"contact_id": contact, "customer_id": str(world.own)}
    )
    theirs = orjson.loads(opened.content)["data"]["id"]
    for role, status in ((Role.CUSTOMER_USER, 404), (Role.CUSTOMER_ADMIN, 200), (Role.CUSTOMER_TECHNICIAN, 200)):
        assert (await world.ask(world.tokens[role], f"GET /api/v1/tickets/{theirs}")).status == status
        assert (await world.ask(world.tokens[role], f"GET /api/v1/tickets/{ticket.id}")).status == 200


def _filled(name: str, row: Row, things: Mapping[str, str]) -> tuple[str, dict[str, object] | None]:
    request = name
    for placeholder, thing in zip(("{id}", "{domain_id}"), row.things, strict=False):
        request = request.replace(placeholder, things[thing])
    if row.body is None:
        return request, None
    return request, {key: each.format(**things) if isinstance(each, str) else each for key, each in row.body.items()}


async def _version(world: World, row: Row, things: Mapping[str, str]) -> int:
    """The version as the system administrator sees it now."""
    (thing,) = row.things
    path = {"ticket": "tickets", "bare_customer": "customers", "contact": "contacts"}[thing]
    shown = await world.ask(world.tokens[Role.SYSTEM_ADMIN], f"GET /api/v1/{path}/{things[thing]}")
    return int(orjson.loads(shown.content)["data"]["attributes"]["version"])
