"""`help`: what one may do here, or one command in full."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.commands.call import Call, Outcome
from bot.commands.kinds import ArgumentKind
from bot.commands.parsing import find_command, suggest
from bot.commands.permitting import typed_commands
from bot.commands.specification import Argument, Command
from bot.views.card import Action, Card
from bot.views.help import CommandHelp, help_card
from bot.views.notices import notice_card
from bot.wording import Words

_UNKNOWN = Words("Das kenne ich nicht", "I do not know that")
_MEANT = Words("Meinten Sie {names}?", "Did you mean {names}?")
_TRY_HELP = Words("„hilfe“ zeigt, was ich kann.", "“help” shows what I can do.")
_OR = Words(" oder ", " or ")


async def show_help(commands: Sequence[Command], call: Call) -> Outcome:
    """The commands that the person may type; with the name of one, that one."""
    allowed = typed_commands(call.person.actor, commands)
    if call.has("command"):
        command = find_command(call.text("command"), allowed)
        if command is None:
            return Outcome(card=unknown_command_card(call.text("command"), allowed, call.language))
        allowed = (command,)
    return Outcome(card=help_card([help_of(command, call.language) for command in allowed], call.language))


def unknown_command_card(word: str, commands: Sequence[Command], language: str) -> Card:
    """What is said to a word that is no command: what may have been meant, as buttons where it needs nothing more."""
    likely = suggest(word, commands)
    names = _OR.in_(language).join(f"„{each.name}“" if language == "de" else f"“{each.name}”" for each in likely)
    told = _MEANT.in_(language, names=names) if likely else ""
    heading = f"{_UNKNOWN.in_(language)}: {word[:50]}"
    card = notice_card(heading, f"{told} {_TRY_HELP.in_(language)}".strip(), language)
    ready = [each for each in likely if not any(argument.is_required for argument in each.arguments)]
    help_button = Action(label=commands_word(language), command="help")
    buttons = (*(Action(label=each.name, command=each.name) for each in ready), help_button)
    return card.model_copy(update={"actions": buttons})


def help_of(command: Command, language: str) -> CommandHelp:
    """What the help says of a command."""
    return CommandHelp(
        name=command.name,
        aliases=command.aliases_in(language),
        usage=command.usage,
        summary=command.summary.in_(language),
        example=command.examples.in_(language),
    )


def commands_word(language: str) -> str:
    return Words("Hilfe", "Help").in_(language)


def help_command(others: Sequence[Command]) -> Command:
    """The help on `others`."""
    return Command(
        "help",
        Words("hilfe befehle ?", "commands"),
        Words("Was ich kann", "What I can do"),
        partial(show_help, others),
        (Argument("command", ArgumentKind.COMMAND, Words("Befehl", "Command"), is_required=False),),
        examples=Words("hilfe zuweisen", "help assign"),
        is_for_staff=False,
    )
