"""The app package that is uploaded to Teams: a manifest in two languages and two icons, as a ZIP file.

The schema: https://developer.microsoft.com/json-schemas/teams/v1.30/MicrosoftTeams.schema.json
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

from bot.commands.specification import Command
from bot.request import ShortcutKind
from bot.teams.extension import FIND
from bot.wording import LANGUAGES, Words
from core.errors import Misconfigured
from core.settings import Settings

SCHEMA_VERSION: Final = "1.30"
_SCHEMAS = f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA_VERSION}/"
ACCENT_COLOR = "#12455A"

MENU: Final = ("mine", "queue", "today", "new", "show", "search", "take", "resolve", "reply", "help")
"""The commands that the menu above the text box offers. Ten, for older clients show no more."""

TITLE_CHARACTERS: Final = 32
SHORT_NAME_CHARACTERS: Final = 30

_SCOPES = ["personal", "team", "groupChat"]
_FIXED_DATE = (2026, 1, 1, 0, 0, 0)
"""The same settings make the same file."""

_SHORT = Words("Tickets in Teams: annehmen, beantworten, lösen", "Tickets in Teams: take, answer, resolve")
_FULL = Words(
    "Techniker arbeiten ihre Tickets, ohne Teams zu verlassen: Karten, die sich selbst aktuell halten, Befehle auf "
    "Deutsch und Englisch, Tickets aus Nachrichten, Suche und Vorschau von Links.",
    "Technicians work their tickets without leaving Teams: cards that keep themselves current, commands in German and "
    "English, tickets from messages, search, and previews of links.",
)
_CREATE = Words("Ticket eröffnen", "Create ticket")
_CREATE_TOLD = Words("Aus dieser Nachricht ein Ticket eröffnen", "Open a ticket from this message")
_ADD = Words("Zu Ticket hinzufügen", "Add to ticket")
_ADD_TOLD = Words("Diese Nachricht als interne Notiz an ein Ticket hängen", "Add this message to a ticket as a note")
_FIND = Words("Tickets", "Tickets")
_FIND_TOLD = Words("Tickets suchen", "Search tickets")
_WORDS = Words("Suchwörter", "Words")
_WORDS_TOLD = Words("Wörter aus dem Ticket oder seine Nummer", "Words of the ticket, or its number")


@dataclass(frozen=True, slots=True)
class TeamsApp:
    """What the manifest says of this installation. `name` is shown in Teams, `language` is its first one."""

    app_id: str
    name: str
    public_url: str
    version: str
    language: str

    @classmethod
    def of_settings(cls, settings: Settings, version: str) -> TeamsApp:
        """Raises Misconfigured for settings from which no app can be made."""
        try:
            app_id = str(UUID(settings.teams_app_id or ""))
        except ValueError as error:
            raise Misconfigured("PSA_TEAMS_APP_ID must be the application id of the Entra app, a GUID.") from error
        if urlsplit(settings.public_url).scheme != "https":
            raise Misconfigured("Teams reaches the desk by https only: PSA_PUBLIC_URL must begin with https://.")
        return cls(app_id, settings.desk_name, settings.public_url.rstrip("/"), version, settings.desk_language)

    @property
    def domain(self) -> str:
        return urlsplit(self.public_url).hostname or ""


def app_package(app: TeamsApp, commands: Sequence[Command]) -> bytes:
    """The ZIP file; the same for the same app."""
    other = next(each for each in LANGUAGES if each != app.language)
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as package:
        for name, data in (
            ("manifest.json", _json(manifest(app, commands))),
            (f"{other}.json", _json(translation(app, commands, other))),
            ("color.png", _icon("color.png")),
            ("outline.png", _icon("outline.png")),
        ):
            package.writestr(ZipInfo(name, _FIXED_DATE), data, ZIP_DEFLATED)
    return content.getvalue()


def manifest(app: TeamsApp, commands: Sequence[Command]) -> dict[str, Any]:
    """The manifest in the app's own language."""
    language = app.language
    other = next(each for each in LANGUAGES if each != language)
    return {
        "$schema": f"{_SCHEMAS}MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA_VERSION,
        "version": app.version,
        "id": app.app_id,
        "localizationInfo": {
            "defaultLanguageTag": language,
            "additionalLanguages": [{"languageTag": other, "file": f"{other}.json"}],
        },
        "developer": {
            "name": app.name[:TITLE_CHARACTERS],
            "websiteUrl": app.public_url,
            "privacyUrl": app.public_url,
            "termsOfUseUrl": app.public_url,
        },
        "name": {"short": app.name[:SHORT_NAME_CHARACTERS], "full": app.name[:100]},
        "description": {"short": _SHORT.in_(language), "full": _FULL.in_(language)},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": ACCENT_COLOR,
        "bots": [
            {
                "botId": app.app_id,
                "scopes": _SCOPES,
                "isNotificationOnly": False,
                "supportsFiles": False,
                "commandLists": [{"scopes": _SCOPES, "commands": _menu(commands, language)}],
            }
        ],
        "composeExtensions": [
            {
                "botId": app.app_id,
                "commands": _extension(language),
                "messageHandlers": [{"type": "link", "value": {"domains": [app.domain]}}],
            }
        ],
        "validDomains": [app.domain],
        "webApplicationInfo": {"id": app.app_id, "resource": f"api://botid-{app.app_id}"},
        # What is said in a ticket's thread belongs to the ticket, also without a mention.
        "authorization": {
            "permissions": {
                "resourceSpecific": [
                    {"name": "ChannelMessage.Read.Group", "type": "Application"},
                    {"name": "ChatMessage.Read.Chat", "type": "Application"},
                ]
            }
        },
    }


