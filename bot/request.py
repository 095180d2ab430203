"""What people do in chat, whatever they do it with. Surfaces turn their payloads into these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.chat.rules import ConversationKind, Surface


@dataclass(frozen=True, slots=True)
class Account:
    """A person on a surface. `account` and `tenant` are as in `core.chat.model.chat_accounts`.

    `address` is set only where the surface vouches for it: a member (no guest) of the organisation's own directory.
    """

    surface: Surface
    tenant: str
    account: str
    display_name: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened. `thread` is the thread's root message, if it is in one.

    `reference` is what the surface needs to write there later by itself; `address` is for the answer only.
    """

    surface: Surface
    tenant: str
    conversation: str
    kind: ConversationKind
    thread: str | None = None
    name: str = ""
    reference: Mapping[str, object] = field(default_factory=dict)
    address: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A text. `is_addressed`: to the desk (a mention, a personal chat, a slash command), so it is a command."""

    account: Account
    place: Place
    text: str
    message: str | None
    is_addressed: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button on a card, or a form that was sent. `value` is as the button was drawn (`bot.buttons`)."""

    account: Account
    place: Place
    value: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A message was changed where it was said; `text` None: it was deleted."""

    account: Account | None
    place: Place
    message: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Reacted:
    """An emoji by its name without colons, on a message whose text may be known."""

    account: Account
    place: Place
    message: str
    emoji: str
    text: str = ""


class ShortcutKind(StrEnum):
    CREATE = "create"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Joined:
    """The desk was added to a conversation, or removed from it."""

    account: Account | None
    place: Place
    is_there: bool


Request = Said | Pressed | Edited | Reacted | Joined
