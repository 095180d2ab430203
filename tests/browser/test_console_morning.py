"""A technician's morning in the console: a mail comes in, is taken, answered, answered back, and the matter is done."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.product import CUSTOMER, PASSWORD, Product, number_in
from tests.services.chromium import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Screen, opened, take_screenshot

pytestmark = [pytest.mark.services, pytest.mark.timeout(300), pytest.mark.xdist_group("console")]

TECHNICIAN = "technician_l2@demo.example"
SECONDS = 20_000.0
"""How long the browser waits for what comes by itself, in milliseconds: it is there within one on an idle machine."""


async def log_in(page: Page, email: str = TECHNICIAN) -> None:
    await page.goto("/console")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console")
    await is_live(page)


async def is_live(page: Page) -> None:
    await expect(page.locator("[data-live-state].is-on")).to_be_attached(timeout=SECONDS)


async def mark(page: Page) -> None:
    """Something that a reload would wipe out."""
    await page.evaluate("window.wasNotReloaded = true")


async def was_not_reloaded(page: Page) -> None:
    assert await page.evaluate("window.wasNotReloaded === true")


async def send(product: Product, subject: str, text: str, message_id: str, **more: str) -> None:
    await asyncio.to_thread(product.send, subject, text, message_id, **more)


def entry(page: Page, place: str, text: str) -> Locator:
    return page.locator(f"#{place} > li", has_text=text).last


@pytest.mark.parametrize("screen", [DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK], ids=lambda screen: screen.name)
async def test_a_mail_is_worked_from_its_arrival_to_its_end(
    chromium: Browser, product: Product, screen: Screen
) -> None:
    subject = f"Drucker im Lager ({screen.name})"
    async with opened(chromium, screen, origin=product.origin) as (page, _):

        async def shoot(name: str, *, whole: bool = False) -> None:
            await take_screenshot(page, f"{screen.name}-{name}", whole=whole)

        await log_in(page)
        await shoot("1-start")

        await mark(page)
        first_id = f"<{screen.name}-1@hofer-moebel.example>"
        await send(product, subject, "Der Drucker im Lager zieht kein Papier ein.", first_id)
        if screen.is_phone:
            await expect(page.locator("[data-count]")).to_be_visible(timeout=SECONDS)
            await page.tap("[data-tab=desk]")
        arrived = entry(page, "desk", subject)
        await expect(arrived).to_be_visible(timeout=SECONDS)
        await was_not_reloaded(page)
        await shoot("2-arrived")

        await arrived.locator("button[data-command=take]").click()
        taken = entry(page, "talk", subject)
        await expect(taken.get_by_text("Daniel Wolf", exact=True)).to_be_visible(timeout=SECONDS)
        await expect(arrived.locator("button[data-command=take]")).to_have_count(0, timeout=SECONDS)
        await was_not_reloaded(page)
        await shoot("3-taken")

        number = number_in(await taken.locator(".card-heading").inner_text())
        await taken.locator(".card-heading a").click()
        await page.wait_for_url(f"**/console/tickets/{number}")
        await is_live(page)
        await mark(page)

        await page.click("[data-write=note]")
        await page.fill("[data-write-form=note] textarea", "Einzugsrolle vermutlich verschlissen, Ersatzteil im Auto.")
        await page.click("[data-write-form=note] button")
        note = page.locator(".message-note", has_text="Einzugsrolle")
        await expect(note).to_be_visible(timeout=SECONDS)
        await expect(note.locator(".message-kind")).to_have_text("interne Notiz")

        await page.click("[data-write=reply]")
        said = f"Wir kommen heute um 14 Uhr vorbei ({screen.name})."
        await page.fill("[data-write-form=reply] textarea", f"Grüß Gott,\n\n{said}")
        await page.click("[data-write-form=reply] button")
        dialog = page.locator("dialog[open]")
        await expect(dialog).to_contain_text(CUSTOMER)
        await expect(dialog).to_contain_text(said)
        await shoot("4-preview")
        await dialog.locator("button[data-command=send]").first.click()
        await expect(dialog).to_have_count(0)
        reply = page.locator(".from-desk.message-public", has_text=said)
        await expect(reply).to_be_visible(timeout=SECONDS)
        await expect(page.locator("[data-write-form=reply] textarea")).to_have_value("")

        mail = await asyncio.to_thread(product.wait_for_mail, said)
        assert mail["To"] == CUSTOMER
        assert "Einzugsrolle" not in mail.as_string()
        answer = "14 Uhr passt, ich bin im Büro."
        await send(
            product,
            f"AW: {mail['Subject']}",
            answer,
            f"<{screen.name}-2@hofer-moebel.example>",
            to=str(mail["Reply-To"] or mail["From"]),
            in_reply_to=str(mail["Message-ID"]),
        )
        answered = page.locator(".from-customer.message-public", has_text=answer)
        await expect(answered).to_be_visible(timeout=SECONDS)
        await was_not_reloaded(page)
        await shoot("5-answered", whole=True)

        await page.locator("#card button[data-command=resolve]").click()
        await dialog.locator("textarea").fill("Einzugsrolle getauscht, Probedruck in Ordnung.")
        await shoot("6-resolving")
        await dialog.locator("button[data-command=resolve]").click()
        await expect(page.locator("#card")).to_contain_text("Gelöst", timeout=SECONDS)
        await was_not_reloaded(page)

        await page.goto("/console/tickets?state=done")
        row = page.locator(f"#ticket-{number}")
        await expect(row).to_contain_text("Gelöst")
        await shoot("7-list")


async def test_the_essentials_work_by_keyboard_alone(chromium: Browser, product: Product) -> None:
    subject = "Maus ist kaputt"
    screen = Screen("keyboard", 1360, 860, language="en", is_still=True)
    async with opened(chromium, screen, origin=product.origin) as (page, _):
        keys = page.keyboard
        await log_in(page, "technician_l3@demo.example")
        await send(product, subject, "Alles nur noch mit der Tastatur.", "<keyboard@hofer-moebel.example>")
        await expect(entry(page, "desk", subject)).to_be_visible(timeout=SECONDS)
        number = number_in(await entry(page, "desk", subject).locator(".card-heading").inner_text())

        # The line has the focus; its suggestions are chosen with Tab, and Enter sends.
        await keys.type("nim")
        await expect(page.locator("#suggestions [role=option]")).to_have_count(1)
        await keys.press("Tab")
        await keys.type(f"#{number}")
        await keys.press("Enter")
        taken = entry(page, "talk", subject)
        await expect(taken.get_by_text("Nina Reiter", exact=True)).to_be_visible(timeout=SECONDS)
        await keys.press("ArrowUp")
        await expect(page.locator("[data-line]")).to_have_value(f"nimm #{number}")
        await keys.press("Escape")

        await keys.press("?")
        await expect(page.locator("[data-help-dialog]")).to_be_visible()
        await take_screenshot(page, "keyboard-help")
        await keys.press("Escape")
        await expect(page.locator("[data-help-dialog]")).to_be_hidden()

        await keys.press("g")
        await keys.press("t")
        await page.wait_for_url("**/console/tickets")
        await keys.press("/")
        await expect(page.locator("[data-slash]")).to_be_focused()
        await keys.type("Maus")
        await keys.press("Enter")
        await page.wait_for_url("**/console/tickets?q=Maus")
        await keys.press("j")
        await expect(page.locator(f"#ticket-{number}")).to_be_focused()
        await take_screenshot(page, "keyboard-list")
        await keys.press("Enter")
        await page.wait_for_url(f"**/console/tickets/{number}")
        await is_live(page)

        await keys.press("n")
        await expect(page.locator("[data-write-form=note] textarea")).to_be_focused()
        await keys.type("Ersatzmaus liegt bereit.")
        await keys.press("Tab")
        await keys.press("Enter")
        await expect(page.locator(".message-note", has_text="Ersatzmaus")).to_be_visible(timeout=SECONDS)

        resolve = page.locator("#card button[data-command=resolve]")
        await resolve.focus()
        await keys.press("Enter")
        dialog = page.locator("dialog[open]")
        await expect(dialog.locator("textarea")).to_be_focused()
        await keys.press("Escape")
        await expect(resolve).to_be_focused()
        await keys.press("Enter")
        await expect(dialog.locator("textarea")).to_be_focused()
        await keys.type("Getauscht.")
        await dialog.locator("button[data-command=resolve]").press("Enter")
        await expect(page.locator("#card")).to_contain_text(re.compile("Gelöst|Resolved"), timeout=SECONDS)