def translation(app: TeamsApp, commands: Sequence[Command], language: str) -> dict[str, Any]:
    """The texts of the manifest in another language, by their paths."""
    texts: dict[str, Any] = {
        "$schema": f"{_SCHEMAS}MicrosoftTeams.Localization.schema.json",
        "name.short": app.name[:SHORT_NAME_CHARACTERS],
        "name.full": app.name[:100],
        "description.short": _SHORT.in_(language),
        "description.full": _FULL.in_(language),
    }
    for place, each in enumerate(_menu(commands, language)):
        texts |= _translated(f"bots[0].commandLists[0].commands[{place}]", each)
    for place, each in enumerate(_extension(language)):
        at = f"composeExtensions[0].commands[{place}]"
        texts |= _translated(at, each)
        for number, parameter in enumerate(each.get("parameters", ())):
            texts |= _translated(f"{at}.parameters[{number}]", parameter)
    return texts


def _translated(path: str, part: Mapping[str, Any]) -> dict[str, str]:
    return {f"{path}.{name}": part[name] for name in ("title", "description")}


def _menu(commands: Sequence[Command], language: str) -> list[dict[str, Any]]:
    """The command list: what is put into the text box, and what it does."""
    by_name = {each.name: each for each in commands}
    return [
        {"title": _title(by_name[name], language), "description": by_name[name].summary.in_(language)}
        for name in MENU
        if name in by_name
    ]


def _title(command: Command, language: str) -> str:
    aliases = command.aliases_in(language) if language == "de" else ()
    return (aliases[0] if aliases else command.name)[:TITLE_CHARACTERS]


def _extension(language: str) -> list[dict[str, Any]]:
    """The message extension: two actions on messages, and the search."""
    return [
        {
            "id": ShortcutKind.CREATE.value,
            "type": "action",
            "context": ["message", "compose", "commandBox"],
            "fetchTask": True,
            "title": _CREATE.in_(language),
            "description": _CREATE_TOLD.in_(language),
        },
        {
            "id": ShortcutKind.ADD.value,
            "type": "action",
            "context": ["message"],
            "fetchTask": True,
            "title": _ADD.in_(language),
            "description": _ADD_TOLD.in_(language),
        },
        {
            "id": FIND,
            "type": "query",
            "context": ["compose", "commandBox"],
            "initialRun": True,
            "title": _FIND.in_(language),
            "description": _FIND_TOLD.in_(language),
            "parameters": [{"name": FIND, "title": _WORDS.in_(language), "description": _WORDS_TOLD.in_(language)}],
        },
    ]


def _icon(name: str) -> bytes:
    return (files("bot.teams") / "icons" / name).read_bytes()


def _json(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)
