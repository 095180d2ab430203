"""What happens to customers and contacts. `subject_id` is the customer or the contact, as the name says."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from core.customers.model import CustomerStatus
from core.messaging.event import Event


class CustomerCreated(Event):
    name: ClassVar[str] = "customer.created"
    version: ClassVar[int] = 1

    customer: str
    status: CustomerStatus


class CustomerUpdated(Event):
    """Plain fields changed, or the mail domains (`domains`); `fields` names them."""

    name: ClassVar[str] = "customer.updated"
    version: ClassVar[int] = 1

    customer: str
    fields: list[str]


class CustomerDeleted(Event):
    name: ClassVar[str] = "customer.deleted"
    version: ClassVar[int] = 1

    customer: str


class ContactCreated(Event):
    name: ClassVar[str] = "contact.created"
    version: ClassVar[int] = 1

    customer_id: UUID
    email: str | None


class ContactBounced(Event):
    """Mail to the contact's address came back for good; it gets none until the mark is taken off."""

    name: ClassVar[str] = "contact.bounced"
    version: ClassVar[int] = 1

    customer_id: UUID
    email: str
    reason: str
