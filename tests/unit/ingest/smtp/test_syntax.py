from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.smtp.syntax import is_helo_name, parse_path


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<a@b.example>", "a@b.example"),
        (" <a@b.example> ", "a@b.example"),
        ("a@b.example", "a@b.example"),
        ("<>", ""),
        ("<@relay.example,@other.example:a@b.example>", "a@b.example"),
        ('<"a b"@c.example>', '"a b"@c.example'),
        ('<"a\\"b"@c.example>', '"a\\"b"@c.example'),
        ("<a+b=c/d!#$%&'*-?^_`{|}~@c.example>", "a+b=c/d!#$%&'*-?^_`{|}~@c.example"),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("<a_b@under_score.example>", "a_b@under_score.example"),
        ("<ä@müller.example>", "ä@müller.example"),
        ("<postmaster>", "postmaster"),
    ],
)
def test_addresses_are_understood(text: str, address: str) -> None:
    path = parse_path(text)
    assert path is not None
    assert path.address == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        "<a@b",
        "a",
        "<a@b@c>",
        "<a b@c>",
        "<a@>",
        "<@b>",
        "<a@b..c>",
        "<a@-.>x",
        "<a\x00@b>",
        "<a\r@b>",
        "<<a@b>>",
        "<a@" + "b" * 400 + ">",
        "<" + "a" * 400 + "@b.example>",
        "<\udcff@b.example>",
        '<"a@b.example>',
        "<a@b.example>x",
    ],
)
def test_malformed_addresses_are_not(text: str) -> None:
    assert parse_path(text) is None


def test_parameters_have_upper_case_names_and_their_own_values() -> None:
    path = parse_path("<a@b.example> size=10 Body=8BitMime SMTPUTF8")
    assert path is not None
    assert path.parameters == {"SIZE": "10", "BODY": "8BitMime", "SMTPUTF8": None}


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    parse_path(text)
    parse_path(f"<{text}>")
    is_helo_name(text)


@pytest.mark.parametrize(
    "text", ["<" + '"' + "\\a" * 30_000, "<@" + "a," * 30_000, " " * 60_000 + "x", "<a@b> " + "x " * 30_000]
)
def test_long_arguments_are_read_in_linear_time(text: str) -> None:
    started = time.perf_counter()
    parse_path(text)
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("name", ["mx.example", "WIN-AB_1", "[192.0.2.1]", "[IPv6:2001:db8::1]", "localhost"])
def test_clients_may_call_themselves_so(name: str) -> None:
    assert is_helo_name(name)


@pytest.mark.parametrize("name", ["", "a b", "<x>", "a\r\nb", "x" * 300, "a;b", "a(b)"])
def test_clients_may_not_call_themselves_so(name: str) -> None:
    assert not is_helo_name(name)
