"""Passwords and their hashes."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.identity.passwords import DUMMY_HASH, check_password, hash_password, verify_password


def check(password: str) -> None:
    check_password(password, email="anna.maria.gruber@example.com", first_name="Anna-Maria", last_name="Gruber")


def test_only_the_same_password_fits_its_hash() -> None:
    stored = hash_password("Grüße aus Graz!")
    assert stored.startswith("$2b$12$")
    assert verify_password("Grüße aus Graz!", stored)
    assert not verify_password("Grüße aus Graz", stored)


def test_every_character_of_a_long_password_counts() -> None:
    long = "x" * 100
    assert not verify_password(long + "y", hash_password(long + "z"))


def test_the_dummy_hash_costs_as_much_as_a_real_one() -> None:
    assert DUMMY_HASH.startswith("$2b$12$")
    assert not verify_password("", DUMMY_HASH)


@pytest.mark.parametrize(
    "password",
    ["elevenchars", "anna.maria.gruber@example.com", "Anna Maria Gruber", "GruberAnnaMaria", "ANNA-MARIA.GRUBER"],
)
def test_short_passwords_and_ones_own_name_are_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(password)
    assert refused.value.field == "password"


def test_twelve_characters_are_enough() -> None:
    check("twelve chars")
