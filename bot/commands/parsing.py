"""From a typed line to a command and its arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from bot.commands.arguments import LONGEST_LINE, find_ticket, spellings
from bot.commands.kinds import KINDS, ArgumentKind
from bot.commands.specification import Argument, Command
from core.ids import TicketNumber

LIKENESS = 65.0
"""How alike two words must be (0 to 100) for "did you mean"."""

SUGGESTIONS = 3

# What is quoted is short: else each opening quote of a long text would be looked for its end all the way.
_QUOTED = ((r"\"", r"\""), ("„", r"“”\""), ("“", "”"), ("«", "»"), ("»", "«"))
_WORD = re.compile("|".join(rf"{begin}([^{end}]{{0,{LONGEST_LINE}}})[{end}]" for begin, end in _QUOTED) + r"|(\S+)")
_OPENERS = "/!"


@dataclass(frozen=True, slots=True)
class Line:
    """A parsed line. `command` None: nobody knows `word`. `left` is what no argument could take."""

    command: Command | None
    word: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    left: str = ""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    is_quoted: bool


def parse_line(line: str, commands: Sequence[Command], context: TicketNumber | None = None) -> Line:
    """The command that a line gives; `context` is the ticket of the thread that it was typed in."""
    words = _words(line)
    if not words:
        return Line(None, "")
    first = words[0].text.lstrip(_OPENERS)
    for taken in (2, 1):
        if len(words) < taken:
            continue
        name = "-".join([first, *(word.text for word in words[1:taken])]).rstrip(":,")
        command = find_command(name, commands)
        if command is not None and (taken == 1 or "-" in name):
            return _arguments(command, line, words[taken:], context)
    return Line(None, first)


def find_command(name: str, commands: Sequence[Command]) -> Command | None:
    """The command of this name or alias, in either language and whatever its umlauts."""
    wanted = spellings(name)
    return next((command for command in commands if any(wanted & spellings(each) for each in _names(command))), None)


def suggest(word: str, commands: Sequence[Command]) -> list[Command]:
    """The commands that may have been meant, likeliest first."""
    names = {name: command for command in commands for each in _names(command) for name in spellings(each)}
    found = process.extract(
        min(spellings(word)), list(names), scorer=fuzz.WRatio, score_cutoff=LIKENESS, limit=SUGGESTIONS * 3
    )
    return list({names[name].name: names[name] for name, _, _ in found}.values())[:SUGGESTIONS]


def _names(command: Command) -> list[str]:
    return [command.name, *command.aliases_in("de"), *command.aliases_in("en")]


def _words(line: str) -> list[_Word]:
    return [
        _Word(next(part for part in match.groups() if part is not None), match.start(), match.end(), not match.group(6))
        for match in _WORD.finditer(line)
    ]


def _arguments(command: Command, line: str, words: list[_Word], context: TicketNumber | None) -> Line:
    typed = [each for each in command.arguments if each.is_typed]
    found: dict[str, str] = {}
    words = _take_flags(typed, words, found)
    waiting = [each for each in typed if each.kind is not ArgumentKind.FLAG]
    has_text = any(KINDS[each.kind].words == 0 for each in waiting)
    while words and waiting:
        taken = _take(waiting, words, needs_mark=context is not None and has_text)
        if taken is None:
            break
        argument, raw, count = taken
        found[argument.name] = raw
        waiting.remove(argument)
        words = words[count:]
    rest = line[words[0].start : words[-1].end].strip() if words else ""
    last = next((each for each in waiting if KINDS[each.kind].words == 0), None)
    if rest and last is not None:
        raw_rest = KINDS[last.kind].read(rest)
        if raw_rest is not None:
            found[last.name], rest = raw_rest, ""
    ticket = next((each for each in waiting if each.kind is ArgumentKind.TICKET and each.name == "ticket"), None)
    if ticket is not None and ticket.name not in found and context is not None:
        found[ticket.name] = str(context)
    return Line(command, command.name, found, rest)


def _take_flags(typed: Sequence[Argument], words: list[_Word], found: dict[str, str]) -> list[_Word]:
    flags = {
        name: each.name
        for each in typed
        if each.flag is not None
        for language in ("de", "en")
        for word in each.flag.in_(language).split()
        for name in spellings(word)
    }
    kept = []
    for word in words:
        name = next((flags[each] for each in spellings(word.text.lstrip("-—")) if each in flags), None)
        if name is not None and word.text.startswith(("--", "—")) and not word.is_quoted:
            found[name] = "true"
        else:
            kept.append(word)
    return kept


def _take(waiting: Sequence[Argument], words: list[_Word], *, needs_mark: bool) -> tuple[Argument, str, int] | None:
    """The argument that the next words are: first one that takes only what fits, then one that takes any word."""
    for argument in waiting:
        kind = KINDS[argument.kind]
        if kind.is_open or kind.words == 0:
            continue
        for count in range(min(kind.words, len(words)), 0, -1):
            text = " ".join(word.text for word in words[:count])
            if argument.kind is ArgumentKind.TICKET and needs_mark:
                raw = find_ticket(text, surely=True)
            else:
                raw = kind.read(text)
            if raw is not None:
                return argument, raw, count
    opens = next((each for each in waiting if KINDS[each.kind].is_open and KINDS[each.kind].words), None)
    if opens is None or (opens.kind is ArgumentKind.CUSTOMER and not _names_customer(opens, waiting, words)):
        return None
    text, count = _open_text(opens, waiting, words)
    return opens, text, count


def _names_customer(argument: Argument, waiting: Sequence[Argument], words: list[_Word]) -> bool:
    """Before a text a customer is only what is quoted or ends in a colon: `new Hofer: the printer is on fire`."""
    before_text = any(KINDS[each.kind].words == 0 for each in waiting)
    return argument.is_required or not before_text or _customer_words(words) > 0


def _open_text(argument: Argument, waiting: Sequence[Argument], words: list[_Word]) -> tuple[str, int]:
    before_text = any(KINDS[each.kind].words == 0 for each in waiting if each is not argument)
    if argument.kind is ArgumentKind.CUSTOMER and before_text:
        count = _customer_words(words) or 1
    elif before_text or words[0].is_quoted:
        count = 1
    else:
        # A name may have several words; a ticket behind it is none of them.
        count = next((at for at, word in enumerate(words) if at and find_ticket(word.text)), len(words))
    return " ".join(word.text for word in words[:count]).rstrip(":").lstrip("@"), count


def _customer_words(words: list[_Word]) -> int:
    if words[0].is_quoted:
        return 1
    return next((at for at, word in enumerate(words[:5], start=1) if word.text.endswith(":")), 0)
