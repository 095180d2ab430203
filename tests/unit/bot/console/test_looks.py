"""The console's colours can be read, and all that its pages say exists in both languages."""

from __future__ import annotations

import re

import pytest

from bot.console.pages import HERE, STATIC, Pages
from bot.console.wording import TEXTS

STYLE = (STATIC / "base.css").read_text(encoding="utf-8")
TEXT_PAIRS = (
    *((ink, ground) for ink in ("ink", "muted") for ground in ("bg", "surface", "raised", "sunken", "note")),
    *((ink, ground) for ink in ("accent", "accent-strong") for ground in ("bg", "surface", "sunken", "accent-soft")),
    *((ink, ground) for ink in ("good", "warning", "danger") for ground in ("bg", "surface", "raised", "sunken")),
    *((ink, f"{ink}-soft") for ink in ("good", "warning", "danger")),
    ("ink", "accent-soft"),
    ("ink", "danger-soft"),
    ("warning", "note"),
    ("danger", "note"),
    ("good", "note"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
)
EDGE_PAIRS = (
    *(("line-strong", ground) for ground in ("bg", "surface", "sunken")),
    *(("accent", ground) for ground in ("bg", "surface", "raised", "sunken", "note")),
    ("good", "surface"),
)
LEAST_TEXT, LEAST_EDGE = 4.5, 3.0
"""WCAG 2.2, 1.4.3 (AA) and 1.4.11."""


def colours_in(selector: str) -> dict[str, str]:
    """The colours that a rule sets."""
    rule = STYLE.partition(f"{selector} {{")[2].partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", rule))


LIGHT = colours_in("\n:root")
DARK = colours_in(':root[data-theme="dark"]')


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_it_is_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(colours: dict[str, str]) -> None:
    faint = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for pairs, least in ((TEXT_PAIRS, LEAST_TEXT), (EDGE_PAIRS, LEAST_EDGE))
        for ink, ground in pairs
        if contrast(colours[ink], colours[ground]) < least
    }
    assert not faint


def test_dark_is_the_same_by_the_system_and_by_choice() -> None:
    by_system = colours_in(':root:not([data-theme="light"])')
    assert by_system == DARK
    assert set(DARK) == set(LIGHT)


def test_style_sheets_use_these_colours_and_no_others() -> None:
    for path in sorted(STATIC.glob("*.css")):
        if path.name == "mail.css":
            continue
        rules = re.sub(r":root[^{]*\{[^}]*\}", "", path.read_text(encoding="utf-8"))
        used = set(re.findall(r"var\(--([a-z-]+)\)", rules))
        assert used <= set(LIGHT) | {"shadow", "shadow-high"}, path
        # A mail lies on white paper, and a shade is a shade.
        assert set(re.findall(r"#[0-9a-f]{3,8}\b|\brgb\([^)]*\)", rules)) <= {"#ffffff", "rgb(10 15 25 / 45%)"}, path


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in [*STATIC.iterdir(), *(HERE / "templates").glob("*.html")]:
        source = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(|eval\(|new Function", source), path


def test_all_that_pages_say_is_there_and_nothing_more() -> None:
    sources = [path.read_text(encoding="utf-8") for path in [*(HERE / "templates").glob("*.html"), *HERE.glob("*.py")]]
    said = {name for source in sources for name in re.findall(r"\bsay\(\s*\"([a-z_]+)\"", source)}
    said |= {name for source in sources for name in re.findall(r"\bsay\('([a-z_]+)'", source)}
    quoted = {name for source in sources for name in re.findall(r"\"([a-z_]+)\"", source)}
    assert said - {"mail_"} <= set(TEXTS)
    made_up = {name for name in TEXTS if re.match(r"kind_|mail_|delivery_", name) or name.endswith("_text")}
    assert set(TEXTS) - said - quoted - made_up == set()


def test_every_text_is_told_in_two_languages() -> None:
    for name, words in TEXTS.items():
        assert words.de.strip(), name
        assert words.en.strip(), name
        assert set(re.findall(r"\{(\w+)\}", words.de)) == set(re.findall(r"\{(\w+)\}", words.en)), name


def test_a_files_address_changes_with_its_content() -> None:
    pages = Pages()
    assert {"console.js", "base.css", "icon.svg"} <= set(pages.assets)
    addresses = {pages.address_of(name) for name in pages.assets}
    assert len(addresses) == len(pages.assets)
