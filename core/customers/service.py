"""Use cases on customers, their mail domains and their contacts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, exists, select, update

from core.actor import Actor
from core.audit.model import AuditAction
from core.customers import queries
from core.customers.events import ContactCreated, CustomerCreated, CustomerDeleted, CustomerUpdated
from core.customers.model import CustomerStatus, CustomerTier, contacts, customer_domains, customers
from core.customers.queries import CustomerFilter, Sorting
from core.database.engine import Database
from core.database.page import RowPage
from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound, VersionConflict
from core.identity.model import users
from core.identity.roles import Permission
from core.ids import ContactId, CustomerId, new_uuid
from core.tickets.model import OPEN, tickets

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be created."""

    name: str
    status: CustomerStatus = CustomerStatus.ACTIVE
    tier: CustomerTier | None = None
    legal_name: str | None = None
    uid: str | None = None
    tax_number: str | None = None
    industry: str | None = None
    employee_count: int | None = None


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact to be created."""

    last_name: str
    first_name: str = ""
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    title: str | None = None
    department: str | None = None
    is_primary: bool = False
    is_technical: bool = False
    is_billing: bool = False
    notify_ticket_created: bool = True
    notify_ticket_resolved: bool = True
    notify_invoice: bool = False
    language: str = "de"


class Customers:
    """Customers, domains and contacts. Rows are mappings by the column names of `core.customers.model`.

    What the actor may not see raises NotFound, what they may see but not do raises PermissionDenied.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_customers(
        self, actor: Actor, wanted: CustomerFilter, sorting: Sequence[Sorting] = (), *, limit: int = 20, offset: int = 0
    ) -> RowPage:
        """The customers that the actor may see, by `sorting` and then by id."""
        async with self._database.connect() as connection:
            return await queries.list_customers(
                connection, actor, wanted, sorting or (Sorting(),), limit=limit, offset=offset
            )

    async def get_customer(self, actor: Actor, customer_id: UUID) -> Mapping[str, Any]:
        async with self._database.connect() as connection:
            return await queries.get_customer(connection, actor, customer_id)

    async def create_customer(self, actor: Actor, new: NewCustomer) -> CustomerId:
        """Raises AlreadyExists for the name of another customer."""
        actor.require(Permission.CUSTOMER_CREATE)
        customer_id = CustomerId(new_uuid())
        async with self._database.begin(actor) as work:
            row = asdict(new)
            work.insert(customers, {"id": customer_id, **row, "created_at": work.now, "updated_at": work.now})
            work.audit(AuditAction.CREATE, "customer", customer_id, new=row)
            work.record(
                CustomerCreated(subject_id=customer_id, subject_version=1, customer=new.name, status=new.status)
            )
        return customer_id

    async def change_customer(
        self, actor: Actor, customer_id: UUID, expected_version: int, changes: Mapping[str, object]
    ) -> None:
        """Set the fields of NewCustomer that `changes` names. Raises VersionConflict, AlreadyExists."""
        actor.require(Permission.CUSTOMER_UPDATE)
        async with self._database.begin(actor) as work:
            before = await _lock_customer(work, customer_id)
            if changed := await _change(work, customers, "customer", before, expected_version, changes):
                _tell_updated(work, before | changed, sorted(changed))

    async def delete_customer(self, actor: Actor, customer_id: UUID) -> None:
        """Take a customer out of use with its contacts and domains; tickets, mails and audit stay.

        Raises Conflict while a ticket is open or someone of the customer may log in, and for the triage customer.
        """
        actor.require(Permission.CUSTOMER_CREATE)
        async with self._database.begin(actor) as work:
            # A full lock: a ticket that is being opened for the customer is waited for.
            before = await _lock_customer(work, customer_id, keeping_references=False)
            if before["is_triage"]:
                raise Conflict("The triage customer takes in unknown senders; it cannot be deleted.")
            if await _any(work, exists().where(tickets.c.customer_id == customer_id, OPEN)):
                raise Conflict("The customer has open tickets.")
            able = (users.c.customer_id == customer_id, users.c.is_active, users.c.deleted_at.is_(None))
            if await _any(work, exists().where(*able)):
                raise Conflict("The customer has users who may log in.")
            gone = {"deleted_at": work.now, "updated_at": work.now}
            for table, condition in (
                (customers, customers.c.id == customer_id),
                (contacts, contacts.c.customer_id == customer_id),
            ):
                statement = update(table).where(condition, table.c.deleted_at.is_(None))
                await work.execute(statement.values(**gone, version=table.c.version + 1))
            removed = await work.execute(
                delete(customer_domains)
                .where(customer_domains.c.customer_id == customer_id)
                .returning(customer_domains.c.domain)
            )
            old = {"name": before["name"], "domains": sorted(removed.scalars())}
            work.audit(AuditAction.DELETE, "customer", customer_id, old=old)
            work.record(
                CustomerDeleted(subject_id=before["id"], subject_version=before["version"] + 1, customer=before["name"])
            )

    async def list_domains(self, actor: Actor, customer_id: UUID) -> Sequence[Mapping[str, Any]]:
        async with self._database.connect() as connection:
            return await queries.list_domains(connection, actor, customer_id)

    async def get_domain(self, actor: Actor, customer_id: UUID, domain_id: UUID) -> Mapping[str, Any]:
        async with self._database.connect() as connection:
            return await queries.get_domain(connection, actor, customer_id, domain_id)

    async def add_domain(self, actor: Actor, customer_id: UUID, domain: str) -> UUID:
        """Note a mail domain; it recognises nobody until it is verified. Raises AlreadyExists, InvalidInput."""
        actor.require(Permission.CUSTOMER_UPDATE)
        name = _ascii_domain(domain)
        domain_id = new_uuid()
        async with self._database.begin(actor) as work:
            before = await _lock_customer(work, customer_id)
            work.insert(
                customer_domains,
                {"id": domain_id, "customer_id": customer_id, "domain": name, "created_at": work.now},
            )
            await _domains_changed(work, before, new={"domain": name})
        return domain_id

    async def verify_domain(self, actor: Actor, customer_id: UUID, domain_id: UUID) -> None:
        """From now on unknown senders of this domain are the customer's. Nothing changes if they were already."""
        actor.require(Permission.CUSTOMER_UPDATE)
        async with self._database.begin(actor) as work:
            before = await _lock_customer(work, customer_id)
            domain = await queries.get_domain(work.connection, actor, customer_id, domain_id)
            if domain["verified_at"] is not None:
                return
            await work.execute(
                update(customer_domains).where(customer_domains.c.id == domain_id).values(verified_at=work.now)
            )
            await _domains_changed(work, before, new={"verified_domain": domain["domain"]})

    async def remove_domain(self, actor: Actor, customer_id: UUID, domain_id: UUID) -> None:
        """Unknown senders of this domain are not the customer's any more; contacts stay."""
        actor.require(Permission.CUSTOMER_UPDATE)
        async with self._database.begin(actor) as work:
            before = await _lock_customer(work, customer_id)
            domain = await queries.get_domain(work.connection, actor, customer_id, domain_id)
            await work.execute(delete(customer_domains).where(customer_domains.c.id == domain_id))
            await _domains_changed(work, before, old={"domain": domain["domain"]})

    async def list_contacts(
        self, actor: Actor, customer_id: UUID, *, search: str | None = None, limit: int = 20, offset: int = 0
    ) -> RowPage:
        async with self._database.connect() as connection:
            return await queries.list_contacts(
                connection, actor, customer_id, search=search, limit=limit, offset=offset
            )

    async def get_contact(self, actor: Actor, contact_id: UUID) -> Mapping[str, Any]:
        async with self._database.connect() as connection:
            return await queries.get_contact(connection, actor, contact_id)

    async def create_contact(self, actor: Actor, customer_id: UUID, new: NewContact) -> ContactId:
        """Raises AlreadyExists for the address of another contact, of whichever customer."""
        actor.require(Permission.CUSTOMER_UPDATE)
        contact_id = ContactId(new_uuid())
        async with self._database.begin(actor) as work:
            await _lock_customer(work, customer_id)
            row = {**asdict(new), "email": _lower(new.email), "customer_id": customer_id}
            work.insert(contacts, {"id": contact_id, **row, "created_at": work.now, "updated_at": work.now})
            work.audit(AuditAction.CREATE, "contact", contact_id, new=row)
            work.record(
                ContactCreated(
                    subject_id=contact_id, subject_version=1, customer_id=customer_id, email=_lower(new.email)
                )
            )
        return contact_id

    async def change_contact(
        self, actor: Actor, contact_id: UUID, expected_version: int, changes: Mapping[str, object]
    ) -> None:
        """Set the fields of NewContact that `changes` names, or move the contact by `customer_id`; tickets stay.

        `bounced_at` None takes the bounce mark off, as another address does. Raises VersionConflict, AlreadyExists.
        """
        actor.require(Permission.CUSTOMER_UPDATE)
        async with self._database.begin(actor) as work:
            wanted = dict(changes)
            if "customer_id" in wanted:
                await _lock_customer(work, UUID(str(wanted["customer_id"])))
            before = await _lock(work, contacts, "contact", contact_id)
            if "email" in wanted:
                wanted["email"] = _lower(wanted["email"])
                if wanted["email"] != before["email"]:
                    wanted["bounced_at"] = None
            if "bounced_at" in wanted:
                wanted["bounce_reason"] = None
            await _change(work, contacts, "contact", before, expected_version, wanted)


