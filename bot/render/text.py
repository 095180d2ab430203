"""Text as it may be shown: what nobody can see or what turns reading around is taken out, and it is cut to length.

Lengths are in UTF-16 code units, the most that any of our platforms counts a text as.
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
# Controls, bidirectional marks and overrides (Unicode UAX #9), invisible tags, byte order marks, halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SPACES = re.compile("[ \t\n]+")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_JOINER = "\u200d"


def clean(text: str) -> str:
    """The text without control, invisible and bidirectional characters; line ends are newlines."""
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """The clean text with each run of white space as one space; spaces that hold words together stay."""
    return _SPACES.sub(" ", clean(text)).strip()


def length(text: str) -> int:
    """How long the text is, in UTF-16 code units."""
    return len(text) + len(_ASTRAL.findall(text))


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` units; where something is cut away, an ellipsis stands for it."""
    if length(text) <= limit:
        return text
    if limit < 1:
        return ""
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    while kept and (_continues(text[len(kept)]) or kept[-1] == _JOINER):
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def _continues(character: str) -> bool:
    """It belongs to the character before it: an accent, a variation, a joiner."""
    return character == _JOINER or unicodedata.category(character) in ("Mn", "Me", "Mc")
