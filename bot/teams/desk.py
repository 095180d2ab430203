"""What this surface needs of the desk beside arrivals: what is shown without any effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.buttons import ButtonValue
from bot.request import Account, Place
from bot.views.card import Card, LookupSource, Option
from bot.views.living import Drawn


class Desk(Protocol):
    """As `bot.desk.ChatDesk` does it."""

    async def form(
        self, account: Account, place: Place, pressed: ButtonValue, prefilled: Mapping[str, str] | None = None
    ) -> Card: ...

    async def find_problems(
        self, account: Account, pressed: ButtonValue, inputs: Mapping[str, str]
    ) -> dict[str, str]: ...

    async def find_options(self, account: Account, source: LookupSource, typed: str) -> list[Option]: ...

    async def search_tickets(self, account: Account, words: str, limit: int = 10) -> list[Drawn]: ...

    async def draw_link(self, account: Account, url: str, place: Place | None = None) -> Card | None: ...
