"""The triage customer: takes in senders nobody knows yet."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit.model import AuditAction
from core.customers.model import CustomerStatus, customers
from core.database.unit_of_work import UnitOfWork
from core.ids import CustomerId, new_uuid

TRIAGE_NAME = "Triage"


async def get_triage_customer(connection: AsyncConnection) -> CustomerId:
    """The triage customer, which every migrated database has."""
    return CustomerId((await connection.execute(select(customers.c.id).where(customers.c.is_triage))).scalar_one())


async def ensure_triage_customer(work: UnitOfWork) -> CustomerId:
    """The triage customer, made where there is none yet. Callers hold the migration lock."""
    found = (await work.execute(select(customers.c.id).where(customers.c.is_triage))).scalar_one_or_none()
    if found is not None:
        return CustomerId(found)
    customer_id = CustomerId(new_uuid())
    work.insert(
        customers,
        {
            "id": customer_id,
            "name": TRIAGE_NAME,
            "status": CustomerStatus.ACTIVE.value,
            "is_triage": True,
            "created_at": work.now,
            "updated_at": work.now,
        },
    )
    work.audit(AuditAction.CREATE, "customer", customer_id, new={"name": TRIAGE_NAME})
    return customer_id
