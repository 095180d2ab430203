"""The message extension, links and inputs that look things up."""

from __future__ import annotations

from typing import Any

from tests.integration.core.tickets.desk import Desk
from tests.scenario.teams.surface import CHANNEL, PUBLIC_URL, Member, TeamsSurface, card_of, inputs_of, text_of
from tests.scenario.teams.tickets import numbers, said_on

MESSAGE = {
    "id": "1699",
    "body": {"contentType": "html", "content": "<p>Der Drucker<br>druckt nicht</p>"},
    "from": {"user": {"displayName": "Eva Kollegin"}},
}


async def called_on_message(surface: TeamsSurface, who: Member, command: str) -> dict[str, Any]:
    value = {"commandId": command, "commandContext": "message", "messagePayload": MESSAGE}
    return await surface.invoke(who, "composeExtension/fetchTask", value, channel=CHANNEL, thread="1699")


async def submitted(surface: TeamsSurface, who: Member, dialog: dict[str, Any], **inputs: str) -> dict[str, Any]:
    card = card_of(dialog)
    values = {each["id"]: each["value"] for each in inputs_of(card) if "value" in each} | inputs
    value = {"commandId": "create", "commandContext": "message", "data": card["actions"][0]["data"] | values}
    return await surface.invoke(who, "composeExtension/submitAction", value, channel=CHANNEL, thread="1699")


async def test_a_message_becomes_a_ticket(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    dialog = await called_on_message(surface, toni, "create")
    (entered,) = [each for each in inputs_of(card_of(dialog)) if each["id"] == "text"]
    assert entered["value"] == "Eva Kollegin: Der Drucker\ndruckt nicht"
    result = await submitted(surface, toni, dialog, customer=str(desk.hofer), title="Drucker")
    (number,) = await numbers(desk.database)
    assert f"#{number} Drucker" in text_of(card_of(result))
    shown = await surface.answer()
    assert (shown.conversation, shown.thread) == (CHANNEL, "1699")


async def test_a_message_is_added_to_a_ticket(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    dialog = await called_on_message(surface, toni, "add")
    assert {each["id"] for each in inputs_of(card_of(dialog))} == {"ticket", "text"}
    again = await submitted(surface, toni, dialog)
    assert "Bitte ausfüllen." in text_of(card_of(again))
    await submitted(surface, toni, again, ticket=str(ticket.number))
    assert ("note", "Eva Kollegin: Der Drucker\ndruckt nicht") in await said_on(desk.database, ticket.number)


async def test_a_message_extension_that_we_do_not_have_says_so(surface: TeamsSurface, toni: Member) -> None:
    answered = await called_on_message(surface, toni, "delete-everything")
    assert answered == {"task": {"type": "message", "value": "Das kenne ich nicht."}}


async def test_tickets_are_found_by_words_and_by_number(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    printer, mail = await desk.open("Drucker druckt nicht"), await desk.open("Outlook startet nicht")

    async def found(words: str) -> list[str]:
        value = {"commandId": "find", "parameters": [{"name": "find", "value": words}]}
        answered = await surface.invoke(toni, "composeExtension/query", value)
        return [each["preview"]["content"]["title"] for each in answered["composeExtension"]["attachments"]]

    assert await found("drucker") == [f"#{printer.number} Drucker druckt nicht"]
    assert await found(f"#{mail.number}") == [f"#{mail.number} Outlook startet nicht"]
    assert await found("gibt es nicht") == []


async def test_the_search_shows_open_tickets_before_anything_is_typed(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    await desk.open("Drucker druckt nicht")
    value = {"commandId": "find", "parameters": [{"name": "initialRun", "value": "true"}]}
    answered = await surface.invoke(toni, "composeExtension/query", value)
    (attachment,) = answered["composeExtension"]["attachments"]
    assert surface.fake.card_problem(attachment["content"]) is None


async def test_a_link_to_a_ticket_becomes_its_card_for_who_may_see_it(
    surface: TeamsSurface, desk: Desk, toni: Member, stranger: Member
) -> None:
    ticket = await desk.open("Drucker druckt nicht")

    async def unfurled(who: Member, url: str) -> list[str]:
        answered = await surface.invoke(who, "composeExtension/queryLink", {"url": url}, channel=CHANNEL)
        return [text_of(each["content"]) for each in answered["composeExtension"]["attachments"]]

    url = f"{PUBLIC_URL}/console/tickets/{ticket.number}"
    (card,) = await unfurled(toni, url)
    assert "Drucker druckt nicht" in card
    assert await unfurled(stranger, url) == []
    assert await unfurled(toni, f"https://evil.example/console/tickets/{ticket.number}") == []


async def test_an_input_finds_customers_as_one_types(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    value = {"kind": "search", "queryText": "tisch", "queryOptions": {"skip": 0, "top": 15}, "dataset": "customers"}
    answered = await surface.invoke(toni, "application/search", value)
    assert answered["type"] == "application/vnd.microsoft.search.searchResponse"
    assert answered["value"]["results"] == [{"title": "Tischlerei Hofer", "value": str(desk.hofer)}]
    assert (await surface.invoke(toni, "application/search", value | {"dataset": "x"}))["value"]["results"] == []
