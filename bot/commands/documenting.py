"""The command reference as a page, derived from the specification."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.specification import Command

_HEAD = """# Commands

The same in Teams, Slack and the web console; German and English names both work everywhere, with or without umlauts. In
Slack they follow `/psa`, in a Teams channel a mention. In a ticket's thread the ticket goes without saying.

| command | German names | English names | does | example |
|---|---|---|---|---|
"""


def command_reference(commands: Sequence[Command]) -> str:
    """The page, in Markdown: one row for each command that is typed."""
    rows = [
        f"| `{_cell(command.usage)}` | {_names(command, 'de')} | {_names(command, 'en')} "
        f"| {_cell(command.summary.en)} | `{_cell(command.examples.en)}` |"
        for command in commands
        if command.is_typed
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _names(command: Command, language: str) -> str:
    return ", ".join(command.aliases_in(language))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
