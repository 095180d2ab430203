"""What the product says in English (errors, findings on mails) in the reader's language.

`GERMAN` pairs the sentences, with `{name}` where a value stands. A sentence that is not among them stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.views.german import GERMAN, TERMS

_HOLE = re.compile(r"\{(\w+)\}")


def in_language(sentence: str, language: str) -> str:
    """The sentence in `language`."""
    if language != "de":
        return sentence
    for pattern, german in _patterns():
        match = pattern.fullmatch(sentence)
        if match is not None:
            return german.format(**{name: _value(name, value) for name, value in match.groupdict().items()})
    return sentence


def _value(name: str, value: str) -> str:
    """A value that is itself a sentence, or words of ours, in German; others as they are."""
    if name == "detail":
        return in_language(value, "de")
    if name in ("term", "terms"):
        return ", ".join(TERMS.get(each, each) for each in value.split(", "))
    return value


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(english), german) for english, german in GERMAN.items())


def _pattern(english: str) -> re.Pattern[str]:
    """The sentence with its values as groups."""
    parts = _HOLE.split(english)
    # Texts and the names of holes take turns.
    written = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts)]
    return re.compile("".join(written), re.DOTALL)
