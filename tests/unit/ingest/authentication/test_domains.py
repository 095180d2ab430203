from __future__ import annotations

import pytest

from ingest.authentication.domains import PublicSuffixes, find_ascii_domain


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("x.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.c.kawasaki.jp", "b.c.kawasaki.jp"),
        ("anna.github.io", "anna.github.io"),
        ("one.unknown-top-level", "one.unknown-top-level"),
        ("deep.one.unknown-top-level", "one.unknown-top-level"),
        ("a.xn--55qx5d.cn", "a.xn--55qx5d.cn"),
        ("localhost", "localhost"),
    ],
)
def test_the_organisational_domain_is_one_label_below_the_public_suffix(
    suffixes: PublicSuffixes, domain: str, organisation: str
) -> None:
    assert suffixes.get_organisational_domain(domain) == organisation


def test_two_customers_of_one_hoster_are_not_aligned(suffixes: PublicSuffixes) -> None:
    assert not suffixes.is_aligned("evil.github.io", "good.github.io")
    assert suffixes.is_aligned("mail.good.github.io", "good.github.io")


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "x" * 64 + ".de", "a b.de", "[192.0.2.1]", "ü" * 70 + ".de", "a." * 200]
)
def test_what_is_no_domain_name_is_none(text: str) -> None:
    assert find_ascii_domain(text) is None


def test_names_are_lower_case_ascii_without_the_final_dot() -> None:
    assert find_ascii_domain("Müller.Example.") == "xn--mller-kva.example"
