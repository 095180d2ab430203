"""How fast a surface may be written to. Pure.

Sources: learn.microsoft.com "Optimize your bot with rate limiting in Teams" (a bot and conversation: 7 in 1 s, 8 in
2 s, 60 in 30 s, 1,800 in 3,600 s; an app and tenant: 50 a second); docs.slack.dev "Rate limits" (one message a second
and channel with short bursts; `chat.update` is tier 3: 50 a minute and workspace).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.chat.rules import DeliveryKind, Surface


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once and one more each `interval`: in any W never more than `burst` + W / `interval`.

    The generic cell rate algorithm: all there is to remember is `full_at`, when the budget would be full again.
    """

    burst: int
    interval: timedelta

    @property
    def credit(self) -> timedelta:
        """How far ahead of now the budget may be spent."""
        return self.interval * (self.burst - 1)

    def free_at(self, full_at: datetime | None, now: datetime) -> datetime:
        """The first instant from `now` on at which one more may go."""
        return now if full_at is None else max(now, full_at - self.credit)

    def spend(self, full_at: datetime | None, at: datetime) -> datetime:
        """When the budget is full again if one more goes at `at`."""
        return (at if full_at is None else max(full_at, at)) + self.interval

    def hold_back(self, full_at: datetime | None, until: datetime) -> datetime:
        """The budget such that nothing goes before `until`."""
        held = until + self.credit
        return held if full_at is None else max(full_at, held)


@dataclass(frozen=True, slots=True)
class SurfaceLimits:
    """Of one conversation `short` and `long` both hold; `shared` are by kind what a tenant's conversations share."""

    short: Limit | None = None
    long: Limit | None = None
    shared: Mapping[DeliveryKind, tuple[str, Limit]] | None = None


_TEAMS_TENANT = ("all", Limit(10, timedelta(milliseconds=25)))

LIMITS: Mapping[Surface, SurfaceLimits] = {
    Surface.TEAMS: SurfaceLimits(
        short=Limit(4, timedelta(milliseconds=540)),
        long=Limit(450, timedelta(seconds=8 / 3)),
        shared=dict.fromkeys(DeliveryKind, _TEAMS_TENANT),
    ),
    Surface.SLACK: SurfaceLimits(
        short=Limit(4, timedelta(seconds=1)),
        shared={DeliveryKind.UPDATE: ("update", Limit(10, timedelta(seconds=1.5)))},
    ),
    Surface.CONSOLE: SurfaceLimits(),
}
