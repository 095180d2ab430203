"""What a command is. Parsing, help, forms, Slack's and Teams' command lists and the docs page are derived from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.commands.call import Call, Outcome
from bot.commands.kinds import ArgumentKind
from bot.views.card import Option
from bot.wording import Words
from core.identity.roles import Permission

NO_WORDS = Words("", "")
OK = Words("OK", "OK")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument. `is_hidden`: carried by buttons only, neither typed nor asked for. `is_form_only`: never typed.

    `flag` are the words after `--` that set a FLAG.
    """

    name: str
    kind: ArgumentKind
    label: Words
    is_required: bool = True
    is_hidden: bool = False
    is_form_only: bool = False
    flag: Words | None = None

    @property
    def is_typed(self) -> bool:
        return not (self.is_hidden or self.is_form_only)


@dataclass(frozen=True, slots=True)
class FormStart:
    """What a form shows at first: values by argument, and the options of those that have fewer than all."""

    values: Mapping[str, Option] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)


Run = Callable[[Call], Awaitable[Outcome]]
Start = Callable[[Call], Awaitable[FormStart]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command; any of `permissions` lets one give it (none: everybody the desk knows may).

    `start` fills its form. `again` is what to show when it had its effect before; else the ticket that it names.
    `is_shared`: the answer may stand where everybody in the conversation sees it. `is_typed` False: buttons only.
    """

    name: str
    aliases: Words
    summary: Words
    run: Run
    arguments: tuple[Argument, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    examples: Words = NO_WORDS
    submit: Words = OK
    is_shared: bool = False
    is_typed: bool = True
    is_for_staff: bool = True
    start: Start | None = None
    again: Run | None = None

    def aliases_in(self, language: str) -> tuple[str, ...]:
        return tuple(self.aliases.in_(language).split())

    @property
    def usage(self) -> str:
        """The command as it is typed: `assign #ticket user`."""
        shown = [each for each in self.arguments if each.is_typed]
        return " ".join([self.name, *(_shape(each) for each in shown)])

    def argument(self, name: str) -> Argument | None:
        return next((each for each in self.arguments if each.name == name), None)


def _shape(argument: Argument) -> str:
    if argument.kind is ArgumentKind.FLAG and argument.flag is not None:
        return f"[--{argument.flag.en.split()[0]}]"
    shape = f"#{argument.name}" if argument.kind is ArgumentKind.TICKET else argument.name
    return shape if argument.is_required else f"[{shape}]"
