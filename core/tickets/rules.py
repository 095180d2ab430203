"""What a ticket may be and how it may change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import Conflict
from core.ids import TicketId


class TicketStatus(StrEnum):
    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketPriority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class TicketSource(StrEnum):
    """Where a ticket or a message came from."""

    EMAIL = "email"
    PORTAL = "portal"
    PHONE = "phone"
    RMM_ALERT = "rmm_alert"
    API = "api"
    TEAMS = "teams"
    SLACK = "slack"
    CONSOLE = "console"


class MessageKind(StrEnum):
    PUBLIC = "public"
    NOTE = "note"
    SYSTEM = "system"


class ParticipantKind(StrEnum):
    REQUESTER = "requester"
    COPIED = "copied"


class LinkKind(StrEnum):
    FOLLOW_UP = "follow_up"
    RELATED = "related"


class ThreadStrength(StrEnum):
    """How well a message id proves its ticket: seen as a mail's own id, or only referred to by one."""

    STRONG = "strong"
    WEAK = "weak"


_S = TicketStatus
TRANSITIONS: dict[TicketStatus, frozenset[TicketStatus]] = {
    _S.NEW: frozenset({_S.ASSIGNED, _S.IN_PROGRESS, _S.WAITING_CUSTOMER, _S.RESOLVED, _S.CLOSED}),
    _S.ASSIGNED: frozenset({_S.NEW, _S.IN_PROGRESS, _S.WAITING_CUSTOMER, _S.RESOLVED, _S.CLOSED}),
    _S.IN_PROGRESS: frozenset({_S.ASSIGNED, _S.WAITING_CUSTOMER, _S.RESOLVED, _S.CLOSED}),
    _S.WAITING_CUSTOMER: frozenset({_S.ASSIGNED, _S.IN_PROGRESS, _S.RESOLVED, _S.CLOSED}),
    _S.RESOLVED: frozenset({_S.ASSIGNED, _S.IN_PROGRESS, _S.WAITING_CUSTOMER, _S.CLOSED}),
    _S.CLOSED: frozenset({_S.ASSIGNED, _S.IN_PROGRESS}),
}
"""The state machine: the statuses that a ticket may change to. Leaving resolved or closed is a reopening."""


def may_change(current: TicketStatus, wanted: TicketStatus) -> bool:
    return wanted in TRANSITIONS[current]


def check_change(current: TicketStatus, wanted: TicketStatus) -> None:
    """Raise Conflict, which says what is possible, unless a ticket may change from `current` to `wanted`."""
    if wanted is not current and not may_change(current, wanted):
        possible = ", ".join(sorted(TRANSITIONS[current]))
        raise Conflict(f"A ticket that is {current} cannot become {wanted}; possible: {possible}.")


def status_after_assignment(current: TicketStatus, *, is_assigned: bool) -> TicketStatus:
    """Where taking a ticket or giving it back takes it: a new one is assigned then, an assigned one new again."""
    if current in (_S.NEW, _S.ASSIGNED):
        return _S.ASSIGNED if is_assigned else _S.NEW
    return current


def status_after_customer_reply(current: TicketStatus) -> TicketStatus:
    """Where a customer's reply takes a ticket: what waited for it goes on, what was done reopens, the rest stays."""
    if current in (_S.WAITING_CUSTOMER, _S.RESOLVED, _S.CLOSED):
        return _S.IN_PROGRESS
    return current


def is_closed_too_long(closed_at: datetime | None, now: datetime, reopen_days: int) -> bool:
    """A reply to a ticket closed for more than `reopen_days` opens a new one instead of reopening it."""
    return closed_at is not None and now - closed_at > timedelta(days=reopen_days)


def title_from(subject: str, limit: int) -> str:
    """A ticket title of at most `limit` characters from a mail's subject or a first line."""
    title = " ".join(subject.split())
    return title if len(title) <= limit else title[: limit - 1].rstrip() + "…"


def resolve_merge(source: TicketId, into: TicketId, merged_into: Mapping[TicketId, TicketId]) -> TicketId:
    """The living ticket that `source` is merged into when it is merged into `into`, earlier merges followed.

    `merged_into` tells where merged tickets went. Raises Conflict if `source` is merged already or would end in itself.
    """
    if source in merged_into:
        raise Conflict("This ticket was merged into another one already.")
    seen = {source}
    while True:
        if into in seen:
            raise Conflict("A ticket cannot be merged into itself, nor into one that was merged into it.")
        seen.add(into)
        if into not in merged_into:
            return into
        into = merged_into[into]
