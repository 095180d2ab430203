"""Who hears of what in chat. Pure.

Posted cards that show a ticket are redrawn at each of its events; this is about what is said on top of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from core.chat.rules import ConversationKind, ConversationPurpose
from core.tickets.rules import MessageKind


class Happening(StrEnum):
    """What a person should see without looking. QUIET: nothing of it; the redrawn card is enough."""

    OPENED = "opened"
    SAID_TO_CUSTOMER = "said_to_customer"
    SAID_BY_CUSTOMER = "said_by_customer"
    NOTED = "noted"
    MAILBOX = "mailbox"
    QUIET = "quiet"


class Reaction(StrEnum):
    """CARD: the ticket's own card, the root of its thread. THREAD: a post in the thread of the card that is there."""

    CARD = "card"
    THREAD = "thread"
    NOTICE = "notice"
    NOTHING = "nothing"


_H, _P, _R = Happening, ConversationPurpose, Reaction
REACTIONS: Mapping[tuple[Happening, ConversationPurpose], Reaction] = {
    (_H.OPENED, _P.TRIAGE): _R.CARD,
    (_H.SAID_TO_CUSTOMER, _P.TRIAGE): _R.THREAD,
    (_H.SAID_TO_CUSTOMER, _P.TALK): _R.THREAD,
    (_H.SAID_TO_CUSTOMER, _P.MANAGERS): _R.THREAD,
    (_H.SAID_TO_CUSTOMER, _P.CUSTOMER): _R.THREAD,
    (_H.SAID_BY_CUSTOMER, _P.TRIAGE): _R.THREAD,
    (_H.SAID_BY_CUSTOMER, _P.TALK): _R.THREAD,
    (_H.SAID_BY_CUSTOMER, _P.MANAGERS): _R.THREAD,
    (_H.SAID_BY_CUSTOMER, _P.CUSTOMER): _R.THREAD,
    (_H.NOTED, _P.TRIAGE): _R.THREAD,
    (_H.NOTED, _P.TALK): _R.THREAD,
    (_H.NOTED, _P.MANAGERS): _R.THREAD,
    (_H.MAILBOX, _P.MANAGERS): _R.NOTICE,
}
"""What stands in a conversation of a purpose when something happens; nothing where it is not in the table."""

THREADED = frozenset({ConversationKind.CHANNEL, ConversationKind.GROUP})
"""Where people talk of tickets in threads; a personal conversation gets notices of its own instead."""


def reaction_to(happening: Happening, purpose: ConversationPurpose, kind: ConversationKind) -> Reaction:
    """What a happening makes of a conversation. Notes never reach a conversation that is shared with a customer."""
    reaction = REACTIONS.get((happening, purpose), Reaction.NOTHING)
    return Reaction.NOTHING if reaction is Reaction.THREAD and kind not in THREADED else reaction


def happening_of(kind: MessageKind, *, is_inbound: bool, is_automatic: bool) -> Happening:
    """What a message on a ticket is. What machines write needs nobody's eyes."""
    if is_automatic or kind is MessageKind.SYSTEM:
        return Happening.QUIET
    if kind is MessageKind.NOTE:
        return Happening.NOTED
    return Happening.SAID_BY_CUSTOMER if is_inbound else Happening.SAID_TO_CUSTOMER


def is_told_of_assignment(new: UUID | None, by: UUID | None) -> bool:
    """Who takes a ticket knows it; who was given one by somebody else is told."""
    return new is not None and new != by
