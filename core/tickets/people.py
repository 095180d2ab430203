"""The people behind a ticket's writes: who the actor is by name, which contact it is, who may be given a ticket."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from core.actor import Actor
from core.audit.model import AuditAction
from core.customers.events import ContactCreated
from core.customers.model import NOT_DELETED, contacts
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput
from core.identity.model import users
from core.ids import ContactId, CustomerId, UserId, new_uuid

SYSTEM_NAME = "System"


async def name_of(work: UnitOfWork, actor: Actor) -> str:
    """The actor as people call it: the user's name, else the address."""
    if actor.user_id is None:
        return actor.name or actor.email or SYSTEM_NAME
    return await name_of_user(work, actor.user_id) or actor.email or SYSTEM_NAME


async def name_of_user(work: UnitOfWork, user_id: UserId) -> str:
    """The user's first and last name."""
    row = (await work.execute(select(users.c.first_name, users.c.last_name).where(users.c.id == user_id))).one()
    return f"{row.first_name} {row.last_name}".strip()


async def find_contact_of(work: UnitOfWork, actor: Actor) -> ContactId | None:
    """The contact of the actor's own customer that has its address, or None."""
    if actor.email is None:
        return None
    statement = select(contacts.c.id).where(
        contacts.c.email == actor.email.lower(),
        contacts.c.customer_id == actor.customer_id,
        contacts.c.deleted_at.is_(None),
    )
    found = (await work.execute(statement)).scalar_one_or_none()
    return ContactId(found) if found is not None else None


async def make_contact_of(work: UnitOfWork, actor: Actor) -> ContactId | None:
    """A contact for a customer's user. None where another customer has the address: it is not taken from there."""
    if actor.email is None or actor.user_id is None:
        return None
    person = (
        await work.execute(select(users.c.first_name, users.c.last_name).where(users.c.id == actor.user_id))
    ).one()
    contact_id = ContactId(new_uuid())
    email = actor.email.lower()
    statement = (
        insert(contacts)
        .values(
            id=contact_id,
            customer_id=actor.customer_id,
            first_name=person.first_name,
            last_name=person.last_name,
            email=email,
            created_at=work.now,
            updated_at=work.now,
        )
        .on_conflict_do_nothing(
            index_elements=[contacts.c.email],
            index_where=contacts.c.email.is_not(None) & contacts.c.deleted_at.is_(None),
        )
        .returning(contacts.c.customer_id)
    )
    customer_id = (await work.execute(statement)).scalar_one_or_none()
    if customer_id is None:
        return await find_contact_of(work, actor)
    work.audit(AuditAction.CREATE, "contact", contact_id, new={"email": email})
    work.record(ContactCreated(subject_id=contact_id, subject_version=1, customer_id=customer_id, email=email))
    return contact_id


async def get_contact(work: UnitOfWork, contact_id: ContactId, customer_id: CustomerId) -> Row[Any]:
    """The contact. Raises InvalidInput unless it is one of this customer."""
    statement = select(contacts).where(contacts.c.id == contact_id, contacts.c.customer_id == customer_id, NOT_DELETED)
    row = (await work.execute(statement)).one_or_none()
    if row is None:
        raise InvalidInput("This customer has no such contact.", field="contact_id")
    return row


async def require_assignable(work: UnitOfWork, user_id: UserId | None) -> None:
    """Raise InvalidInput unless the user is one of the desk's who works there now. Nobody is fine."""
    if user_id is None:
        return
    statement = select(users.c.id).where(
        users.c.id == user_id, users.c.customer_id.is_(None), users.c.is_active, users.c.deleted_at.is_(None)
    )
    if (await work.execute(statement)).one_or_none() is None:
        raise InvalidInput("There is no such user at the desk.", field="assigned_to")
