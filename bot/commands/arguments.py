"""Reading arguments: forgiving with how people write, strict with what comes of it. Pure.

Raw arguments are text in one form only, whoever gave them: a ticket is its digits, a priority or status its value, tags
are words with a sign, a flag is `true`, a duration seconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from core.chat.rules import ConversationPurpose
from core.tickets.rules import TicketPriority, TicketStatus

_E = TypeVar("_E", bound=StrEnum)

LONGEST_NUMBER = 18
LONGEST_LINE = 200
LONGEST_TEXT = 20_000
LONGEST_DURATION_SECONDS = 100 * 3600

_TICKET = re.compile(rf"(?:ticket|fall|nr\.?)?\s*#?\s*([0-9]{{1,{LONGEST_NUMBER}}})[:,.]?", re.IGNORECASE)
_SURE_TICKET = re.compile(rf"#\s*([0-9]{{1,{LONGEST_NUMBER}}})[:,.]?")
_TAG = re.compile(r"[+-]?#?[\w][\w./-]{0,49}")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?:\s*(?:h|std|stunden?|hours?))?")
_PARTS = re.compile(
    r"(?:(\d{1,4}(?:[.,]\d{1,4})?)\s*(?:h|std\.?|stunden?|hrs?|hours?))?\s*"
    r"(?:(\d{1,4}(?:[.,]\d{1,4})?)\s*(?:m|min\.?|minuten?|minutes?))?"
)

PRIORITY_WORDS: Mapping[TicketPriority, str] = {
    TicketPriority.LOW: "low niedrig gering p4",
    TicketPriority.MEDIUM: "medium mittel normal p3",
    TicketPriority.HIGH: "high hoch dringend urgent p2",
    TicketPriority.CRITICAL: "critical kritisch notfall p1",
}
STATUS_WORDS: Mapping[TicketStatus, str] = {
    TicketStatus.NEW: "new neu",
    TicketStatus.ASSIGNED: "assigned zugewiesen",
    TicketStatus.IN_PROGRESS: "in_progress in-progress progress in-arbeit arbeit working",
    TicketStatus.WAITING_CUSTOMER: "waiting_customer waiting wartet wartend warten wait kunde customer",
    TicketStatus.RESOLVED: "resolved gelöst erledigt solved done",
    TicketStatus.CLOSED: "closed geschlossen zu",
}
PURPOSE_WORDS: Mapping[ConversationPurpose, str] = {
    ConversationPurpose.TALK: "talk gespräch normal",
    ConversationPurpose.TRIAGE: "triage eingang inbox tickets",
    ConversationPurpose.MANAGERS: "managers manager leitung",
    ConversationPurpose.CUSTOMER: "customer kunde",
}


def fold(word: str) -> str:
    """A word as it is compared: lower case, umlauts written out, no other accents."""
    lowered = word.casefold()
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        lowered = lowered.replace(letter, written).replace(unicodedata.normalize("NFD", letter), written)
    return "".join(each for each in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(each))


def spellings(word: str) -> frozenset[str]:
    """How people write a word without its umlauts: `schließen` is also `schliessen`, `lösen` `loesen` and `losen`."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(each))
    return frozenset({fold(word), bare})


def find_ticket(text: str, *, surely: bool = False) -> str | None:
    """The digits of `#42`, `42`, `Ticket 42`; with `surely` only of `#42`."""
    match = (_SURE_TICKET if surely else _TICKET).fullmatch(text.strip())
    return str(int(match.group(1))) if match and int(match.group(1)) else None


def find_member(text: str, words: Mapping[_E, str]) -> str | None:
    """The value of the member that people call so."""
    wanted = spellings(text.strip().replace(" ", "-"))
    for member, names in words.items():
        if any(wanted & spellings(name) for name in names.split()):
            return member.value
    return None


def find_tags(text: str) -> str | None:
    """Tags as `+name` and `-name`, spaces between; None if there is none, or one that is no tag."""
    words = text.replace(",", " ").split()
    if not words or not all(_TAG.fullmatch(word) for word in words):
        return None
    return " ".join(("-" if word.startswith("-") else "+") + word.lstrip("+-#").lower() for word in words)


def find_duration_seconds(text: str) -> int | None:
    """The seconds of `1,5h`, `1.5 h`, `90 min`, `1:30`, `1h 30m`, `2 Std.`; None for anything else, or too much."""
    written = text.strip().casefold()
    if clock := _CLOCK.fullmatch(written):
        seconds = Decimal(int(clock.group(1)) * 3600 + int(clock.group(2)) * 60)
    else:
        parts = _PARTS.fullmatch(written)
        if parts is None or not any(parts.groups()):
            return None
        hours, minutes = (Decimal((part or "0").replace(",", ".")) for part in parts.groups())
        seconds = hours * 3600 + minutes * 60
    return int(seconds) if 0 < seconds <= LONGEST_DURATION_SECONDS else None


def find_key(text: str) -> str | None:
    """An id as it is written by buttons and lookups."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None
