"""What carries cards to a surface. Each surface has one channel; fakes of the far end speak HTTP, not this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from bot.views.card import Card
from core.chat.rules import ConversationKind, Surface


class ChannelError(Exception):
    """The surface did not take it; `str(error)` is its answer."""


class Throttled(ChannelError):
    """Too fast: try again after `retry_after_seconds`."""

    def __init__(self, answer: str, retry_after_seconds: float) -> None:
        super().__init__(answer)
        self.retry_after_seconds = retry_after_seconds


class TryLater(ChannelError):
    """The surface is away or busy; `is_uncertain`: it may have taken it all the same."""

    def __init__(self, answer: str, *, is_uncertain: bool = False) -> None:
        super().__init__(answer)
        self.is_uncertain = is_uncertain


class Refused(ChannelError):
    """It will never take this one."""


class MessageGone(ChannelError):
    """The message to redraw is not there any more."""


class ConversationGone(ChannelError):
    """The desk may not write there any more: it was removed, blocked, or the conversation was deleted."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to write. `recipient` is the account that alone may see it; `delivery_id` is the same at each attempt."""

    tenant: str
    conversation: str
    kind: ConversationKind
    language: str
    thread: str | None = None
    recipient: str | None = None
    reference: Mapping[str, object] = field(default_factory=dict)
    address: Mapping[str, object] = field(default_factory=dict)
    delivery_id: UUID | None = None
    is_repeated: bool = False
    """An earlier attempt ended uncertain: look whether it arrived before sending it again, where that can be seen."""


@dataclass(frozen=True, slots=True)
class PersonalConversation:
    """A conversation with one account alone, and what is needed to write there."""

    conversation: str
    reference: Mapping[str, object]


class Channel(Protocol):
    """All raise a ChannelError of the kind that says what to do about it."""

    @property
    def surface(self) -> Surface: ...

    async def post(self, destination: Destination, card: Card) -> str | None:
        """Show a card; returns the surface's id of the message, None for one that can never be redrawn."""
        ...

    async def update(self, destination: Destination, external_id: str, card: Card) -> None:
        """Redraw a message in place, silently."""
        ...

    async def delete(self, destination: Destination, external_id: str) -> None:
        """Take a message away."""
        ...

    async def open_personal(self, tenant: str, account: str) -> PersonalConversation:
        """The conversation with this account alone, begun if need be."""
        ...
