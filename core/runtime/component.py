"""A component: something that runs as long as its process does."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Component(Protocol):
    """Runs until `stop` is set, then finishes what it has begun and returns. An error it raises stops the process."""

    @property
    def name(self) -> str: ...

    async def run(self, stop: asyncio.Event) -> None: ...
