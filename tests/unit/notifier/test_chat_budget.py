"""Budgets keep to every limit that the platforms publish, whatever is asked of them and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.rules import DeliveryKind, Surface
from notifier.chat.budget import LIMITS, Limit

START = datetime(2026, 3, 1, tzinfo=UTC)

TEAMS_WINDOWS = ((1, 7), (2, 8), (30, 60), (3600, 1800))
GAPS = st.lists(st.floats(0, 5), min_size=1, max_size=400)


def sent_at(limits: list[Limit], gaps: list[float]) -> list[datetime]:
    """When each goes of those that are wanted after these gaps in seconds, each as soon as all limits let it."""
    wanted, at = START, START
    full: list[datetime | None] = [None] * len(limits)
    sent = []
    for gap in gaps:
        wanted += timedelta(seconds=gap)
        at = max(wanted, at)
        at = max(limit.free_at(full_at, at) for limit, full_at in zip(limits, full, strict=True))
        full = [limit.spend(full_at, at) for limit, full_at in zip(limits, full, strict=True)]
        sent.append(at)
    return sent


def most_within(sent: list[datetime], seconds: float) -> int:
    """The most of them in any window of so many seconds, its end left out."""
    window = timedelta(seconds=seconds)
    return max(sum(1 for other in sent[index:] if other - first < window) for index, first in enumerate(sent))


@given(GAPS)
def test_a_teams_conversation_never_gets_more_than_teams_allows(gaps: list[float]) -> None:
    limits = LIMITS[Surface.TEAMS]
    assert limits.short is not None
    assert limits.long is not None
    sent = sent_at([limits.short, limits.long], gaps)
    assert all(most_within(sent, seconds) <= most for seconds, most in TEAMS_WINDOWS)


def test_a_flood_into_one_teams_conversation_keeps_to_the_hour() -> None:
    limits = LIMITS[Surface.TEAMS]
    assert limits.short is not None
    assert limits.long is not None
    sent = sent_at([limits.short, limits.long], [0.0] * 3000)
    assert most_within(sent, 3600) <= 1800
    assert most_within(sent[:600], 3600) >= 500  # and the limit is used


@given(GAPS)
def test_a_teams_tenant_never_gets_more_than_50_a_second(gaps: list[float]) -> None:
    shared = LIMITS[Surface.TEAMS].shared or {}
    (limit,) = {limit for _, limit in shared.values()}
    assert set(shared) == set(DeliveryKind)
    assert most_within(sent_at([limit], [gap / 50 for gap in gaps]), 1) <= 50


@given(GAPS)
def test_slack_gets_50_updates_a_minute_at_most(gaps: list[float]) -> None:
    _, limit = (LIMITS[Surface.SLACK].shared or {})[DeliveryKind.UPDATE]
    assert most_within(sent_at([limit], gaps), 60) <= 50


def test_a_budget_is_spent_in_a_burst_and_fills_up_again() -> None:
    limit = Limit(3, timedelta(seconds=1))
    assert [(at - START).total_seconds() for at in sent_at([limit], [0, 0, 0, 0, 0, 10, 0])] == [0, 0, 0, 1, 2, 10, 10]


@pytest.mark.parametrize("spent", [0, 1, 5])
def test_nothing_goes_before_a_conversation_that_was_held_back_is_free(spent: int) -> None:
    limit = Limit(3, timedelta(seconds=1))
    full_at = None
    for _ in range(spent):
        full_at = limit.spend(full_at, START)
    held = limit.hold_back(full_at, START + timedelta(seconds=30))
    assert limit.free_at(held, START) == START + timedelta(seconds=30)
