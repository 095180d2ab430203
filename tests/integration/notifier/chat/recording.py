"""A channel that keeps what it is given, and fails as a test wants it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.channel import ChannelError, Destination, PersonalConversation
from bot.views.card import Card
from core.chat.rules import Surface


@dataclass(frozen=True, slots=True)
class Shown:
    """What reached the surface: `external_id` is of the message that it became, or that it changed."""

    how: str
    destination: Destination
    external_id: str | None
    card: Card | None
    at: datetime

    @property
    def heading(self) -> str:
        return self.card.heading if self.card else ""


@dataclass(slots=True)
class RecordingChannel:
    """Message ids count up. `errors` by conversation are raised in turn instead; `before` is awaited first."""

    surface: Surface = Surface.SLACK
    shown: list[Shown] = field(default_factory=list)
    tried: list[Destination] = field(default_factory=list)
    errors: dict[str, deque[ChannelError]] = field(default_factory=dict)
    before: Callable[[Destination], Awaitable[None]] | None = None
    after: Callable[[Destination], Awaitable[None]] | None = None
    personal: dict[str, str] = field(default_factory=dict)
    gives_ids: bool = True

    async def post(self, destination: Destination, card: Card) -> str | None:
        external_id = f"m{sum(1 for each in self.shown if each.how == 'post') + 1}" if self.gives_ids else None
        return await self._show("post", destination, external_id, card)

    async def update(self, destination: Destination, external_id: str, card: Card) -> None:
        await self._show("update", destination, external_id, card)

    async def delete(self, destination: Destination, external_id: str) -> None:
        await self._show("delete", destination, external_id, None)

    async def open_personal(self, tenant: str, account: str) -> PersonalConversation:
        await asyncio.sleep(0)
        self._fail(account)
        return PersonalConversation(self.personal[account], {"opened": account})

    def posts(self, conversation: str | None = None) -> list[Shown]:
        return [
            each for each in self.shown if each.how == "post" and conversation in (None, each.destination.conversation)
        ]

    def updates(self) -> list[Shown]:
        return [each for each in self.shown if each.how == "update"]

    async def _show(self, how: str, destination: Destination, external_id: str | None, card: Card | None) -> str | None:
        self.tried.append(destination)
        if self.before is not None:
            await self.before(destination)
        self._fail(destination.conversation)
        self.shown.append(Shown(how, destination, external_id, card, datetime.now(UTC)))
        if self.after is not None:
            await self.after(destination)
        return external_id

    def _fail(self, conversation: str) -> None:
        waiting = self.errors.get(conversation)
        if waiting:
            raise waiting.popleft()
