"""One use case, one transaction."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy import select

from core.actor import SYSTEM
from core.audit.model import AuditAction, audit_log
from core.customers.model import customers
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import AlreadyExists
from core.ids import new_uuid
from core.messaging.event import Event
from core.messaging.model import outbox


class CustomerNoted(Event):
    name: ClassVar[str] = "customer.noted"
    version: ClassVar[int] = 1


def add_customer(work: UnitOfWork, name: str) -> UUID:
    customer_id = new_uuid()
    work.insert(
        customers,
        {"id": customer_id, "name": name, "status": "active", "created_at": work.now, "updated_at": work.now},
    )
    work.audit(AuditAction.CREATE, "customer", customer_id, new={"name": name})
    work.record(CustomerNoted(subject_id=customer_id, subject_version=1))
    return customer_id


async def test_state_audit_and_outbox_are_committed_together(database: Database) -> None:
    async with database.begin(SYSTEM) as work:
        customer_id = add_customer(work, "Müller & Söhne \x00 'GmbH'")
    async with database.connect() as connection:
        names = await connection.execute(select(customers.c.name).where(customers.c.id == customer_id))
        assert names.scalar_one() == "Müller & Söhne  'GmbH'"
        audited = await connection.execute(select(audit_log.c.action).where(audit_log.c.entity_id == customer_id))
        assert audited.scalar_one() == "CREATE"
        assert (await connection.execute(select(outbox.c.subject_id))).scalar_one() == customer_id


async def test_an_error_leaves_nothing_behind(database: Database) -> None:
    customer_id = None
    with pytest.raises(RuntimeError):
        async with database.begin(SYSTEM) as work:
            customer_id = add_customer(work, "Half done")
            await work.flush()
            raise RuntimeError
    async with database.connect() as connection:
        for key in (customers.c.id, audit_log.c.entity_id, outbox.c.subject_id):
            assert (await connection.execute(select(key).where(key == customer_id))).first() is None


async def test_a_violated_constraint_is_told_in_business_words(database: Database) -> None:
    async with database.begin(SYSTEM) as work:
        add_customer(work, "Once")
    with pytest.raises(AlreadyExists, match="customer of this name") as caught:
        async with database.begin(SYSTEM) as work:
            add_customer(work, "ONCE")
    assert caught.value.field == "name"
