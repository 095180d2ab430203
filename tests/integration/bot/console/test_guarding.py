"""What keeps forged, oversized and nonsensical requests out, and what every answer says to browsers."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlencode

import pytest

from core.identity.roles import Role
from tests.integration.bot.console.desk import FORM, ConsoleDesk

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ACTIONS = (
    "/console/say",
    "/console/press",
    "/console/form",
    "/console/theme",
    "/console/logout",
    "/console/logout/everywhere",
    "/console/account/code",
    "/console/account/unlink",
    "/console/account/language",
)
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
)
PAGES = (
    "/console",
    "/console/tickets",
    "/console/quarantine",
    "/console/account",
    "/console/views/my_day",
    "/console/cards?view=my_day",
)


async def test_every_action_needs_the_sessions_own_token(desk: ConsoleDesk) -> None:
    mine, other = await desk.visit(Role.TECHNICIAN_L2), await desk.visit(Role.SERVICE_MANAGER)
    for path, token in product(ACTIONS, ("", "0" * 64, other.csrf, mine.csrf + "0", "ä")):
        form = urlencode({"csrf": token, "language": "en", "theme": "dark"}).encode()
        refused = await mine.ask("POST", path, headers={**FORM, "Sec-Fetch-Site": "same-origin"}, data=form)
        assert refused.status == 403, (path, token)
    assert (await mine.get("/console/account")).status == 200
    assert '<html lang="de"' in (await mine.get("/console/account")).text


async def test_every_action_is_refused_to_foreign_pages(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    form = urlencode({"csrf": browser.csrf}).encode()
    for path, headers in product(ACTIONS, FOREIGN):
        refused = await browser.ask("POST", path, headers={**FORM, **headers}, data=form)
        assert refused.status == 403, (path, headers)


async def test_nothing_is_done_or_shown_without_a_session(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    for path in (*ACTIONS, *PAGES, "/console/live", "/console/options?source=users"):
        answer = await (browser.post(path, {}) if path in ACTIONS else browser.get(path))
        assert answer.status == (401 if path in ACTIONS else 303), path
        assert "Nina" not in answer.text


async def test_every_page_is_strict_about_what_may_run(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.SYSTEM_ADMIN)
    for path in (*PAGES, "/console/login", "/console/nowhere", "/console/tickets/999999"):
        page = await (desk.browser() if path == "/console/login" else browser).get(path)
        assert page.headers["Content-Security-Policy"] == POLICY, path
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["Cache-Control"] == "no-store"
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert "https://" not in page.text


async def test_a_page_that_is_not_there_is_a_page_of_ours_and_the_apis_stay_json(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    for path in ("/console/nowhere", "/console/tickets/abc", "/console/tickets/99999999999999999999", "/console/%00"):
        page = await browser.get(path)
        assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "Nicht gefunden" in page.text
    wrong = await browser.ask("DELETE", "/console/tickets")
    assert wrong.status == 404
    api = await browser.get("/api/v1/nowhere")
    assert (api.status, api.headers["Content-Type"]) == (404, "application/json")


async def test_more_than_a_person_types_is_refused(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    key = "0190a0a0-0000-7000-8000-000000000001"
    long = await browser.post("/console/say", {"text": "x" * 20_001, "key": key})
    assert (long.status, "20000" in long.json["text"] or "20.000" in long.json["text"]) == (422, True)
    huge = await browser.post("/console/say", {"text": "ä" * 100_000, "key": key})
    assert huge.status == 413
    many = urlencode([(f"field{number}", "x") for number in range(500)]).encode()
    headers = {**FORM, "X-CSRF-Token": browser.csrf, "Sec-Fetch-Site": "same-origin"}
    assert (await browser.ask("POST", "/console/press", headers=headers, data=many)).status == 400


@pytest.mark.parametrize(
    "body", [b"text=%ff%fe", b"text=\xff", b"text=a%00b&key=0190a0a0-0000-7000-8000-000000000001", b"%00=1"]
)
async def test_a_form_that_is_no_text_is_refused(desk: ConsoleDesk, body: bytes) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    headers = {**FORM, "X-CSRF-Token": browser.csrf, "Sec-Fetch-Site": "same-origin"}
    assert (await browser.ask("POST", "/console/say", headers=headers, data=body)).status == 400


async def test_only_forms_are_read(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    headers = {"X-CSRF-Token": browser.csrf, "Content-Type": "application/json"}
    assert (await browser.ask("POST", "/console/say", headers=headers, data=b"{}")).status == 415


@pytest.mark.parametrize("value", ["", "x", "x.y", "AAAA.[]", '.["take",{"ticket":"1"},false]'])
async def test_a_button_that_was_never_drawn_does_nothing(desk: ConsoleDesk, value: str) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    key = "0190a0a0-0000-7000-8000-000000000001"
    for tampered in (value, desk.button("take", ticket=str(ref.number))[:-2] + "}]"):
        for path in ("/console/press", "/console/form"):
            refused = await browser.post(path, {"value": tampered, "key": key})
            assert refused.status == 422
    assert (await desk.ticket(ref)).assigned_to is None


async def test_files_are_kept_by_browsers_as_long_as_they_stay_the_same(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    page = await browser.get("/console/login")
    address = page.text.partition('stylesheet" href="')[2].partition('"')[0]
    file = await browser.get(address)
    assert (file.status, file.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in file.headers["Cache-Control"]
    plain = await browser.get(address.partition("?")[0])
    assert plain.headers["Cache-Control"] == "no-cache"
    again = await browser.get(address.partition("?")[0], **{"If-None-Match": plain.headers["ETag"]})
    assert again.status == 304
    assert (await browser.get("/console/static/../pages.py")).status == 404
