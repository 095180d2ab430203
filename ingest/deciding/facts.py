"""What the database knows that bears on a group of mails; it grows as they are decided, so that they see each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.ids import ContactId, CustomerId, RawMailId, TicketId, TicketNumber, UserId
from core.tickets.rules import ThreadStrength, TicketStatus


@dataclass(frozen=True, slots=True)
class KnownContact:
    id: ContactId
    customer_id: CustomerId
    name: str


@dataclass(frozen=True, slots=True)
class KnownUser:
    """One who logs in. `customer_id` is None for the MSP's own people, the staff."""

    id: UserId
    name: str
    customer_id: CustomerId | None


@dataclass(frozen=True, slots=True)
class KnownTicket:
    id: TicketId
    number: TicketNumber
    version: int
    status: TicketStatus
    customer_id: CustomerId
    closed_at: datetime | None
    merged_into_id: TicketId | None
    participants: frozenset[str]


@dataclass(frozen=True, slots=True)
class ThreadEdge:
    """A message id and a ticket that it belongs to (strong: the mail itself was seen; weak: only referred to)."""

    ticket_id: TicketId
    strength: ThreadStrength
    seen_at: datetime


@dataclass(slots=True)
class Facts:
    """Keys are lower-case addresses and domains, message ids without angle brackets, dedup and loop keys.

    `trusted_senders` are addresses of staff that somebody of the desk trusts without proof. `unwritten` are the tickets
    that this batch opened and that the database does not have yet; `fresh_numbers` are for the ones it opens, the next
    one last.
    """

    triage_customer_id: CustomerId
    duplicates: dict[str, RawMailId] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    contacts: dict[str, KnownContact] = field(default_factory=dict)
    users: dict[str, KnownUser] = field(default_factory=dict)
    trusted_senders: set[str] = field(default_factory=set)
    customers_by_domain: dict[str, CustomerId] = field(default_factory=dict)
    edges: dict[str, list[ThreadEdge]] = field(default_factory=dict)
    tickets: dict[TicketId, KnownTicket] = field(default_factory=dict)
    unwritten: set[TicketId] = field(default_factory=set)
    fresh_numbers: list[TicketNumber] = field(default_factory=list)

    def find_ticket_by_number(self, number: TicketNumber) -> KnownTicket | None:
        return next((ticket for ticket in self.tickets.values() if ticket.number == number), None)

    def living(self, ticket: KnownTicket) -> KnownTicket:
        """The ticket that a chain of merges ends at; a cycle ends where it is noticed (zammad#983)."""
        seen = {ticket.id}
        while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
            following = self.tickets.get(ticket.merged_into_id)
            if following is None:
                break
            seen.add(following.id)
            ticket = following
        return ticket
