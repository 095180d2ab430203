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
    """A contact's address does not take mail any more."""

    name: ClassVar[str] = "contact.bounced"
    version: ClassVar[int] = 1

    email: str
    reason: str
