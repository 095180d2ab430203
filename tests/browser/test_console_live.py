"""Open pages stay true by themselves, in all tabs, also after the product was away; and they fit small screens."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.product import Product, running_product
from tests.browser.test_console_morning import SECONDS, is_live, log_in, mark, send, was_not_reloaded
from tests.services.chromium import DESKTOP, SMALLEST, Screen, opened, take_screenshot
from tests.services.folders import open_folder

pytestmark = [pytest.mark.services, pytest.mark.timeout(300), pytest.mark.xdist_group("console")]

ADMIN = "service_manager@demo.example"
PAGES = (
    "/console",
    "/console/tickets?state=all",
    "/console/tickets/1004",
    "/console/quarantine",
    "/console/account",
    "/console/views/queue",
    "/console/nowhere",
)

NAMELESS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, iframe, img')]
  .filter((each) => each.checkVisibility())
  .filter((each) => {
    const named = each.labels?.length || each.ariaLabel || each.title || each.innerText?.trim();
    return each.matches('img') ? each.getAttribute('alt') === null : !named;
  })
  .map((each) => each.outerHTML.slice(0, 120))"""
"""Things to see or press that nobody can name."""

TOO_WIDE = """() => [...document.body.querySelectorAll('*')]
  .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
  .filter((each) => !each.closest('.table-scroll, .quick, .sr, thead'))
  .map((each) => each.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(
    "screen", [SMALLEST, Screen("english", 1024, 768, scheme="dark", language="en")], ids=lambda screen: screen.name
)
async def test_every_page_fits_and_its_controls_have_names(chromium: Browser, product: Product, screen: Screen) -> None:
    async with opened(chromium, screen, origin=product.origin) as (page, complaints):
        complaints.expected.append("404 (Not Found)")
        await page.goto("/console")
        assert await page.evaluate(NAMELESS) == []
        await log_in(page, ADMIN)
        for path in PAGES:
            await page.goto(path)
            if path != "/console/nowhere":
                await is_live(page)
            assert await page.evaluate(NAMELESS) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert await page.evaluate(TOO_WIDE) == [], path
            assert await page.locator("h1").count() == 1, path
            assert await page.locator("main").count() == 1, path
            await take_screenshot(page, f"{screen.name}-{path.strip('/').replace('/', '-').partition('?')[0]}")


async def test_the_first_tab_stop_skips_to_the_content(chromium: Browser, product: Product) -> None:
    async with opened(chromium, DESKTOP, origin=product.origin) as (page, _):
        await log_in(page, ADMIN)
        await page.goto("/console/tickets")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()


async def test_the_list_gains_a_row_by_itself_and_all_tabs_hear_of_it(chromium: Browser, product: Product) -> None:
    async with opened(chromium, DESKTOP, origin=product.origin) as (first, _):
        await log_in(first, ADMIN)
        second = await first.context.new_page()
        for page in (first, second):
            await page.goto("/console/tickets")
            await is_live(page)
            await mark(page)
        await send(product, "Neu in der Liste", "x", "<list-1@hofer-moebel.example>")
        for page in (first, second):
            await expect(row(page, "Neu in der Liste")).to_be_visible(timeout=SECONDS)
            await was_not_reloaded(page)
        # One tab keeps the connection for both; when it is closed the other one takes over.
        await first.close()
        await send(product, "Noch eines", "x", "<list-2@hofer-moebel.example>")
        await expect(row(second, "Noch eines")).to_be_visible(timeout=SECONDS)
        await was_not_reloaded(second)


async def test_leaving_everywhere_leaves_the_other_browser_too(chromium: Browser, product: Product) -> None:
    async with (
        opened(chromium, DESKTOP, origin=product.origin) as (here, _),
        opened(chromium, DESKTOP, origin=product.origin) as (there, complaints),
    ):
        complaints.expected.append("net::ERR")
        await log_in(here, ADMIN)
        await log_in(there, ADMIN)
        await here.goto("/console/account")
        await here.click("text=Überall abmelden")
        await here.wait_for_url("**/console/login*")
        await there.wait_for_url("**/console/login*", timeout=SECONDS)


async def test_the_theme_is_chosen_and_kept(chromium: Browser, product: Product) -> None:
    async with opened(chromium, DESKTOP, origin=product.origin) as (page, _):
        await log_in(page, ADMIN)
        ground = "getComputedStyle(document.body).backgroundColor"
        light = await page.evaluate(ground)
        async with page.expect_response("**/console/theme"):
            await page.click("[name=theme]")
        dark = await page.evaluate(ground)
        assert dark != light
        await page.goto("/console/tickets")
        assert await page.evaluate(ground) == dark


async def test_a_page_comes_back_to_a_product_that_was_away(chromium: Browser) -> None:
    with open_folder() as folder, running_product(folder) as product:
        async with opened(chromium, DESKTOP, origin=product.origin) as (page, complaints):
            complaints.expected += ["net::ERR", "Failed to load resource"]
            await log_in(page, ADMIN)
            await mark(page)
            await asyncio.to_thread(product.service.stop)
            await expect(page.locator("[data-live-state].is-on")).to_have_count(0, timeout=SECONDS)
            await page.fill("[data-line]", "hilfe")
            await page.keyboard.press("Enter")
            again = page.get_by_role("button", name="Noch einmal senden")
            await expect(again).to_be_visible(timeout=SECONDS)
            await asyncio.to_thread(product.service.start)
            await again.click()
            await expect(page.locator("#talk .entry-card")).to_have_count(1, timeout=SECONDS)
            await send(product, "Während ihr weg wart", "x", "<away@hofer-moebel.example>")
            await expect(page.locator("#desk", has_text="Während ihr weg wart")).to_be_visible(timeout=SECONDS)
            await is_live(page)
            await was_not_reloaded(page)


def row(page: Page, title: str) -> Locator:
    return page.locator("#rows tr", has_text=title)
