"""Who an account is: what proves it, what does not, and how a code does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.audit.model import audit_log
from core.chat.accounts import ChatAccounts, KnownAccount, link_contact
from core.chat.model import chat_accounts, link_codes
from core.chat.rules import LinkedBy, Surface
from core.customers.model import CustomerStatus, contacts, customers
from core.database.engine import Database
from core.errors import AlreadyExists, Conflict, InvalidInput, LimitExceeded, NotFound, PermissionDenied
from core.identity.model import users
from core.identity.queries import User
from core.identity.roles import Role
from core.identity.service import NewUser, Users
from core.identity.tokens import AccessTokens
from core.ids import ContactId, CustomerId, UserId, new_uuid
from core.secrets import Keyring
from tests.integration.core.identity.desk import ManualClock

TENANT, ENTRY = "t-1", "8a9e2f0c-55f3-4a2b-9a4d-0d8c7a5a1111"


@dataclass(frozen=True, slots=True)
class Place:
    """Accounts on one database, and the people they may turn out to be."""

    clock: ManualClock
    database: Database
    accounts: ChatAccounts
    users: Users

    async def user(self, email: str = "toni@msp.example", role: Role = Role.TECHNICIAN_L1) -> User:
        customer_id = (await self.contact("chef@hofer.example"))[0] if role.is_customer else None
        new = NewUser(email, "Toni", "Muster", role, customer_id=customer_id)
        return await self.users.get_user(SYSTEM, await self.users.add_user(SYSTEM, new))

    async def contact(self, email: str = "anna@hofer.example") -> tuple[CustomerId, ContactId]:
        customer_id, contact_id = CustomerId(new_uuid()), ContactId(new_uuid())
        async with self.database.begin(SYSTEM) as work:
            stamps = {"created_at": work.now, "updated_at": work.now}
            name = f"Hofer {customer_id}"
            work.insert(customers, {"id": customer_id, "name": name, "status": CustomerStatus.ACTIVE.value, **stamps})
            await work.flush()
            person = {"first_name": "Anna", "last_name": "Hofer", "email": email, "language": "de"}
            work.insert(contacts, {"id": contact_id, "customer_id": customer_id, **person, **stamps})
        return customer_id, contact_id

    async def slack(self, account: str = "U1", *, address: str | None = None, name: str = "toni") -> KnownAccount:
        return await self.accounts.recognise(Surface.SLACK, TENANT, account, display_name=name, address=address)

    async def teams(self, account: str = ENTRY, *, address: str | None = None, tenant: str = TENANT) -> KnownAccount:
        return await self.accounts.recognise(Surface.TEAMS, tenant, account, display_name="Toni", address=address)

    async def deactivate(self, user: User) -> None:
        async with self.database.begin(SYSTEM) as work:
            await work.execute(update(users).where(users.c.id == user.id).values(is_active=False))

    async def row(self, account: str = "U1") -> Any:
        async with self.database.connect() as connection:
            return (await connection.execute(select(chat_accounts).where(chat_accounts.c.account == account))).one()

    async def audited(self) -> Sequence[dict[str, Any]]:
        statement = select(audit_log.c.changes).where(audit_log.c.entity_type == "chat_account")
        async with self.database.connect() as connection:
            return (await connection.execute(statement.order_by(audit_log.c.id))).scalars().all()


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    clock = ManualClock()
    database = Database(database_url, clock)
    accounts = ChatAccounts(database, link_by_address=True, directory_tenant=TENANT)
    yield Place(clock, database, accounts, Users(database, AccessTokens(database, Keyring(b"k" * 32))))
    await database.aclose()


def actor_of(user: User) -> Actor:
    return Actor(ActorKind.USER, user.id, user.email, user.role, customer_id=user.customer_id)


async def test_an_account_that_nobody_knows_is_kept_once_and_is_nobody(place: Place) -> None:
    seen = await asyncio.gather(*(place.slack(name="Fremder") for _ in range(4)))
    assert {(each.id, each.user, each.contact) for each in seen} == {(seen[0].id, None, None)}
    assert (await place.row()).display_name == "Fremder"
    await place.slack(name="", address="fremd@x.example")
    row = await place.row()
    assert (row.display_name, row.address, row.linked_by) == ("Fremder", "fremd@x.example", None)


async def test_the_directory_says_who_a_teams_account_is(place: Place) -> None:
    user = await place.user()
    assert (await place.teams()).user is None
    await place.users.set_directory_id(SYSTEM, user.id, ENTRY.upper())
    known = await place.teams()
    assert known.user is not None
    assert known.user.id == user.id
    assert (await place.row(ENTRY)).linked_by == LinkedBy.DIRECTORY
    assert (await place.teams(tenant="other")).user is None
    await place.users.set_directory_id(SYSTEM, user.id, None)
    assert (await place.teams()).user is None


async def test_an_entry_of_the_directory_is_one_users(place: Place) -> None:
    toni, maria = await place.user(), await place.user("maria@msp.example")
    await place.users.set_directory_id(SYSTEM, toni.id, ENTRY)
    with pytest.raises(AlreadyExists) as caught:
        await place.users.set_directory_id(SYSTEM, maria.id, ENTRY)
    assert caught.value.field == "directory_id"
    with pytest.raises(InvalidInput):
        await place.users.set_directory_id(SYSTEM, maria.id, "29:abc")
    with pytest.raises(PermissionDenied):
        await place.users.set_directory_id(actor_of(toni), maria.id, None)
    with pytest.raises(NotFound):
        await place.users.set_directory_id(SYSTEM, UserId(new_uuid()), ENTRY)


async def test_an_address_that_the_surface_vouches_for_links_a_user_where_that_is_wanted(place: Place) -> None:
    user = await place.user()
    unwilling = ChatAccounts(place.database, link_by_address=False)
    who = await unwilling.recognise(Surface.SLACK, TENANT, "U1", display_name="t", address="Toni@MSP.example")
    assert who.user is None
    known = await place.slack(address="Toni@MSP.example")
    assert known.user is not None
    assert known.user.id == user.id
    again = await place.slack()
    assert again.user is not None
    (record,) = await place.audited()
    assert record["new"]["linked_by"] == "address"


async def test_an_address_of_a_contact_links_the_contact_until_a_user_has_it(place: Place) -> None:
    customer_id, contact_id = await place.contact()
    known = await place.slack(address="anna@hofer.example")
    assert known.user is None
    assert known.contact is not None
    assert (known.contact.id, known.contact.customer_id, known.contact.name) == (contact_id, customer_id, "Anna Hofer")
    user = await place.user("anna@hofer.example", Role.CUSTOMER_USER)
    known = await place.slack(address="anna@hofer.example")
    assert (known.user and known.user.id, known.contact) == (user.id, None)


async def test_whoever_was_deactivated_is_not_recognised_not_even_as_a_contact(place: Place) -> None:
    user = await place.user()
    assert (await place.slack(address=user.email)).user is not None
    await place.contact(user.email)
    await place.deactivate(user)
    for account in ("U1", "U2"):
        known = await place.slack(account, address=user.email)
        assert (known.user, known.contact) == (None, None)


async def test_a_user_of_the_console_is_who_logged_in(place: Place) -> None:
    user = await place.user()
    known = await place.accounts.recognise(Surface.CONSOLE, "", str(user.id), display_name="Toni", address=None)
    assert known.user is not None
    assert known.user.id == user.id
    assert await place.accounts.list_accounts(actor_of(user)) == []
    with pytest.raises(InvalidInput):
        await place.accounts.unlink(actor_of(user), Surface.CONSOLE, "", str(user.id))


async def test_a_code_links_once_however_it_is_typed(place: Place) -> None:
    user = await place.user()
    code = await place.accounts.issue_code(actor_of(user))
    assert code.code not in repr(code)
    async with place.database.connect() as connection:
        (stored,) = (await connection.execute(select(link_codes.c.code_digest))).scalars().all()
    assert code.code.replace("-", "").lower() not in stored
    typed = f" {code.code.lower().replace('-', ' ')}"
    assert (await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", typed)).id == user.id
    assert (await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", typed)).id == user.id
    with pytest.raises(InvalidInput):
        await place.accounts.link_by_code(Surface.SLACK, TENANT, "U2", code.code)
    known = await place.slack()
    assert known.user is not None
    assert known.user.id == user.id
    (mine,) = await place.accounts.list_accounts(actor_of(user))
    assert (mine.surface, mine.account, mine.linked_by) == (Surface.SLACK, "U1", LinkedBy.CODE)
    (record,) = await place.audited()
    assert record["new"]["user_id"] == str(user.id)


async def test_of_two_accounts_with_one_code_one_is_linked(place: Place) -> None:
    code = await place.accounts.issue_code(actor_of(await place.user()))
    tries = [place.accounts.link_by_code(Surface.SLACK, TENANT, f"U{each}", code.code) for each in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidInput"] * 3 + ["User"]


async def test_a_code_that_is_old_or_replaced_or_of_someone_who_left_is_none(place: Place) -> None:
    user = await place.user()
    replaced = await place.accounts.issue_code(actor_of(user))
    old = await place.accounts.issue_code(actor_of(user))
    place.clock.advance(timedelta(minutes=10))
    late = await place.accounts.issue_code(actor_of(await place.user("maria@msp.example")))
    for code in (replaced, old):
        with pytest.raises(InvalidInput) as caught:
            await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", code.code)
        assert caught.value.field == "code"
    left = await place.users.list_users(SYSTEM)
    for each in left:
        await place.deactivate(each)
    with pytest.raises(InvalidInput):
        await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", late.code)
    with pytest.raises(PermissionDenied):
        await place.accounts.issue_code(Actor(ActorKind.CONTACT, email="anna@hofer.example"))


async def test_codes_cannot_be_guessed(place: Place) -> None:
    """After five wrong ones even the right one is not looked at until the window is over."""
    user = await place.user()
    for _ in range(5):
        with pytest.raises(InvalidInput):
            await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", "AAAA-AAAA")
    place.clock.advance(timedelta(minutes=5))
    code = await place.accounts.issue_code(actor_of(user))
    with pytest.raises(LimitExceeded) as caught:
        await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", code.code)
    assert caught.value.retry_after_seconds == 600
    other = await place.accounts.link_by_code(Surface.SLACK, TENANT, "U2", code.code)
    assert other.id == user.id
    place.clock.advance(timedelta(minutes=10))
    fresh = await place.accounts.issue_code(actor_of(user))
    assert (await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", fresh.code)).id == user.id


async def test_many_guesses_at_once_are_counted_one_by_one(place: Place) -> None:
    guesses = [place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", f"AAAA-AAA{each}") for each in range(2, 10)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidInput"] * 5 + ["LimitExceeded"] * 3


async def test_what_a_code_linked_no_address_and_no_directory_links_anew(place: Place) -> None:
    toni, maria = await place.user(), await place.user("maria@msp.example")
    code = await place.accounts.issue_code(actor_of(toni))
    await place.accounts.link_by_code(Surface.TEAMS, TENANT, ENTRY, code.code)
    await place.users.set_directory_id(SYSTEM, maria.id, ENTRY)
    known = await place.teams(address="maria@msp.example")
    assert known.user is not None
    assert known.user.id == toni.id
    assert len(await place.audited()) == 1
    theirs = await place.accounts.issue_code(actor_of(maria))
    assert (await place.accounts.link_by_code(Surface.TEAMS, TENANT, ENTRY, theirs.code)).id == maria.id


async def test_an_unlinked_account_stays_so_until_there_is_a_code(place: Place) -> None:
    user = await place.user()
    await place.slack(address=user.email)
    await place.accounts.unlink(actor_of(user), Surface.SLACK, TENANT, "U1")
    assert (await place.slack(address=user.email)).user is None
    with pytest.raises(NotFound):
        await place.accounts.unlink(actor_of(user), Surface.SLACK, TENANT, "U1")
    code = await place.accounts.issue_code(actor_of(user))
    await place.accounts.link_by_code(Surface.SLACK, TENANT, "U1", code.code)
    assert (await place.slack()).user is not None
    assert [record["new"]["linked_by"] for record in await place.audited()] == ["address", None, "code"]


async def test_another_persons_account_is_unlinked_by_those_who_manage_users(place: Place) -> None:
    toni, maria = await place.user(), await place.user("maria@msp.example")
    await place.slack(address=toni.email)
    with pytest.raises(PermissionDenied):
        await place.accounts.unlink(actor_of(maria), Surface.SLACK, TENANT, "U1")
    admin = replace(actor_of(maria), role=Role.TENANT_ADMIN)
    await place.accounts.unlink(admin, Surface.SLACK, TENANT, "U1")
    assert (await place.slack()).user is None


async def test_someone_in_a_customers_channel_is_linked_to_a_contact_but_never_over_another_link(place: Place) -> None:
    _, contact_id = await place.contact()
    _, other_id = await place.contact("ben@hofer.example")
    visitor = await place.slack()
    for _ in range(2):
        async with place.database.begin(SYSTEM) as work:
            await link_contact(work, visitor.id, contact_id)
    known = await place.slack()
    assert known.contact is not None
    assert (known.contact.id, (await place.row()).linked_by) == (contact_id, "channel")
    with pytest.raises(Conflict):
        async with place.database.begin(SYSTEM) as work:
            await link_contact(work, visitor.id, other_id)
