"""What happens to tickets. `subject_id` is the ticket, `subject_version` its version after the fact."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from core.messaging.event import Event
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus


class TicketCreated(Event):
    name: ClassVar[str] = "ticket.created"
    version: ClassVar[int] = 1

    number: int
    customer_id: UUID
    contact_id: UUID | None
    title: str
    priority: TicketPriority
    source: TicketSource
    message_id: UUID
    requester_address: str | None
    is_automatic: bool


class TicketReplied(Event):
    """A public reply or an internal note was added, by a customer (`is_inbound`) or by the desk."""

    name: ClassVar[str] = "ticket.replied"
    version: ClassVar[int] = 1

    number: int
    message_id: UUID
    kind: MessageKind
    is_inbound: bool
    is_automatic: bool
    author_user_id: UUID | None
    author_address: str | None
    source: TicketSource


class TicketStatusChanged(Event):
    name: ClassVar[str] = "ticket.status_changed"
    version: ClassVar[int] = 1

    number: int
    old: TicketStatus
    new: TicketStatus


class TicketAssigned(Event):
    """`by` is the user who did it, if it was one."""

    name: ClassVar[str] = "ticket.assigned"
    version: ClassVar[int] = 1

    number: int
    old: UUID | None
    new: UUID | None
    by: UUID | None = None


class TicketUpdated(Event):
    """Title, priority, category, tags or another plain field changed; `fields` names them."""

    name: ClassVar[str] = "ticket.updated"
    version: ClassVar[int] = 1

    number: int
    fields: list[str]


class TicketDeleted(Event):
    """The ticket is out of sight; its rows stay."""

    name: ClassVar[str] = "ticket.deleted"
    version: ClassVar[int] = 1

    number: int
