"""Short cards: what went wrong, what was done."""

from __future__ import annotations

from bot.views.card import Card, Text, Tone
from bot.views.translating import in_language
from bot.wording import Words
from core.errors import (
    AlreadyDone,
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    PsaError,
    Unavailable,
)

_HEADINGS: tuple[tuple[type[PsaError], Words, Tone], ...] = (
    (AlreadyDone, Words(de="Schon erledigt", en="Done already"), Tone.NORMAL),
    (InvalidInput, Words(de="Das stimmt noch nicht", en="Not quite right yet"), Tone.WARNING),
    (NotFound, Words(de="Nicht gefunden", en="Not found"), Tone.WARNING),
    (PermissionDenied, Words(de="Das dürfen Sie nicht", en="You may not do that"), Tone.DANGER),
    (NotAuthenticated, Words(de="Wer sind Sie?", en="Who are you?"), Tone.DANGER),
    (LimitExceeded, Words(de="Zu viel auf einmal", en="Too much at once"), Tone.WARNING),
    (Unavailable, Words(de="Gerade nicht möglich", en="Not possible right now"), Tone.DANGER),
    (Conflict, Words(de="Das geht so nicht", en="That does not work"), Tone.WARNING),
)
_OTHER = Words(de="Das hat nicht geklappt", en="That did not work")


def error_card(error: PsaError, language: str) -> Card:
    """What went wrong, and what to do about it where that is known."""
    heading, tone = next(
        ((words, tone) for kind, words, tone in _HEADINGS if isinstance(error, kind)), (_OTHER, Tone.DANGER)
    )
    text = " ".join(in_language(each, language) for each in (str(error), error.hint) if each)
    return notice_card(heading.in_(language), text, language, tone)


def notice_card(heading: str, text: str, language: str, tone: Tone = Tone.NORMAL) -> Card:
    """A heading and a text, both in `language` already."""
    summary = f"{heading}: {text}" if text else heading
    return Card(heading=heading, summary=summary, tone=tone, elements=(Text(text=text),) if text else ())
