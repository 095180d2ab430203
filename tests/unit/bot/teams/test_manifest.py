from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from struct import unpack
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema import Draft4Validator

from bot.commands.catalogue import BY_NAME, COMMANDS
from bot.teams.manifest import MENU, SCHEMA_VERSION, TITLE_CHARACTERS, TeamsApp, app_package, manifest, translation
from core.errors import Misconfigured
from core.settings import Settings

APP = TeamsApp(
    app_id="5d0b3d4c-6f0e-4b52-9a51-2f6f1d8a4c11",
    name="PSA Service Desk",
    public_url="https://desk.example",
    version="0.1.0",
    language="de",
)
SCHEMAS = Path("@microsoft/app-manifest/build/json-schemas/teams") / f"v{SCHEMA_VERSION}"
LONG = replace(APP, name="Ein sehr langer Name für einen Service Desk " * 4, language="en")


def problems(npm_packages: Path, schema: str, document: Mapping[str, Any]) -> list[str]:
    """What Microsoft's own schema has against it."""
    content = json.loads((npm_packages / SCHEMAS / schema).read_text())
    return [f"{list(each.path)}: {each.message[:200]}" for each in Draft4Validator(content).iter_errors(document)]


@pytest.mark.parametrize("app", [APP, LONG], ids=["de", "en"])
def test_the_manifest_is_valid_by_microsofts_schema(npm_packages: Path, app: TeamsApp) -> None:
    assert problems(npm_packages, "MicrosoftTeams.schema.json", manifest(app, COMMANDS)) == []
    for language in ("de", "en"):
        texts = translation(app, COMMANDS, language)
        assert problems(npm_packages, "MicrosoftTeams.Localization.schema.json", texts) == []


def test_the_schema_check_can_fail(npm_packages: Path) -> None:
    wrong = manifest(APP, COMMANDS) | {"accentColor": "petrol", "bots": [{"botId": "x", "scopes": ["all"]}]}
    assert len(problems(npm_packages, "MicrosoftTeams.schema.json", wrong)) >= 3


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_menu_is_short_enough_for_every_client(language: str) -> None:
    (commands,) = manifest(replace(APP, language=language), COMMANDS)["bots"][0]["commandLists"]
    assert 1 <= len(commands["commands"]) <= 10
    assert all(len(each["title"]) <= TITLE_CHARACTERS for each in commands["commands"])


def test_the_menu_speaks_the_words_that_are_understood() -> None:
    assert [name for name in MENU if name not in BY_NAME or not BY_NAME[name].is_typed] == []
    (german,) = manifest(APP, COMMANDS)["bots"][0]["commandLists"]
    assert german["commands"][0] == {"title": "meine", "description": "Meine offenen Tickets"}
    english = translation(APP, COMMANDS, "en")
    assert english["bots[0].commandLists[0].commands[0].title"] == "mine"


def test_each_text_has_its_translation() -> None:
    shown = manifest(APP, COMMANDS)
    texts = translation(APP, COMMANDS, "en")
    menu = shown["bots"][0]["commandLists"][0]["commands"]
    extension = shown["composeExtensions"][0]["commands"]
    for place in range(len(menu)):
        assert f"bots[0].commandLists[0].commands[{place}].description" in texts
    for place in range(len(extension)):
        assert f"composeExtensions[0].commands[{place}].title" in texts


def test_the_package_holds_what_the_manifest_names_and_is_always_the_same() -> None:
    content = app_package(APP, COMMANDS)
    assert content == app_package(APP, COMMANDS)
    with ZipFile(BytesIO(content)) as package:
        assert sorted(package.namelist()) == ["color.png", "en.json", "manifest.json", "outline.png"]
        told = json.loads(package.read("manifest.json"))
        assert size_of(package.read(told["icons"]["color"])) == (192, 192)
        assert size_of(package.read(told["icons"]["outline"])) == (32, 32)
        (other,) = told["localizationInfo"]["additionalLanguages"]
        assert other["file"] in package.namelist()


def test_the_app_is_made_from_the_settings() -> None:
    app = TeamsApp.of_settings(settings(teams_app_id=APP.app_id, public_url="https://desk.example:8443/"), "0.1.0")
    assert (app.domain, app.public_url) == ("desk.example", "https://desk.example:8443")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"public_url": "http://desk.example"}, "PSA_PUBLIC_URL"),
        ({"teams_app_id": "my app"}, "PSA_TEAMS_APP_ID"),
        ({"teams_app_id": None}, "PSA_TEAMS_APP_ID"),
    ],
)
def test_settings_that_make_no_app_say_which(changes: dict[str, Any], told: str) -> None:
    values = {"teams_app_id": APP.app_id, "public_url": "https://desk.example"} | changes
    with pytest.raises(Misconfigured, match=told):
        TeamsApp.of_settings(settings(**values), "0.1.0")


def settings(**values: Any) -> Settings:
    return Settings(**values)


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG image (its IHDR chunk)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = unpack(">II", png[16:24])
    return width, height
