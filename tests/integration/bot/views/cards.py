"""The cards that have golden files: each view of the showcase, and cards without a view."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.catalogue import BY_NAME, COMMANDS
from bot.commands.forms import form_card
from bot.commands.helping import help_of
from bot.commands.permitting import typed_commands
from bot.commands.specification import FormStart
from bot.person import Person, customer_person, desk_person
from bot.views.card import Card, Option, View
from bot.views.help import help_card
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
    commands = typed_commands(showcase.technician(language).actor, COMMANDS)
    text = "Ersatzteil ist da." if language == "de" else "The spare part is here."
    conflict = Conflict("A ticket that is closed cannot become resolved; possible: assigned, in_progress.")
    return (
        cards
        | _forms(language)
        | {
            "help": help_card([help_of(each, language) for each in commands], language),
            "help_one": help_card([help_of(BY_NAME["take"], language)], language),
            "error": error_card(conflict, language),
            "error_away": error_card(Unavailable("The database is away."), language),
            "notice": notice_card("#1001", text, language),
        }
    )


def _forms(language: str) -> dict[str, Card]:
    """The forms of what is filled in most."""
    draft = FormStart(values={"text": Option(value="Das Ersatzteil kommt morgen.", label="")})
    wrong = {"text": "Bitte ausfüllen." if language == "de" else "Please fill this in."}
    ticket = {"ticket": "1001"}
    return {
        "form_new": form_card(BY_NAME["new"], {}, FormStart(), language),
        "form_reply": form_card(BY_NAME["reply"], ticket, draft, language),
        "form_note": form_card(BY_NAME["note"], ticket, FormStart(), language, wrong),
        "form_resolve": form_card(BY_NAME["resolve"], ticket, FormStart(), language),
        "form_assign": form_card(BY_NAME["assign"], ticket, FormStart(), language),
        "form_merge": form_card(BY_NAME["merge"], ticket, FormStart(), language),
        "form_status": form_card(BY_NAME["status"], ticket, FormStart(), language),
    }
