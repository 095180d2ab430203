"""What a ticket may become."""

from __future__ import annotations

import pytest

from core.errors import Conflict
from core.ids import TicketId, new_uuid
from core.tickets.rules import (
    TRANSITIONS,
    TicketStatus,
    check_change,
    resolve_merge,
    status_after_assignment,
    status_after_customer_reply,
)

A, B, C, D = (TicketId(new_uuid()) for _ in range(4))


@pytest.mark.parametrize("current", TicketStatus)
@pytest.mark.parametrize("wanted", TicketStatus)
def test_only_transitions_and_staying_are_allowed(current: TicketStatus, wanted: TicketStatus) -> None:
    if wanted is current or wanted in TRANSITIONS[current]:
        check_change(current, wanted)
    else:
        with pytest.raises(Conflict, match="possible: "):
            check_change(current, wanted)


@pytest.mark.parametrize("current", TicketStatus)
def test_what_replies_and_assignments_lead_to_is_a_transition(current: TicketStatus) -> None:
    check_change(current, status_after_customer_reply(current))
    for is_assigned in (True, False):
        check_change(current, status_after_assignment(current, is_assigned=is_assigned))


def test_a_merge_ends_at_the_living_ticket() -> None:
    assert resolve_merge(A, B, {}) == B
    assert resolve_merge(A, B, {B: C, C: D}) == D


@pytest.mark.parametrize(
    ("source", "into", "merged_into"),
    [(A, A, {}), (A, B, {B: A}), (A, B, {B: C, C: A}), (A, B, {A: C}), (A, B, {B: C, C: D, D: B})],
)
def test_a_merge_in_a_circle_is_refused(
    source: TicketId, into: TicketId, merged_into: dict[TicketId, TicketId]
) -> None:
    """zammad#983"""
    with pytest.raises(Conflict):
        resolve_merge(source, into, merged_into)
