"""Getting into the console, being kept out, and leaving."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from core.identity.model import sessions
from core.identity.roles import Role
from core.identity.service import FAILURES_UNTIL_LOCKED
from tests.integration.bot.console.desk import FORM, ConsoleDesk, open_desk

TECHNICIAN = "technician_l2@desk.example"


async def count_sessions(desk: ConsoleDesk) -> int:
    async with desk.database.connect() as connection:
        statement = select(func.count()).select_from(sessions).where(sessions.c.ended_at.is_(None))
        return int((await connection.execute(statement)).scalar_one())


async def test_who_knows_the_password_gets_a_fresh_session_in_a_guarded_cookie(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    browser.cookies["psa_session"] = "chosen-by-somebody-else"
    entered = await browser.log_in(TECHNICIAN)
    assert (entered.status, entered.headers["Location"]) == (303, "/console")
    cookie = entered.cookies["psa_session"]
    assert cookie.value not in ("", "chosen-by-somebody-else")
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/console", "Lax", True)
    assert not cookie["secure"]
    home = await browser.get("/console")
    assert home.status == 200
    assert "Nina Technician_L2" in home.text


async def test_over_https_the_cookie_is_sent_over_https_only(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path, public_url="https://desk.example") as desk:
        entered = await desk.browser().log_in(TECHNICIAN)
        assert entered.cookies["psa_session"]["secure"]


async def test_whatever_is_wrong_the_page_says_the_same_and_so_it_does_when_locked(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    told = set()
    for email in ("nobody@desk.example", *[TECHNICIAN] * FAILURES_UNTIL_LOCKED):
        refused = await browser.log_in(email, "wrong password")
        assert refused.status == 401
        told.add(refused.text.replace(email, "").partition("<form")[0])
    locked = await browser.log_in(TECHNICIAN)
    assert locked.status == 401
    told.add(locked.text.partition("<form")[0])
    assert len(told) == 1
    assert await count_sessions(desk) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_foreign_page_cannot_log_anybody_in(desk: ConsoleDesk, headers: dict[str, str]) -> None:
    browser = desk.browser()
    await browser.get("/console/login")
    form = urlencode({"email": TECHNICIAN, "password": "x"}).encode()
    refused = await browser.ask("POST", "/console/login", headers={**FORM, **headers}, data=form)
    assert refused.status == 403


async def test_a_log_in_without_the_pages_own_token_is_asked_again(desk: ConsoleDesk) -> None:
    victim, attacker = desk.browser(), desk.browser()
    await victim.get("/console/login")
    refused = await attacker.log_in(TECHNICIAN, csrf="")
    assert refused.status == 403
    assert "psa_session" not in refused.cookies
    own = await attacker.log_in(TECHNICIAN)
    assert own.status == 303


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/console/tickets?state=done&page=2", "/console/tickets?state=done&page=2"),
        ("/console/tickets/1001", "/console/tickets/1001"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/console\\@evil.example", "/console"),
        ("/console/../api", "/console"),
        ("/console@evil.example", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/console/tickets\r\nSet-Cookie: a=b", "/console"),
        ("/api/docs", "/console"),
    ],
)
async def test_after_the_log_in_one_is_led_to_our_own_pages_only(desk: ConsoleDesk, wanted: str, led: str) -> None:
    entered = await desk.browser().log_in(TECHNICIAN, next=wanted)
    assert (entered.status, entered.headers["Location"]) == (303, led)


async def test_who_is_not_logged_in_is_sent_there_and_comes_back(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    sent = await browser.get("/console/tickets?state=done")
    assert sent.status == 303
    assert sent.headers["Location"] == "/console/login?next=%2Fconsole%2Ftickets%3Fstate%3Ddone"
    script = await browser.get("/console/cards?view=my_day", **{"X-Console": "1"})
    assert (script.status, script.json) == (401, {"log_in": "/console/login"})


async def test_logging_out_ends_the_session_and_everywhere_ends_all(desk: ConsoleDesk) -> None:
    first, second = await desk.visit(Role.TECHNICIAN_L2), await desk.visit(Role.TECHNICIAN_L2)
    other = await desk.visit(Role.SERVICE_MANAGER)
    stolen = first.cookies["psa_session"]
    left = await first.post("/console/logout", {})
    assert (left.status, left.headers["Location"]) == (303, "/console/login?left=1")
    assert "psa_session" not in first.cookies
    first.cookies["psa_session"] = stolen
    assert (await first.get("/console")).status == 303
    assert (await second.get("/console")).status == 200
    await second.post("/console/logout/everywhere", {})
    assert (await second.get("/console")).status == 303
    assert (await other.get("/console")).status == 200


async def test_the_log_in_page_speaks_the_browsers_language(desk: ConsoleDesk) -> None:
    browser = desk.browser()
    english = await browser.get("/console/login", **{"Accept-Language": "en-GB,en;q=0.9,de;q=0.5"})
    assert '<html lang="en"' in english.text
    assert "Log in to the service desk" in english.text
    other = await browser.get("/console/login", **{"Accept-Language": "fr"})
    assert "Am Service Desk anmelden" in other.text
