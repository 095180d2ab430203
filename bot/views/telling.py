"""Instants, spans and numbers as people say them, each on one line. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.wording import Words

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_JUST_NOW = Words(de="gerade eben", en="just now")
_AGO = Words(de="vor {span}", en="{span} ago")
_IN = Words(de="in {span}", en="in {span}")
_MINUTES = Words(de="{count}\u00a0Min.", en="{count}\u00a0min")
_HOURS = Words(de="{count}\u00a0Std.", en="{count}\u00a0h")
# German has two forms: "vor 3 Tagen", and an age of "3 Tage".
_DAYS = Words(de="{count}\u00a0Tagen", en="{count}\u00a0days")
_DAYS_ALONE = Words(de="{count}\u00a0Tage", en="{count}\u00a0days")
_ONE_DAY = Words(de="1\u00a0Tag", en="1\u00a0day")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def tell_distance(instant: datetime, now: datetime, language: str) -> str:
    """How far off an instant is: `vor 3 Std.`, `in 5 min`, `gerade eben`."""
    distance = now - instant
    if abs(distance) < MINUTE:
        return _JUST_NOW.in_(language)
    words = _AGO if distance > timedelta(0) else _IN
    return words.in_(language, span=_span(abs(distance), _DAYS, language))


def tell_age(since: datetime, now: datetime, language: str) -> str:
    """How old something is: `3 Std.`, `2 Tage`."""
    return _span(max(now - since, MINUTE), _DAYS_ALONE, language)


def tell_date(local: datetime, language: str) -> str:
    """The date of an instant on the person's clock: `24.11.2026`, `24 Nov 2026`."""
    if language == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{local.day:02}.{local.month:02}.{local.year}"


def tell_moment(local: datetime, language: str) -> str:
    """Date and time of an instant on the person's clock: `24.11.2026, 14:05`."""
    return f"{tell_date(local, language)}, {local.hour:02}:{local.minute:02}"


def tell_number(number: int, language: str) -> str:
    """`1.234`, `1,234`."""
    told = f"{number:,}"
    return told if language == "en" else told.replace(",", ".")


def _span(span: timedelta, days: Words, language: str) -> str:
    if span < HOUR:
        return _MINUTES.in_(language, count=span // MINUTE)
    if span < DAY:
        return _HOURS.in_(language, count=span // HOUR)
    count = span // DAY
    return _ONE_DAY.in_(language) if count == 1 else days.in_(language, count=tell_number(count, language))
