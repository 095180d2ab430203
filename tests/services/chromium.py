"""Debian's Chromium, driven by Playwright. What a page complains about, or asks of foreign hosts, fails the test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from tests.services.service import find_or_install

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENSHOTS = "PSA_SCREENSHOTS"
"""The environment variable with the folder that screenshots are written to; without it there are none."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a person looks at: `width` and `height` in CSS pixels."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    language: Literal["de", "en"] = "de"
    is_phone: bool = False
    is_still: bool = False
    """The person asked for reduced motion."""


DESKTOP = Screen("desktop", 1360, 860)
DESKTOP_DARK = Screen("desktop-dark", 1360, 860, scheme="dark")
PHONE = Screen("phone", 390, 844, is_phone=True)
PHONE_DARK = Screen("phone-dark", 390, 844, scheme="dark", is_phone=True)
SMALLEST = Screen("smallest", 320, 640, is_phone=True)


@dataclass(slots=True)
class Complaints:
    """What pages said went wrong: script errors, refusals of the content security policy, requests to foreign hosts.

    `expected` are parts of console messages that a test brings about on purpose.
    """

    said: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext, origin: str | None) -> None:
        context.on("console", lambda message: self._console(message))
        context.on("weberror", lambda error: self.said.append(f"error: {error.error}"))
        if origin is not None:
            context.on("request", lambda request: self._request(request, origin))

    def check(self) -> None:
        """Fail with everything that was said and not expected."""
        bad = [each for each in self.said if not any(part in each for part in self.expected)]
        assert not bad, "\n".join(bad)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request, origin: str) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != origin:
            self.said.append(f"foreign request: {request.url}")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser of this test alone, without a window."""
    binary = find_or_install("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(binary), args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser, screen: Screen = DESKTOP, *, origin: str | None = None, zone: str = "Europe/Vienna"
) -> AsyncIterator[tuple[Page, Complaints]]:
    """A page with cookies of its own. At the end nothing may have gone wrong; only `origin` may have been asked."""
    context = await browser.new_context(
        base_url=origin,
        viewport={"width": screen.width, "height": screen.height},
        color_scheme=screen.scheme,
        locale="de-AT" if screen.language == "de" else "en-GB",
        timezone_id=zone,
        is_mobile=screen.is_phone,
        has_touch=screen.is_phone,
        reduced_motion="reduce" if screen.is_still else "no-preference",
    )
    complaints = Complaints()
    complaints.watch(context, origin)
    try:
        yield await context.new_page(), complaints
    finally:
        await context.close()
    complaints.check()


async def take_screenshot(page: Page, name: str, *, whole: bool = False) -> None:
    """Write what is seen (`whole`: all of the page) as `<name>.png`, if `PSA_SCREENSHOTS` names a folder."""
    folder = os.environ.get(SCREENSHOTS)
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)
