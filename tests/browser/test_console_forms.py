"""Forms, lookups, questions, and mails as their sender formatted them."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, expect

from tests.browser.product import CUSTOMER, DESK, Product, number_in
from tests.browser.test_console_morning import SECONDS, is_live, log_in
from tests.services.chromium import DESKTOP, PHONE, opened, take_screenshot

pytestmark = [pytest.mark.services, pytest.mark.timeout(300), pytest.mark.xdist_group("console")]

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000 01f15c4890000000d49444154789c6360f8cfc0f01f0005"
    "0001ff5ea4bd8b0000000049454e44ae426082".replace(" ", "")
)
HOSTILE = """<html><body>
<h1>Angebot</h1><p style="color:red">Mit <b>Bild</b>: <img src="cid:bild@hofer"></p>
<img src="http://127.0.0.1:9/pixel.png"><script>document.title = 'hacked'; parent.location = '/console/nowhere'</script>
<form action="http://127.0.0.1:9/"><input name="kennwort"></form><a href="https://hofer-moebel.example/">Seite</a>
</body></html>"""


async def test_a_ticket_is_assigned_through_a_lookup(chromium: Browser, product: Product) -> None:
    async with opened(chromium, DESKTOP, origin=product.origin) as (page, _):
        await log_in(page)
        await page.goto("/console/tickets/1006")
        await page.click("#card .card-more > summary")
        await page.click("#card button[data-command=assign]")
        dialog = page.locator("dialog[open]")
        field = dialog.locator("[role=combobox]")
        await expect(field).to_be_focused()

        await field.fill("Niemand dieses Namens")
        await dialog.locator("button[data-command=assign]").click()
        await expect(dialog.locator(".field-error")).to_contain_text("Niemand dieses Namens", timeout=SECONDS)
        await take_screenshot(page, "forms-refused")

        await field.fill("")
        await field.press_sequentially("Nina")
        await expect(dialog.get_by_role("option", name="Nina Reiter")).to_be_visible(timeout=SECONDS)
        await take_screenshot(page, "forms-lookup")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(field).to_have_value("Nina Reiter")
        await dialog.locator("button[data-command=assign]").click()
        await expect(page.locator("#card")).to_contain_text("Nina Reiter", timeout=SECONDS)


async def test_a_new_ticket_leads_to_its_page(chromium: Browser, product: Product) -> None:
    async with opened(chromium, PHONE, origin=product.origin) as (page, _):
        await log_in(page)
        await page.goto("/console/tickets")
        await page.click("button[data-command=new]")
        dialog = page.locator("dialog[open]")
        await dialog.locator("[role=combobox]").press_sequentially("Linde")
        await dialog.get_by_role("option", name="Gasthof zur Linde").click()
        await dialog.locator("[name=title]").fill("Kassa geht nicht auf")
        await dialog.locator("[name=text]").fill("Seit dem Stromausfall.")
        await take_screenshot(page, "forms-new-phone")
        await dialog.locator("button[data-command=new]").click()
        await page.wait_for_url("**/console/tickets/*")
        await expect(page.locator("h1")).to_have_text("Kassa geht nicht auf")
        await expect(page.locator("#facts")).to_contain_text("Gasthof zur Linde")


async def test_a_formatted_mail_is_shown_in_a_frame_that_can_do_nothing(chromium: Browser, product: Product) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = CUSTOMER, DESK, "Angebot mit Bild"
    mail["Message-ID"] = "<html-1@hofer-moebel.example>"
    mail.set_content("Siehe Angebot.")
    mail.add_alternative(HOSTILE, subtype="html")
    parts = mail.get_payload()
    assert isinstance(parts, list)
    html = parts[1]
    assert isinstance(html, EmailMessage)
    html.add_related(PICTURE, "image", "png", cid="<bild@hofer>", filename="bild.png")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="seite.html")

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", product.smtp_port) as server:
            server.send_message(mail)

    async with opened(chromium, DESKTOP, origin=product.origin) as (page, _):
        await log_in(page)
        await asyncio.to_thread(deliver)
        arrived = page.locator("#desk > li", has_text="Angebot mit Bild")
        await expect(arrived).to_be_visible(timeout=SECONDS)
        number = number_in(await arrived.locator(".card-heading").inner_text())
        await page.goto(f"/console/tickets/{number}")
        await is_live(page)
        await page.click(".fold-html > summary")
        frame = page.frame_locator(".fold-html iframe")
        await expect(frame.locator("h1")).to_have_text("Angebot")
        sources = await frame.locator("img").evaluate_all("all => all.map((each) => each.getAttribute('src') ?? '')")
        assert any(each.startswith("data:image/png;base64,") for each in sources)
        assert await frame.locator("script, form, input").count() == 0
        await take_screenshot(page, "forms-mail")
        async with page.expect_download() as downloading:
            await page.click("text=seite.html")
        assert (await downloading.value).suggested_filename == "seite.html"
        await page.click("text=Was mit den Mails geschah")
        await expect(page.locator(".ticket-side [data-card]")).to_contain_text("Angebot mit Bild", timeout=SECONDS)
        assert "hacked" not in await page.title()
