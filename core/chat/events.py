"""What happens to deliveries. `subject_id` is the ticket that they tell of, or the conversation where there is none."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from core.chat.rules import DeliveryKind, Surface
from core.messaging.event import Event


class ChatDeliveryFailed(Event):
    """Something could not be shown in chat and will not be tried again. `subject_version` is 0: it changes nothing."""

    name: ClassVar[str] = "chat.delivery_failed"
    version: ClassVar[int] = 1

    delivery_id: UUID
    conversation_id: UUID
    surface: Surface
    kind: DeliveryKind
    ticket_id: UUID | None
    error: str
