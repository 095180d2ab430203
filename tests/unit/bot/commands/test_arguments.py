"""Arguments are read from whatever people write, and from nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.arguments import (
    PRIORITY_WORDS,
    STATUS_WORDS,
    find_duration_seconds,
    find_key,
    find_member,
    find_tags,
    find_ticket,
    spellings,
)


@pytest.mark.parametrize("text", ["#42", "42", "# 42", "Ticket 42", "ticket #42", "Fall 42", "Nr. 42", "42:", "#0042"])
def test_a_ticket_is_named_in_many_ways(text: str) -> None:
    assert find_ticket(text) == "42"


@pytest.mark.parametrize("text", ["", "#", "4 2", "42x", "0", "#0", "-42", "٤٢", "1" * 19, "4711.5", "<42>"])
def test_what_is_no_ticket_number_is_none(text: str) -> None:
    assert find_ticket(text) is None


def test_only_a_number_with_its_mark_is_surely_a_ticket() -> None:
    assert find_ticket("#42", surely=True) == "42"
    assert find_ticket("42", surely=True) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1,5h", 5400),
        ("1.5 h", 5400),
        ("90 min", 5400),
        ("90m", 5400),
        ("1:30", 5400),
        ("1:30 h", 5400),
        ("1h 30m", 5400),
        ("1 Std. 30 Min.", 5400),
        ("2 Stunden", 7200),
        ("0,25h", 900),
        ("7 min", 420),
    ],
)
def test_a_duration_is_written_in_many_ways(text: str, seconds: int) -> None:
    assert find_duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1", "0h", "-1h", "1:75", "1h 2h", "200 h", "1,5", "zwei Stunden", "1h30x"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert find_duration_seconds(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("hoch", "high"), ("HIGH", "high"), ("Kritisch", "critical"), ("p4", "low")]
)
def test_a_priority_is_known_in_both_languages(text: str, value: str) -> None:
    assert find_member(text, PRIORITY_WORDS) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("in Arbeit", "in_progress"),
        ("in progress", "in_progress"),
        ("gelöst", "resolved"),
        ("geloest", "resolved"),
        ("gelost", "resolved"),
        ("wartet", "waiting_customer"),
    ],
)
def test_a_status_is_known_in_both_languages_and_without_umlauts(text: str, value: str) -> None:
    assert find_member(text, STATUS_WORDS) == value


def test_an_unknown_word_is_neither() -> None:
    assert find_member("vielleicht", STATUS_WORDS) is None


def test_tags_get_their_sign() -> None:
    assert find_tags("vpn, +Router -#drucker") == "+vpn +router -drucker"
    assert find_tags("!!!") is None
    assert find_tags("") is None


def test_a_key_is_a_uuid_and_nothing_else() -> None:
    assert find_key("018F0000-0000-7000-8000-000000000001") == "018f0000-0000-7000-8000-000000000001"
    assert find_key("1 OR 1=1") is None


def test_letters_that_were_composed_otherwise_are_the_same() -> None:
    assert spellings("schlie\u00dfen") & spellings("schliessen")
    assert spellings("lo\u0308sen") == spellings("l\u00f6sen")


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing(text: str) -> None:
    for read in (find_ticket, find_tags, find_duration_seconds, find_key):
        assert read(text) is None or read(text)
    find_member(text, STATUS_WORDS)
