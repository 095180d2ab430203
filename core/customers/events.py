"""What happens to contacts. `subject_id` is the contact."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from core.messaging.event import Event


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
