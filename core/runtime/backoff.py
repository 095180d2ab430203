"""Waiting longer after each failure, but never longer than it takes to be told to stop."""

from __future__ import annotations

import asyncio


class Backoff:
    """Pauses that double from `least_seconds` to `most_seconds`, until `reset`."""

    def __init__(self, *, least_seconds: float = 0.2, most_seconds: float = 15.0) -> None:
        self._least = least_seconds
        self._most = most_seconds
        self._next = least_seconds

    def reset(self) -> None:
        """What was away is back."""
        self._next = self._least

    async def pause(self, stop: asyncio.Event) -> None:
        """Wait for the next pause's length, or until `stop` is set."""
        seconds, self._next = self._next, min(self._next * 2, self._most)
        await stopped_within(stop, seconds)


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait until `stop` is set, for at most `seconds`; says whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True
