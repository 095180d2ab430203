"""What keeps others out, in pieces."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.console.account_page import device_of
from bot.console.guarding import CsrfTokens, comes_from_us, own_path
from bot.console.interpreting import interpret, pressed_body, said_body
from bot.console.pages import moment
from bot.console.ticket_page import readable_size
from bot.request import Account, Place, Pressed, Said
from core.chat.rules import ConversationKind, Surface

PUBLIC = "https://desk.example"


def test_a_token_fits_its_own_secret_only() -> None:
    tokens = CsrfTokens(b"k" * 32)
    token = tokens.token_of("secret")
    assert tokens.fits(token, "secret")
    assert not tokens.fits(token, "other")
    assert not tokens.fits(tokens.token_of(""), "")
    assert not tokens.fits("ä", "secret")
    assert not CsrfTokens(b"x" * 32).fits(token, "secret")
    with pytest.raises(ValueError, match="16 bytes"):
        CsrfTokens(b"short")


@pytest.mark.parametrize(
    ("headers", "host", "is_ours"),
    [
        ({}, "desk.example", True),
        ({"Origin": "https://desk.example"}, "desk.example", True),
        ({"Origin": "https://desk.example"}, "10.0.0.7:3000", True),
        ({"Origin": "http://10.0.0.7:3000"}, "10.0.0.7:3000", True),
        ({"Origin": "http://desk.example"}, "10.0.0.7:3000", False),
        ({"Origin": "https://desk.example.evil.example"}, "desk.example", False),
        ({"Origin": "null"}, "desk.example", False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, "desk.example", True),
        ({"Origin": "https://desk.example", "Sec-Fetch-Site": "cross-site"}, "desk.example", False),
        ({"Sec-Fetch-Site": "same-origin"}, "desk.example", True),
        ({"Sec-Fetch-Site": "none"}, "desk.example", False),
    ],
)
def test_browsers_say_which_page_sent_a_form(headers: dict[str, str], host: str, is_ours: bool) -> None:
    assert comes_from_us(headers, host, PUBLIC) is is_ours


@pytest.mark.parametrize("path", ["/console", "/console?before=0", "/console/tickets/42?all=1", "/console/views/queue"])
def test_own_pages_are_led_to(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//x",
        "/consoles",
        "/console/logout",
        "/console/live",
        "/console/tickets\n",
        "/console/tickets?" + "a" * 3000,
    ],
)
def test_other_addresses_lead_to_the_start_page(path: str) -> None:
    assert own_path(path) == "/console"


def test_what_was_stored_is_read_back_as_it_was_asked() -> None:
    account = Account(Surface.CONSOLE, "", "7", "Nina Reiter", "nina@desk.example")
    place = Place(Surface.CONSOLE, "", "7", ConversationKind.PERSONAL, name="Nina Reiter", address={"key": "k"})
    assert interpret(said_body(account, place, "hilfe")) == Said(account, place, "hilfe", None, is_addressed=True)
    pressed = pressed_body(account, place, "mac.[]", {"text": "x"}, "entry")
    assert interpret(pressed) == Pressed(account, place, "mac.[]", {"text": "x"}, "entry")


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (25_400, "25 kB"), (3_200_000_000_000, "3200 GB")]
)
def test_sizes_are_told_as_people_read_them(size: int, told: str) -> None:
    assert readable_size(size) == told


def test_moments_are_told_on_the_readers_clock() -> None:
    now = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    late = moment(now, now, "Europe/Vienna", "de")
    assert (late.short, late.long) == ("23:30", "24.11.2026, 23:30 CET")
    yesterday = moment(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), now, "Europe/Vienna", "en")
    assert yesterday.short == "23 Nov, 09:00"
    # Half past eleven in the evening here is tomorrow in Tokyo.
    assert moment(datetime(2026, 11, 24, 14, 0, tzinfo=UTC), now, "Asia/Tokyo", "de").short == "24.11. 23:00"
    assert moment(datetime(2024, 1, 2, 3, 4, tzinfo=UTC), now, "UTC", "de").short == "02.01.2024"


def test_devices_are_named_as_far_as_they_tell() -> None:
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36"
    assert device_of(chrome) == "Chrome, Linux"
    assert device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1") == "Safari, iPhone"
    assert device_of("curl/8") == ""
    assert device_of(None) == ""
