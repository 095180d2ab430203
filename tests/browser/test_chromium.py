"""The browser harness itself: it must notice what it is there to notice."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.services.chromium import SMALLEST, opened


async def test_a_page_without_faults_passes(chromium: Browser) -> None:
    async with opened(chromium, SMALLEST) as (page, _):
        await page.set_content("<meta name=viewport content='width=device-width'><h1>Grüß Gott</h1>")
        assert await page.inner_text("h1") == "Grüß Gott"
        assert await page.evaluate("innerWidth") == SMALLEST.width


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<script>throw new Error('broken')</script>", "broken"),
        ("<script>console.error('refused')</script>", "refused"),
        (
            "<meta http-equiv='Content-Security-Policy' content=\"style-src 'none'\"><p style='color: red'>x",
            "Content Security Policy",
        ),
    ],
)
async def test_what_a_page_complains_about_fails_the_test(chromium: Browser, html: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        async with opened(chromium) as (page, _):
            await page.set_content(html)


async def test_a_request_to_a_foreign_host_fails_the_test(chromium: Browser) -> None:
    with pytest.raises(AssertionError, match=r"foreign request: http://127\.0\.0\.1:9/"):
        async with opened(chromium, origin="http://127.0.0.1:8") as (page, complaints):
            complaints.expected.append("net::ERR")
            await page.set_content("<img src='http://127.0.0.1:9/pixel.png'>")
