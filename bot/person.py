"""Who talks, in which language and zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.actor import Actor


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whom the desk knows: a user, or a customer's contact."""

    actor: Actor
    name: str
    language: str
    timezone: str = "Europe/Vienna"

    def local(self, instant: datetime) -> datetime:
        """The instant on the person's clock."""
        return instant.astimezone(ZoneInfo(self.timezone))
