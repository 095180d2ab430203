"""One table of argument kinds: how each is read from a line and from a form, and asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.commands.arguments import (
    LONGEST_LINE,
    LONGEST_TEXT,
    PRIORITY_WORDS,
    PURPOSE_WORDS,
    STATUS_WORDS,
    find_key,
    find_member,
    find_tags,
    find_ticket,
)
from bot.views.card import LookupSource
from bot.wording import Words


class ArgumentKind(StrEnum):
    """What an argument holds. Its raw form is text: typed, chosen in a form, or carried by a button."""

    TICKET = "ticket"
    CUSTOMER = "customer"
    USER = "user"
    PRIORITY = "priority"
    STATUS = "status"
    PURPOSE = "purpose"
    TAGS = "tags"
    FLAG = "flag"
    COMMAND = "command"
    CODE = "code"
    NUMBER = "number"
    KEY = "key"
    """The id of something that only buttons name."""
    LINE = "line"
    TEXT = "text"


Read = Callable[[str], str | None]
"""Text to the raw argument; None if it cannot be one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of argument is read. `words` is the most words of a line that it may take; 0: all that is left.

    `is_open`: takes any word, so it is asked last. `wrong` says what it should have been.
    """

    read: Read
    wrong: Words
    words: int = 1
    is_open: bool = False
    lookup: LookupSource | None = None
    is_multiline: bool = False
    longest: int = LONGEST_LINE


def _any(text: str) -> str | None:
    return text.strip() or None


def _number(text: str) -> str | None:
    return str(int(text)) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else None


def _flag(text: str) -> str | None:
    return text if text in ("true", "false") else None


KINDS: Mapping[ArgumentKind, Kind] = {
    ArgumentKind.TICKET: Kind(
        find_ticket,
        Words(
            "„{value}“ ist keine Ticketnummer; schreiben Sie z. B. #1042.",
            "“{value}” is no ticket number; write #1042, for instance.",
        ),
        words=2,
        lookup=LookupSource.TICKETS,
    ),
    ArgumentKind.CUSTOMER: Kind(
        _any, Words("Welcher Kunde?", "Which customer?"), is_open=True, lookup=LookupSource.CUSTOMERS
    ),
    ArgumentKind.USER: Kind(_any, Words("Wer?", "Who?"), is_open=True, lookup=LookupSource.USERS),
    ArgumentKind.PRIORITY: Kind(
        lambda text: find_member(text, PRIORITY_WORDS),
        Words(
            "„{value}“ ist keine Priorität; möglich: niedrig, mittel, hoch, kritisch.",
            "“{value}” is no priority; possible: low, medium, high, critical.",
        ),
    ),
    ArgumentKind.STATUS: Kind(
        lambda text: find_member(text, STATUS_WORDS),
        Words(
            "„{value}“ ist kein Status; möglich: neu, zugewiesen, in Arbeit, wartet, gelöst, geschlossen.",
            "“{value}” is no status; possible: new, assigned, in progress, waiting, resolved, closed.",
        ),
        words=2,
    ),
    ArgumentKind.PURPOSE: Kind(
        lambda text: find_member(text, PURPOSE_WORDS),
        Words(
            "„{value}“ kenne ich nicht; möglich: eingang, manager, kunde, gespräch.",
            "I do not know “{value}”; possible: triage, managers, customer, talk.",
        ),
    ),
    ArgumentKind.TAGS: Kind(
        find_tags,
        Words(
            "„{value}“ sind keine Schlagworte; schreiben Sie z. B. +vpn -drucker.",
            "“{value}” are no tags; write +vpn -printer, for instance.",
        ),
        words=0,
    ),
    ArgumentKind.FLAG: Kind(_flag, Words("Ja oder nein?", "Yes or no?")),
    ArgumentKind.COMMAND: Kind(_any, Words("Welcher Befehl?", "Which command?"), is_open=True),
    ArgumentKind.CODE: Kind(_any, Words("Der Code fehlt.", "The code is missing."), is_open=True),
    ArgumentKind.NUMBER: Kind(_number, Words("„{value}“ ist keine Zahl.", "“{value}” is no number.")),
    ArgumentKind.KEY: Kind(find_key, Words("Damit ist nichts gemeint.", "This means nothing.")),
    ArgumentKind.LINE: Kind(_any, Words("Der Text fehlt.", "The text is missing."), words=0, is_open=True),
    ArgumentKind.TEXT: Kind(
        _any, Words("Der Text fehlt.", "The text is missing."), words=0, is_open=True, is_multiline=True,
        longest=LONGEST_TEXT,
    ),
}  # fmt: skip
