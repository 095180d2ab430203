from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovingClock:
    """The machine's clock, and what a test has added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead
