"""The app manifest, from which a workspace makes its own Slack app.

https://docs.slack.dev/reference/app-manifest; its limits are those of github.com/slackapi/manifest-schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from bot.commands.specification import Command
from bot.slack.http import COMMANDS, EVENTS, INTERACTIVITY
from bot.slack.shortcuts import SHORTCUTS
from bot.wording import Words
from core.errors import Misconfigured

Manifest = dict[str, Any]

LONGEST_NAME: Final = 35
LONGEST_DESCRIPTION: Final = 140
LONGEST_HINT: Final = 1000

SLASH_COMMANDS: Final = {"/psa": "en", "/ticket": "de"}
"""Each with the language of its help."""

# What each scope is for: https://docs.slack.dev/reference/scopes
SCOPES: Final = (
    "app_mentions:read",  # @desk …
    "channels:history",  # talk in the threads of tickets
    "channels:read",  # being added and removed
    "chat:write",  # cards
    "chat:write.public",  # answers to /psa in public channels that the desk is not in
    "commands",  # slash commands and shortcuts
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",  # private answers
    "links:read",  # tickets behind links
    "links:write",
    "metadata.message:read",  # whether a message of ours arrived whose answer was lost
    "mpim:history",
    "mpim:read",
    "reactions:read",  # 🎫 👀 ✅
    "users:read",  # names
    "users:read.email",  # who is who at the desk
)

EVENT_TYPES: Final = (
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "group_archive",
    "group_deleted",
    "group_left",
    "link_shared",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)

_DESCRIPTION = Words("Tickets aus dem Chat bearbeiten", "Work tickets from chat")
_LONG_DESCRIPTION = Words(
    "Der Service Desk im Chat: Tickets eröffnen, übernehmen, notieren, beantworten und lösen, mit Karten, die immer "
    "den aktuellen Stand zeigen. Was in einem Ticket-Thread steht, bleibt intern, bis jemand dem Kunden antwortet.",
    "The service desk in chat: open, take, note, answer and resolve tickets, with cards that always show how things "
    "are. What is written in a ticket's thread stays internal until somebody replies to the customer.",
)
_COMMAND_DESCRIPTION = Words("Dem Service Desk einen Befehl geben", "Give the service desk a command")


def slack_manifest(
    public_url: str, *, name: str, language: str, socket_mode: bool, commands: Sequence[Command]
) -> Manifest:
    """The manifest of an app called `name` (its first 35 characters) for the desk at `public_url`.

    Raises Misconfigured where Slack could not reach that; with `socket_mode` it need not.
    """
    address = urlsplit(public_url)
    if not socket_mode and address.scheme != "https":
        raise Misconfigured("Slack sends its requests to https addresses only: set PSA_PUBLIC_URL, or use Socket Mode.")
    base = public_url.rstrip("/")
    called = name[:LONGEST_NAME].strip()
    manifest: Manifest = {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": called,
            "description": _DESCRIPTION.in_(language)[:LONGEST_DESCRIPTION],
            "long_description": _LONG_DESCRIPTION.in_(language),
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": called, "always_online": True},
            "shortcuts": [
                {
                    "name": shortcut.name.in_(language),
                    "type": "message" if shortcut.takes_text_as else "global",
                    "callback_id": callback_id,
                    "description": shortcut.description.in_(language),
                }
                for callback_id, shortcut in SHORTCUTS.items()
            ],
            "slash_commands": [
                {
                    "command": command,
                    "description": _COMMAND_DESCRIPTION.in_(spoken),
                    "usage_hint": _usage_hint(commands, spoken),
                    "should_escape": True,
                }
                | ({} if socket_mode else {"url": base + COMMANDS})
                for command, spoken in SLASH_COMMANDS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENT_TYPES)}
            | ({} if socket_mode else {"request_url": base + EVENTS}),
            "interactivity": {"is_enabled": True}
            | (
                {}
                if socket_mode
                else {"request_url": base + INTERACTIVITY, "message_menu_options_url": base + INTERACTIVITY}
            ),
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
    # Links to a name without a dot are only for this machine; Slack shows nothing for them.
    if address.hostname and "." in address.hostname:
        manifest["features"]["unfurl_domains"] = [address.hostname]
    return manifest


def _usage_hint(commands: Sequence[Command], language: str) -> str:
    """The typed commands, by their names in the language."""
    typed = [each for each in commands if each.is_typed]
    names = [next(iter(each.aliases_in(language)), each.name) if language == "de" else each.name for each in typed]
    hint = " | ".join(names)
    return hint if len(hint) <= LONGEST_HINT else hint[:LONGEST_HINT].rpartition(" | ")[0]
