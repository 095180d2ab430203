"""The chat: what is typed and pressed has one effect, its answer comes at once, and its card lives on."""

from __future__ import annotations

import asyncio
import re

from sqlalchemy import func, select

from core.chat.model import chat_arrivals, console_entries
from core.chat.rules import ArrivalState
from core.identity.roles import Role
from core.ids import new_uuid
from core.tickets.model import messages, tickets
from core.tickets.rules import MessageKind, TicketStatus
from core.tickets.service import Tickets
from tests.integration.bot.console.desk import Browser, ConsoleDesk
from tests.integration.ingest.imap.desk import eventually

ENTRY = re.compile(r'<li class="entry ([a-z-]+)" id="entry-([0-9a-f-]+)"')


async def entries_of(browser: Browser) -> list[tuple[str, str]]:
    """The kinds and ids of what stands in the conversation."""
    talk = (await browser.get("/console")).text.partition('data-entries="talk"')[2].partition("</ol>")[0]
    return ENTRY.findall(talk)


async def test_a_typed_command_is_answered_with_a_living_card(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker druckt nicht", "Seit heute früh.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    answer = await browser.post("/console/say", {"text": f"nimm #{ref.number}", "key": str(new_uuid())})
    assert answer.status == 200
    assert (answer.json["view"], answer.json["ticket"]) == ("ticket", str(ref.number))
    assert f"#{ref.number} Drucker druckt nicht" in answer.json["html"]
    assert 'data-command="resolve"' in answer.json["html"]
    # The desk is public elsewhere; whoever came by this name stays here.
    assert f'<a href="/console/tickets/{ref.number}">' in answer.json["html"]
    assert (await desk.ticket(ref)).assigned_to == desk.people[Role.TECHNICIAN_L2].id

    async def is_posted() -> bool:
        return [kind for kind, _ in await entries_of(browser)] == ["entry-said", "entry-card"]

    await eventually(is_posted, "the card is posted")
    _, card = (await entries_of(browser))[-1]
    entry = await browser.get(f"/console/entries/{card}")
    assert f'data-tickets="{ref.id}"' in entry.text
    note = "Ich fahre morgen hin."
    await Tickets(desk.database).add_message(desk.actor(Role.SERVICE_MANAGER), ref.id, MessageKind.NOTE, note)
    assert note in (await browser.get(f"/console/entries/{card}")).text


async def test_the_same_form_sent_often_has_one_effect(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    said = {"text": f"notiz #{ref.number} Seriennummer abgelesen", "key": str(new_uuid())}
    answers = await asyncio.gather(*(browser.post("/console/say", said) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    pressed = {"value": desk.button("note", ticket=str(ref.number)), "text": "Zweite Notiz", "key": str(new_uuid())}
    await asyncio.gather(*(browser.post("/console/press", pressed) for _ in range(5)))
    again = await browser.post("/console/press", pressed)
    assert again.status == 200
    async with desk.database.connect() as connection:
        notes = select(func.count()).select_from(messages).where(messages.c.kind == MessageKind.NOTE.value)
        assert (await connection.execute(notes)).scalar_one() == 2
        told = select(func.count()).select_from(console_entries).where(console_entries.c.said.is_not(None))
        assert (await connection.execute(told)).scalar_one() == 1


async def test_a_form_says_at_its_fields_what_is_wrong_and_does_nothing(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    opened = await browser.post(
        "/console/form", {"value": desk.button("prio", opens_form=True, ticket=str(ref.number)), "on": "page"}
    )
    assert opened.status == 200
    assert '<select name="priority"' in opened.json["html"]
    assert 'name="on" value="page"' in opened.json["html"]
    value = desk.button("prio", ticket=str(ref.number))
    refused = await browser.post("/console/press", {"value": value, "priority": "urgentissimo", "key": str(new_uuid())})
    assert refused.status == 422
    assert set(refused.json["problems"]) == {"priority"}
    assert (await desk.ticket(ref)).priority == "medium"
    async with desk.database.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(chat_arrivals))).scalar_one() == 0


async def test_a_reply_is_shown_before_it_goes_out(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    page = await browser.get(f"/console/tickets/{ref.number}")
    assert 'data-write-form="reply"' in page.text
    sent = {"value": desk.button("reply", ticket=str(ref.number)), "text": "Morgen kommt Toner.", "on": "page"}
    shown = await browser.post("/console/press", {**sent, "key": str(new_uuid())})
    assert shown.json["view"] == "reply_preview"
    assert "anna@" in shown.json["html"]
    assert "Morgen kommt Toner." in shown.json["html"]
    draft = re.search(r'value="([^"]+)" data-command="send"', shown.json["html"])
    assert draft is not None
    value = draft[1].replace("&#34;", '"')
    done = await browser.post("/console/press", {"value": value, "key": str(new_uuid()), "on": "page"})
    assert done.json["view"] == "ticket"
    async with desk.database.connect() as connection:
        last = select(messages.c.kind, messages.c.text).where(messages.c.ticket_id == ref.id)
        rows = (await connection.execute(last.order_by(messages.c.id.desc()).limit(1))).one()
    assert tuple(rows) == ("public", "Morgen kommt Toner.")
    # What was done on a page does not stand in the chat.
    async with desk.database.connect() as connection:
        waiting = select(func.count()).select_from(chat_arrivals)
        left = waiting.where(chat_arrivals.c.state != ArrivalState.DONE.value)
        assert (await connection.execute(left)).scalar_one() == 0
    assert await entries_of(browser) == []


async def test_nobody_reads_or_replaces_what_stands_in_anothers_conversation(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    mine, other = await desk.visit(Role.TECHNICIAN_L2), await desk.visit(Role.SERVICE_MANAGER)
    await mine.post("/console/say", {"text": f"zeige #{ref.number}", "key": str(new_uuid())})

    async def is_posted() -> bool:
        return len(await entries_of(mine)) == 2

    await eventually(is_posted, "the card is posted")
    before = await entries_of(mine)
    for _, entry in before:
        assert (await other.get(f"/console/entries/{entry}")).status == 404
    pressed = {"value": desk.button("help"), "message": before[-1][1], "key": str(new_uuid())}
    answer = await other.post("/console/press", pressed)
    assert answer.json["replaces"] == ""

    async def is_posted_to_the_other() -> bool:
        return len(await entries_of(other)) == 1

    await eventually(is_posted_to_the_other, "the help is posted")
    assert await entries_of(mine) == before


async def test_without_the_script_forms_and_buttons_work_as_well(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er druckt nicht.")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    plain = {"X_Console": "0"}
    said = await browser.post("/console/say", {"text": f"nimm #{ref.number}", "key": str(new_uuid())}, **plain)
    assert (said.status, said.headers["Location"]) == (303, "/console")
    back, on_page = f"/console/tickets/{ref.number}", {"on": "page", "key": str(new_uuid())}
    asked = await browser.post(
        "/console/press",
        {"value": desk.button("resolve", opens_form=True, ticket=str(ref.number)), "back": back, **on_page},
        **plain,
    )
    assert asked.status == 200
    assert '<textarea name="text"' in asked.text
    assert f'href="{back}"' in asked.text
    done = await browser.post(
        "/console/press",
        {"value": desk.button("resolve", ticket=str(ref.number)), "text": "Getauscht", "back": "//evil", **on_page},
        **plain,
    )
    assert 'class="button" href="/console"' in done.text
    assert (await desk.ticket(ref)).status == TicketStatus.RESOLVED.value


async def test_older_entries_are_a_press_away(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    for number in range(30):
        await browser.post("/console/say", {"text": f"hilfe {number}", "key": str(new_uuid())})
    page = (await browser.get("/console")).text
    older = re.search(r'href="(/console\?before=[0-9a-f-]+)"', page)
    assert older is not None
    first = await browser.get(older[1])
    assert set(ENTRY.findall(first.text)).isdisjoint(ENTRY.findall(page))


async def test_the_list_filters_sorts_and_pages_within_what_one_may_see(desk: ConsoleDesk) -> None:
    refs = [await desk.open_ticket(desk.own, f"Fall {number:02}", "x") for number in range(32)]
    await desk.open_ticket(desk.foreign, "Fremder Fall", "x")
    browser = await desk.visit(Role.TECHNICIAN_L2)
    await browser.post("/console/say", {"text": f"nimm #{refs[3].number}", "key": str(new_uuid())})

    async def titles(path: str, who: Browser = browser) -> list[str]:
        page = await who.get(path)
        assert page.status == 200
        return re.findall(r'<a href="/console/tickets/\d+">([^<]+)</a></th>', page.text)

    first = await titles("/console/tickets?sort=title&order=asc")
    assert first[:2] == ["Fall 00", "Fall 01"]
    second = await titles("/console/tickets?sort=title&order=asc&page=2")
    assert (len(first), second) == (30, ["Fall 30", "Fall 31", "Fremder Fall"])
    assert await titles("/console/tickets?assignee=me") == ["Fall 03"]
    assert "Fall 03" not in await titles("/console/tickets?assignee=none")
    assert await titles("/console/tickets?q=Fremder") == ["Fremder Fall"]
    assert await titles(f"/console/tickets?customer={desk.foreign}") == ["Fremder Fall"]
    assert await titles("/console/tickets?status=waiting_customer") == []
    for nonsense in ("page=0", "page=x", "page=99999999", "sort=x", "order=x", "status=x", "customer=x", "assignee=x"):
        await titles(f"/console/tickets?{nonsense}")
    customer = await desk.visit(Role.CUSTOMER_ADMIN)
    seen = await titles(f"/console/tickets?customer={desk.foreign}&sort=title&order=asc&page=2", customer)
    assert seen == ["Fall 30", "Fall 31"]
    async with desk.database.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(tickets))).scalar_one() == 33


async def test_the_account_page_gives_a_code_and_speaks_the_chosen_language(desk: ConsoleDesk) -> None:
    browser = await desk.visit(Role.TECHNICIAN_L2)
    page = await browser.post("/console/account/code", {})
    code = re.search(r'<code class="code">([A-Z0-9-]+)</code>', page.text)
    assert code is not None
    changed = await browser.post("/console/account/language", {"language": "en"})
    assert changed.headers["Location"] == "/console/account?told=saved"
    english = await browser.get("/console/account?told=saved")
    assert '<html lang="en"' in english.text
    assert "Linked chat accounts" in english.text
    assert (await browser.post("/console/account/language", {"language": "fr"})).status == 422
    gone = await browser.post("/console/account/unlink", {"surface": "slack", "tenant": "T1", "account": "U1"})
    assert gone.status == 404
    dark = await browser.post("/console/theme", {"theme": "dark"})
    assert dark.cookies["psa_theme"].value == "dark"
    assert 'data-theme="dark"' in (await browser.get("/console/account")).text
