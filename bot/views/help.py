"""The help: which commands there are, how they are typed, and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.card import Card, Element, Row, Table, Text, TextStyle
from bot.wording import Words

_HEADING = Words(de="Das kann ich", en="What I can do")
_SUMMARY = Words(de="Hilfe: {names}", en="Help: {names}")
_COMMAND = Words(de="Befehl", en="Command")
_MEANING = Words(de="Was er tut", en="What it does")
_EXAMPLE = Words(de="Zum Beispiel", en="For example")
_ALSO = Words(de="Auch: {aliases}", en="Also: {aliases}")
_HINT = Words(
    de="Mehr zu einem Befehl: „hilfe“ und sein Name. Tickets heißen #42 oder 42.",
    en="More on one command: “help” and its name. Tickets are called #42 or 42.",
)
_NONE = Words(de="Hier können Sie keine Befehle geben.", en="There are no commands for you here.")


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """What the help says of a command; texts are in the reader's language. `usage` is how it is typed."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    summary: str
    example: str


def help_card(commands: Sequence[CommandHelp], language: str) -> Card:
    """All the commands in a table; a single one in full."""
    if len(commands) == 1:
        return _one(commands[0], language)
    elements: tuple[Element, ...] = (Text(text=_NONE.in_(language)),)
    if commands:
        table = Table(
            columns=tuple(words.in_(language) for words in (_COMMAND, _MEANING, _EXAMPLE)),
            rows=tuple(Row(cells=(each.name, each.summary, each.example)) for each in commands),
        )
        elements = (table, Text(text=_HINT.in_(language), style=TextStyle.QUIET))
    names = ", ".join(each.name for each in commands)
    return Card(heading=_HEADING.in_(language), summary=_SUMMARY.in_(language, names=names), elements=elements)


def _one(command: CommandHelp, language: str) -> Card:
    elements: list[Element] = [Text(text=command.summary), Text(text=command.usage, style=TextStyle.CODE)]
    if command.example:
        elements += [
            Text(text=_EXAMPLE.in_(language), style=TextStyle.STRONG),
            Text(text=command.example, style=TextStyle.CODE),
        ]
    if command.aliases:
        aliases = _ALSO.in_(language, aliases=", ".join(command.aliases))
        elements.append(Text(text=aliases, style=TextStyle.QUIET))
    return Card(heading=command.name, summary=f"{command.name}: {command.summary}", elements=tuple(elements))
