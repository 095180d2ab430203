"""Forms: the arguments of a command that are still missing, as inputs. Derived from the specification."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.arguments import PRIORITY_WORDS, PURPOSE_WORDS, STATUS_WORDS
from bot.commands.kinds import KINDS, ArgumentKind
from bot.commands.specification import Argument, Command, FormStart
from bot.views.card import (
    Action,
    ActionStyle,
    Card,
    ChoiceInput,
    FlagInput,
    Input,
    LookupInput,
    Option,
    Text,
    TextInput,
    Tone,
)
from bot.views.wording import PRIORITIES, STATUSES
from bot.wording import Words
from core.chat.rules import ConversationPurpose

LONGEST_WRITTEN = 3000
"""What can be written into an input on every surface."""

_REQUIRED = Words("Bitte ausfüllen.", "Please fill this in.")
_TOO_LONG = Words("Höchstens {longest} Zeichen.", "At most {longest} characters.")
_PURPOSES = {
    ConversationPurpose.TALK: Words("Gespräch", "Talk"),
    ConversationPurpose.TRIAGE: Words("Eingang: neue Tickets", "Triage: new tickets"),
    ConversationPurpose.MANAGERS: Words("Manager", "Managers"),
    ConversationPurpose.CUSTOMER: Words("Geteilt mit einem Kunden", "Shared with a customer"),
}
_CHOICES: Mapping[ArgumentKind, Mapping[str, Words]] = {
    ArgumentKind.PRIORITY: {each.value: PRIORITIES[each] for each in PRIORITY_WORDS},
    ArgumentKind.STATUS: {each.value: STATUSES[each] for each in STATUS_WORDS},
    ArgumentKind.PURPOSE: {each.value: _PURPOSES[each] for each in PURPOSE_WORDS},
}


def form_card(
    command: Command,
    given: Mapping[str, str],
    start: FormStart,
    language: str,
    problems: Mapping[str, str] | None = None,
) -> Card:
    """The form of a command for which `given` is known already; `problems` by input are shown above the inputs."""
    heading = command.summary.in_(language)
    number = given.get("ticket")
    told = [Text(text=problem, tone=Tone.DANGER) for problem in (problems or {}).values()]
    return Card(
        heading=f"#{number} · {heading}" if number else heading,
        summary=heading,
        elements=(*told, *(_input(each, start, language) for each in asked_of(command, given))),
        actions=(
            Action(
                label=command.submit.in_(language),
                command=command.name,
                arguments=dict(given),
                style=ActionStyle.PRIMARY,
            ),
        ),
    )


def asked_of(command: Command, given: Mapping[str, str]) -> tuple[Argument, ...]:
    """The arguments that a form asks for."""
    return tuple(each for each in command.arguments if not each.is_hidden and each.name not in given)


def read_inputs(
    command: Command, given: Mapping[str, str], inputs: Mapping[str, str], language: str
) -> tuple[dict[str, str], dict[str, str]]:
    """All raw arguments of a sent form, and what is wrong with its inputs, by name."""
    arguments = dict(given)
    problems: dict[str, str] = {}
    for argument in asked_of(command, given):
        typed = inputs.get(argument.name, "").strip()
        kind = KINDS[argument.kind]
        if not typed:
            if argument.is_required:
                problems[argument.name] = _REQUIRED.in_(language)
        elif len(typed) > kind.longest:
            problems[argument.name] = _TOO_LONG.in_(language, longest=kind.longest)
        elif (raw := kind.read(typed)) is None:
            problems[argument.name] = kind.wrong.in_(language, value=typed[:50])
        else:
            arguments[argument.name] = raw
    return arguments, problems


def _input(argument: Argument, start: FormStart, language: str) -> Input:
    label = argument.label.in_(language)
    chosen = start.values.get(argument.name)
    kind = KINDS[argument.kind]
    if argument.kind is ArgumentKind.FLAG:
        return FlagInput(name=argument.name, label=label, value=chosen is not None and chosen.value == "true")
    if argument.kind in _CHOICES:
        return ChoiceInput(
            name=argument.name,
            label=label,
            options=start.options.get(argument.name) or _options(argument.kind, language),
            value=chosen.value if chosen else None,
            is_required=argument.is_required,
        )
    if kind.lookup is not None:
        return LookupInput(
            name=argument.name, label=label, source=kind.lookup, chosen=chosen, is_required=argument.is_required
        )
    return TextInput(
        name=argument.name,
        label=label,
        value=chosen.value if chosen else "",
        is_required=argument.is_required,
        is_multiline=kind.is_multiline,
        max_length=min(kind.longest, LONGEST_WRITTEN),
    )


def _options(kind: ArgumentKind, language: str) -> tuple[Option, ...]:
    return tuple(Option(value=value, label=words.in_(language)) for value, words in _CHOICES[kind].items())
