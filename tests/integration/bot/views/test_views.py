"""What views show and offer depends on who looks, and on what is true now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, update

from bot.person import Person, customer_person, desk_person
from bot.views.card import Action, Card, Facts, Link, Row, Table, View
from bot.views.living import VIEWS, Views
from core.actor import SYSTEM, Actor, ActorKind
from core.errors import NotFound, PermissionDenied
from core.identity.roles import Role
from core.ids import CustomerId, UserId
from core.tickets.model import messages, tickets
from tests.integration.bot.views.showcase import NOW, Showcase, showcase_id

TICKET = View(name="ticket", arguments={"ticket": "1001"})


async def test_a_technician_is_offered_what_the_status_allows(showcase: Showcase, views: Views) -> None:
    drawn = await views.draw(TICKET, showcase.technician("de"))
    assert drawn.ticket_id == showcase_id("1001")
    assert drawn.tickets == (showcase_id("1001"),)
    offered = _commands(drawn.card)
    assert {"reply", "note", "wait", "resolve", "assign", "prio", "merge", "close", "receipt", "watch"} <= offered
    assert "take" not in offered, "it is theirs already"
    assert "reopen" not in offered


async def test_a_new_ticket_can_be_taken_first_of_all(views: Views) -> None:
    card = (await views.draw(View(name="ticket", arguments={"ticket": "1003"}), desk_person("en"))).card
    first = card.actions[0]
    assert isinstance(first, Action)
    assert (first.command, first.label) == ("take", "Take")


async def test_a_resolved_ticket_is_reopened_or_closed_but_not_resolved_again(showcase: Showcase, views: Views) -> None:
    card = (await views.draw(View(name="ticket", arguments={"ticket": "1007"}), showcase.technician("de"))).card
    assert {"reopen", "close"} <= _commands(card)
    assert not {"resolve", "wait", "take"} & _commands(card)


async def test_a_merged_ticket_leads_to_the_one_that_lives_on(showcase: Showcase, views: Views) -> None:
    card = (await views.draw(View(name="ticket", arguments={"ticket": "1008"}), showcase.technician("de"))).card
    shown = [each for each in card.actions if isinstance(each, Action) and each.command == "show"]
    assert [each.arguments for each in shown] == [{"ticket": "1001"}]
    assert not {"reply", "resolve", "close"} & _commands(card)


async def test_customers_see_public_messages_and_nothing_of_the_desk(showcase: Showcase, views: Views) -> None:
    card = (await views.draw(TICKET, customer_person(showcase.hofer, "de"))).card
    told = card.model_dump_json()
    for own in ("Stufe", "Seriennummer", "Nina Berger", "mailbox unknown", "#1007", "console"):
        assert own not in told
    assert "Er druckt jetzt wieder" in told
    assert _commands(card) == {"reply"}
    assert not [each for each in card.actions if isinstance(each, Link)]


async def test_customers_see_no_tickets_of_others(views: Views) -> None:
    stranger = customer_person(CustomerId(showcase_id("linde")), "de")
    with pytest.raises(NotFound):
        await views.draw(TICKET, stranger)
    queue = (await views.draw(View(name="queue"), stranger)).card
    assert "Drucker" not in queue.model_dump_json()


async def test_a_billing_manager_may_look_but_not_work(views: Views) -> None:
    actor = Actor(kind=ActorKind.USER, user_id=UserId(showcase_id("maria")), role=Role.BILLING_MANAGER)
    card = (await views.draw(TICKET, Person(actor=actor, name="Maria", language="de"))).card
    assert _commands(card) <= {"watch", "unwatch"}


async def test_what_was_taken_back_is_not_shown(showcase: Showcase, views: Views) -> None:
    async with showcase.database.begin(SYSTEM) as work:
        await work.execute(update(messages).where(messages.c.id == showcase_id("1001-4")).values(deleted_at=NOW))
    card = (await views.draw(TICKET, showcase.technician("de"))).card
    assert "Seriennummer" not in card.model_dump_json()
    assert "(zurückgenommen)" in card.model_dump_json()


async def test_times_are_on_the_persons_clock(showcase: Showcase, views: Views) -> None:
    there = showcase.technician("en")
    person = Person(actor=there.actor, name=there.name, language="en", timezone="America/New_York")
    card = (await views.draw(TICKET, person)).card
    facts = next(each for each in card.elements if isinstance(each, Facts))
    opened = next(each.value for each in facts.facts if each.label == "Opened")
    assert opened.startswith("24 Nov 2026, 05:05 (3")


async def test_the_queue_has_pages_with_the_most_urgent_first(showcase: Showcase, views: Views) -> None:
    first = (await views.draw(View(name="queue"), showcase.technician("de"))).card
    assert _rows(first)[0].cells[0].startswith("#1003")
    last = (await views.draw(View(name="queue", arguments={"page": "2"}), showcase.technician("de"))).card
    assert len(_rows(first)) + len(_rows(last)) == 12
    turns = [each.arguments for each in last.actions if isinstance(each, Action) and each.label == "‹ Zurück"]
    assert turns == [{"page": "1"}]


async def test_pages_that_are_none_are_the_first(showcase: Showcase, views: Views) -> None:
    for page in ("0", "-1", "x", "9" * 30):
        card = (await views.draw(View(name="queue", arguments={"page": page}), showcase.technician("de"))).card
        assert card.note.startswith("1–10")


async def test_search_shows_where_the_words_stand(showcase: Showcase, views: Views) -> None:
    card = (await views.draw(View(name="search", arguments={"words": "Papierstau"}), showcase.technician("de"))).card
    (row,) = _rows(card)
    assert row.cells[0].startswith("#1001")
    assert "Papierstau" in row.cells[-1]


async def test_customers_do_not_find_notes(showcase: Showcase, views: Views) -> None:
    search = View(name="search", arguments={"words": "Seriennummer"})
    assert _rows((await views.draw(search, showcase.technician("de"))).card)
    assert not _rows((await views.draw(search, customer_person(showcase.hofer, "de"))).card)


async def test_only_who_may_release_mails_is_offered_it(showcase: Showcase, views: Views) -> None:
    mail = View(name="mail", arguments={"mail": str(showcase_id("m3"))})
    assert {"accept", "reject"} <= _commands((await views.draw(mail, showcase.manager("de"))).card)
    assert not {"accept", "reject"} & _commands((await views.draw(mail, showcase.technician("de"))).card)


async def test_receipts_and_held_mails_are_not_for_customers(showcase: Showcase, views: Views) -> None:
    for name, arguments in (
        ("receipt", {"ticket": "1001"}),
        ("quarantine", {}),
        ("mail", {"mail": str(showcase_id("m3"))}),
    ):
        with pytest.raises(PermissionDenied):
            await views.draw(View(name=name, arguments=arguments), customer_person(showcase.hofer, "de"))


async def test_a_draft_is_its_authors_alone(showcase: Showcase, views: Views) -> None:
    preview = View(name="reply_preview", arguments={"draft": str(showcase_id("draft"))})
    assert {"send", "reply", "discard"} == _commands((await views.draw(preview, showcase.technician("de"))).card)
    with pytest.raises(NotFound):
        await views.draw(preview, showcase.manager("de"))


async def test_ones_own_views_are_for_persons_only(views: Views) -> None:
    for name in ("mine", "my_day"):
        with pytest.raises(PermissionDenied):
            await views.draw(View(name=name), desk_person("de"))


@pytest.mark.parametrize("name", [*VIEWS, "no_such_view"])
async def test_arguments_that_name_nothing_are_not_found(showcase: Showcase, views: Views, name: str) -> None:
    wrong = {"ticket": "999999", "customer": "x", "mail": "x", "draft": "x", "words": "Einhorn"}
    if name in ("mine", "my_day", "search", "quarantine"):
        return
    with pytest.raises(NotFound):
        await views.draw(View(name=name, arguments=wrong), showcase.technician("de"))


async def test_a_ticket_with_a_hostile_title_is_drawn(showcase: Showcase, views: Views) -> None:
    title = "<script>*{{DATE(x)}}* <!channel> " + "Wort " * 30
    async with showcase.database.begin(SYSTEM) as work:
        await work.execute(update(tickets).where(tickets.c.number == 1001).values(title=title[:200]))
    card = (await views.draw(TICKET, showcase.technician("de"))).card
    assert title[:150] in card.heading


async def test_a_ticket_card_is_read_with_three_queries(showcase: Showcase, views: Views) -> None:
    with _counted(showcase) as statements:
        await views.draw(TICKET, showcase.technician("de"))
    assert len(statements) == 3, "\n".join(statements)


@contextmanager
def _counted(showcase: Showcase) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    engine = showcase.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _commands(card: Card) -> set[str]:
    return {each.command for each in card.actions if isinstance(each, Action)}


def _rows(card: Card) -> tuple[Row, ...]:
    return next((each.rows for each in card.elements if isinstance(each, Table)), ())