def _lower(email: object) -> str | None:
    return None if email is None else str(email).strip().lower()


def _ascii_domain(text: str) -> str:
    name = text.strip().removesuffix(".").lower()
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _DOMAIN.fullmatch(name):
        raise InvalidInput("This is no mail domain, such as example.com.", field="domain")
    return name


async def _any(work: UnitOfWork, condition: Any) -> bool:
    return bool((await work.execute(select(condition))).scalar_one())


async def _lock(
    work: UnitOfWork, table: Table, what: str, row_id: UUID, *, keeping_references: bool = True
) -> dict[str, Any]:
    """The row as it is, locked against other changes; `keeping_references` lets new rows refer to it meanwhile."""
    statement = select(table).where(table.c.id == row_id, table.c.deleted_at.is_(None))
    row = (await work.execute(statement.with_for_update(key_share=keeping_references))).one_or_none()
    if row is None:
        raise NotFound(what, row_id)
    return row._asdict()


async def _lock_customer(work: UnitOfWork, customer_id: UUID, *, keeping_references: bool = True) -> dict[str, Any]:
    return await _lock(work, customers, "customer", customer_id, keeping_references=keeping_references)


async def _change(
    work: UnitOfWork,
    table: Table,
    what: str,
    before: Mapping[str, Any],
    expected_version: int,
    wanted: Mapping[str, object],
) -> dict[str, object]:
    """Write what differs, with its audit record, as the next version; returns it. Raises VersionConflict."""
    if before["version"] != expected_version:
        raise VersionConflict(what, expected_version, before["version"])
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if changed:
        values = {**changed, "version": expected_version + 1, "updated_at": work.now}
        await work.execute(update(table).where(table.c.id == before["id"]).values(**values))
        old = {name: before[name] for name in changed}
        work.audit(AuditAction.UPDATE, what, before["id"], old=old, new=changed)
    return changed


async def _domains_changed(
    work: UnitOfWork,
    customer: Mapping[str, Any],
    *,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    values = {"version": customer["version"] + 1, "updated_at": work.now}
    await work.execute(update(customers).where(customers.c.id == customer["id"]).values(**values))
    work.audit(AuditAction.UPDATE, "customer", customer["id"], old=old, new=new)
    _tell_updated(work, customer, ["domains"])


def _tell_updated(work: UnitOfWork, customer: Mapping[str, Any], fields: Sequence[str]) -> None:
    work.record(
        CustomerUpdated(
            subject_id=customer["id"],
            subject_version=customer["version"] + 1,
            customer=customer["name"],
            fields=list(fields),
        )
    )
