"""The cards that have golden files: each view of the showcase, and cards without a view."""

from __future__ import annotations

from collections.abc import Mapping

from bot.person import Person, customer_person, desk_person
from bot.views.card import Card, View
from bot.views.help import CommandHelp, help_card
from bot.views.living import Views
from bot.views.notices import error_card, notice_card
from core.errors import Conflict, Unavailable
from tests.integration.bot.views.showcase import Showcase, showcase_id

LANGUAGES = ("de", "en")


def _views(showcase: Showcase, language: str) -> dict[str, tuple[str, dict[str, str], Person]]:
    technician = showcase.technician(language)
    hofer = str(showcase.hofer)
    customer = customer_person(showcase.hofer, language)
    return {
        "ticket": ("ticket", {"ticket": "1001"}, technician),
        "ticket_new": ("ticket", {"ticket": "1003"}, desk_person(language)),
        "ticket_merged": ("ticket", {"ticket": "1008"}, technician),
        "ticket_resolved": ("ticket", {"ticket": "1007"}, technician),
        "ticket_for_customer": ("ticket", {"ticket": "1001"}, customer),
        "queue": ("queue", {}, technician),
        "queue_page_2": ("queue", {"page": "2"}, technician),
        "queue_of_customer": ("queue", {"customer": hofer}, technician),
        "queue_for_customer": ("queue", {}, customer),
        "mine": ("mine", {}, technician),
        "my_day": ("my_day", {}, technician),
        "search": ("search", {"words": "drucker"}, technician),
        "search_nothing": ("search", {"words": "Einhorn"}, technician),
        "receipt": ("receipt", {"ticket": "1001"}, technician),
        "quarantine": ("quarantine", {}, showcase.manager(language)),
        "mail": ("mail", {"mail": str(showcase_id("m3"))}, showcase.manager(language)),
        "mail_parked": ("mail", {"mail": str(showcase_id("m4"))}, showcase.manager(language)),
        "reply_preview": ("reply_preview", {"draft": str(showcase_id("draft"))}, technician),
        "customer": ("customer", {"customer": hofer}, technician),
    }


async def golden_cards(showcase: Showcase, views: Views, language: str) -> Mapping[str, Card]:
    """Each card by its name."""
    cards = {}
    for name, (view, arguments, person) in _views(showcase, language).items():
        cards[name] = (await views.draw(View(name=view, arguments=arguments), person)).card
    text = "Ersatzteil ist da." if language == "de" else "The spare part is here."
    conflict = Conflict("A ticket that is closed cannot become resolved; possible: assigned, in_progress.")
    return cards | {
        "help": help_card(_help(language), language),
        "help_one": help_card(_help(language)[:1], language),
        "error": error_card(conflict, language),
        "error_away": error_card(Unavailable("The database is away."), language),
        "notice": notice_card("#1001", text, language),
    }


def _help(language: str) -> list[CommandHelp]:
    if language == "en":
        return [
            CommandHelp("take", ("claim", "grab"), "take #ticket", "Take a ticket", "take #1042"),
            CommandHelp("reply", ("answer",), "reply #ticket text", "Reply to the customer", "reply #1042 Done."),
        ]
    return [
        CommandHelp("take", ("nimm", "übernehmen"), "take #ticket", "Ein Ticket übernehmen", "nimm #1042"),
        CommandHelp("reply", ("antwort",), "reply #ticket text", "Dem Kunden antworten", "antwort #1042 Erledigt."),
    ]
