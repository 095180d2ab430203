"""Instants, spans and numbers are told as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.views.telling import tell_age, tell_date, tell_distance, tell_moment, tell_number

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "german", "english"),
    [
        (timedelta(seconds=20), "gerade eben", "just now"),
        (timedelta(seconds=-20), "gerade eben", "just now"),
        (timedelta(minutes=5), "vor 5 Min.", "5 min ago"),
        (timedelta(hours=3, minutes=59), "vor 3 Std.", "3 h ago"),
        (timedelta(days=1, hours=5), "vor 1 Tag", "1 day ago"),
        (timedelta(days=12), "vor 12 Tagen", "12 days ago"),
        (timedelta(hours=-2), "in 2 Std.", "in 2 h"),
        (timedelta(days=-3), "in 3 Tagen", "in 3 days"),
    ],
)
def test_a_distance_is_told_in_both_languages(distance: timedelta, german: str, english: str) -> None:
    assert _spaced(tell_distance(NOW - distance, NOW, "de")) == german
    assert _spaced(tell_distance(NOW - distance, NOW, "en")) == english


def test_an_age_stands_alone_in_the_nominative() -> None:
    assert _spaced(tell_age(NOW - timedelta(days=12), NOW, "de")) == "12 Tage"
    assert _spaced(tell_age(NOW, NOW, "de")) == "1 Min."
    assert _spaced(tell_age(NOW - timedelta(days=1500), NOW, "de")) == "1.500 Tage"


def test_a_number_stays_with_its_unit_on_one_line() -> None:
    assert " " not in tell_age(NOW - timedelta(hours=2), NOW, "de")


def test_dates_and_numbers_are_localised() -> None:
    instant = datetime(2026, 3, 5, 7, 4, tzinfo=UTC)
    assert tell_moment(instant, "de") == "05.03.2026, 07:04"
    assert tell_moment(instant, "en") == "5 Mar 2026, 07:04"
    assert tell_date(instant, "en") == "5 Mar 2026"
    assert tell_number(1234567, "de") == "1.234.567"
    assert tell_number(1234567, "en") == "1,234,567"


def _spaced(text: str) -> str:
    return text.replace("\u00a0", " ")
