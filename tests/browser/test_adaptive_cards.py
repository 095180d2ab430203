"""Every golden Adaptive Card is drawn by Microsoft's own library in a real browser, without complaint and whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page

from bot.render.adaptive import adaptive_card
from tests.services.chromium import Screen, opened, take_screenshot
from tests.services.npm import npm_packages
from tests.unit.bot.render.test_injection import BUTTONS, HOSTILE, hostile_card

__all__ = ["npm_packages"]

GOLDEN = Path(__file__).parents[1] / "golden" / "cards"
CARDS = sorted(GOLDEN.glob("*.adaptive.json")) + sorted(GOLDEN.glob("*.dialog.json"))
HOST = json.loads((Path(__file__).parents[1] / "services" / "npm" / "teams_like.json").read_text(encoding="utf-8"))
SCRIPT = Path(__file__).with_name("drawing_cards.js")
STYLE = "body { margin: 12px; background: #f5f5f5 } main { background: #fff; border-radius: 4px; max-width: 640px }"

OWN_WORDS = {"Ja", "Yes"}

LOOKUPS = (
    'Property "choices.data" is supported in version 1.6, but you are using version 1.5.',
    "An Input.ChoiceSet must have at least one choice defined.",
)
"""Teams asks for choices as one types in cards of 1.5 and older, too, and then there are none to begin with."""

IMAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'

CHAT = Screen("chat", 664, 900)

pytestmark = pytest.mark.services


@asynccontextmanager
async def _canvas(chromium: Browser, packages: Path) -> AsyncIterator[Page]:
    """A page that can draw cards."""
    library = packages / "adaptivecards" / "dist"
    async with opened(chromium, CHAT) as (page, _):
        await page.set_content("<!doctype html><meta charset=utf-8><title>Cards</title>")
        await page.add_style_tag(path=library / "adaptivecards.css")
        await page.add_style_tag(content=STYLE)
        await page.add_script_tag(path=library / "adaptivecards.min.js")
        await page.add_script_tag(path=SCRIPT)
        yield page


async def test_every_golden_card_is_drawn_without_complaint_and_whole(chromium: Browser, npm_packages: Path) -> None:
    assert CARDS
    async with _canvas(chromium, npm_packages) as page:
        for path in CARDS:
            card = json.loads(path.read_text(encoding="utf-8"))
            said = await page.evaluate("([card, host]) => drawCard(card, host)", [card, HOST])
            assert set(said["markdown"]) <= OWN_WORDS, path.name
            assert [each for each in said["events"] if each not in LOOKUPS] == [], path.name
            await take_screenshot(page, path.name.removesuffix(".json"), whole=True)
            await _check_heading(page, card, path.name)
            await _check_buttons(page, card, path.name)


async def test_what_customers_write_is_drawn_as_text(chromium: Browser, npm_packages: Path) -> None:
    async with _canvas(chromium, npm_packages) as page:
        await page.route(
            "https://desk.example/**", lambda route: route.fulfill(content_type="image/svg+xml", body=IMAGE)
        )
        for text in HOSTILE:
            card = adaptive_card(hostile_card(text), BUTTONS, "de")
            said = await page.evaluate("([card, host]) => drawCard(card, host)", [card, HOST])
            assert set(said["markdown"]) <= OWN_WORDS, text
            assert (
                await page.locator("[href*=evil], [src*=evil], main script, main svg, main strong, main em").count()
                == 0
            )
            shown = await page.locator("main").inner_text()
            assert "24.11.2026" not in shown
            assert "11/24/2026" not in shown


async def _check_heading(page: Page, card: dict[str, Any], name: str) -> None:
    heading = card["body"][0]["items"][0]["inlines"][0]["text"]
    assert await page.get_by_text(heading, exact=True).first.is_visible(), name


async def _check_buttons(page: Page, card: dict[str, Any], name: str) -> None:
    """Those of the first row are to be seen; the others behind the dots, once these are pressed."""
    actions = card.get("actions", [])
    for action in actions:
        if action.get("mode") != "secondary":
            role: Literal["link", "button"] = "link" if action["type"] == "Action.OpenUrl" else "button"
            assert await page.get_by_role(role, name=action["title"], exact=True).first.is_visible(), name
    rest = [action["title"] for action in actions if action.get("mode") == "secondary"]
    if rest:
        await page.get_by_role("button", name="More options").click()
        for title in rest:
            assert await page.get_by_role("menuitem", name=title, exact=True).is_visible(), f"{name}: {title}"
        await page.keyboard.press("Escape")
