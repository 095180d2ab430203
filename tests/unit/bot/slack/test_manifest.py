from __future__ import annotations

import re
from typing import Any

import pytest

from bot.commands.catalogue import COMMANDS
from bot.slack.manifest import slack_manifest
from bot.slack.shortcuts import SHORTCUTS
from core.errors import Misconfigured

# As github.com/slackapi/manifest-schema has them in version 1 of the schema.
LENGTHS = {
    "display_information.name": (1, 35),
    "display_information.description": (1, 140),
    "display_information.long_description": (175, 4000),
    "display_information.background_color": (4, 7),
    "features.bot_user.display_name": (1, 80),
    "features.shortcuts.name": (1, 24),
    "features.shortcuts.callback_id": (1, 255),
    "features.shortcuts.description": (1, 150),
    "features.slash_commands.command": (2, 32),
    "features.slash_commands.url": (8, 3000),
    "features.slash_commands.description": (1, 2000),
    "features.slash_commands.usage_hint": (1, 1000),
    "settings.event_subscriptions.request_url": (8, 3500),
    "settings.interactivity.request_url": (8, 3500),
    "settings.interactivity.message_menu_options_url": (8, 3500),
}


def texts(part: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(part, dict):
        return [found for name, value in part.items() for found in texts(value, f"{path}.{name}".lstrip("."))]
    if isinstance(part, list):
        return [found for value in part for found in texts(value, path)]
    return [(path, part)] if isinstance(part, str) else []


def made(language: str = "de", *, socket_mode: bool = False, name: str = "PSA Service Desk") -> dict[str, Any]:
    return slack_manifest(
        "https://desk.example/", name=name, language=language, socket_mode=socket_mode, commands=COMMANDS
    )


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("socket_mode", [True, False])
def test_the_manifest_is_within_slacks_limits(language: str, socket_mode: bool) -> None:
    manifest = made(language, socket_mode=socket_mode, name="Der sehr lange Name eines Service Desks in Wien")
    checked = set()
    for path, text in texts(manifest):
        if path in LENGTHS:
            least, most = LENGTHS[path]
            assert least <= len(text) <= most, (path, text)
            checked.add(path)
    assert checked == {each for each in LENGTHS if not (socket_mode and each.endswith("url"))}
    assert 1 <= len(manifest["features"]["shortcuts"]) <= 10
    assert all(each["command"].startswith("/") for each in manifest["features"]["slash_commands"])
    (domain,) = manifest["features"]["unfurl_domains"]
    assert re.fullmatch(r"(?![.\-])([-a-z0-9.])+([a-z0-9])", domain)


def test_slack_is_told_where_to_send_what() -> None:
    manifest = made()
    assert {url for path, url in texts(manifest) if path.endswith("url")} == {
        "https://desk.example/slack/events",
        "https://desk.example/slack/commands",
        "https://desk.example/slack/interactivity",
    }
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert not [url for path, url in texts(made(socket_mode=True)) if path.endswith("url")]


def test_slack_reaches_no_plain_http() -> None:
    with pytest.raises(Misconfigured, match="PSA_PUBLIC_URL"):
        slack_manifest("http://localhost:3000", name="Desk", language="de", socket_mode=False, commands=COMMANDS)
    local = slack_manifest("http://localhost:3000", name="Desk", language="de", socket_mode=True, commands=COMMANDS)
    assert "unfurl_domains" not in local["features"]


def test_each_event_has_the_scope_that_it_needs() -> None:
    # https://docs.slack.dev/reference/events
    needed = {
        "app_home_opened": [],
        "app_mention": ["app_mentions:read"],
        "channel_archive": ["channels:read"],
        "channel_deleted": ["channels:read"],
        "channel_left": ["channels:read"],
        "group_archive": ["groups:read"],
        "group_deleted": ["groups:read"],
        "group_left": ["groups:read"],
        "link_shared": ["links:read"],
        "member_joined_channel": ["channels:read", "groups:read"],
        "message.channels": ["channels:history"],
        "message.groups": ["groups:history"],
        "message.im": ["im:history"],
        "message.mpim": ["mpim:history"],
        "reaction_added": ["reactions:read"],
    }
    manifest = made()
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    for event in manifest["settings"]["event_subscriptions"]["bot_events"]:
        assert scopes >= set(needed[event])
    # chat.*, conversations.open, users.info with the address, chat.unfurl, slash commands
    assert scopes >= {"chat:write", "im:write", "users:read", "users:read.email", "links:write", "commands"}


def test_shortcuts_begin_commands_that_there_are() -> None:
    commands = {command.name: command for command in COMMANDS}
    for shortcut in SHORTCUTS.values():
        assert shortcut.takes_text_as is None or commands[shortcut.command].argument(shortcut.takes_text_as)


def test_the_hint_names_the_typed_commands() -> None:
    english, german = (each["usage_hint"] for each in made()["features"]["slash_commands"])
    assert english.startswith("mine | queue")
    assert german.startswith("meine | liste")
