"""All commands there are. A later subject adds its own by adding a specification here."""

from __future__ import annotations

from bot.commands.account import ACCOUNT_COMMANDS
from bot.commands.finding import FINDING_COMMANDS
from bot.commands.helping import help_command
from bot.commands.mails import MAIL_COMMANDS
from bot.commands.places import PLACE_COMMANDS
from bot.commands.sorting import SORTING_COMMANDS
from bot.commands.specification import Command
from bot.commands.working import WORKING_COMMANDS
from bot.commands.writing import WRITING_COMMANDS

_SUBJECTS: tuple[Command, ...] = (
    *FINDING_COMMANDS,
    *WORKING_COMMANDS,
    *WRITING_COMMANDS,
    *SORTING_COMMANDS,
    *MAIL_COMMANDS,
    *PLACE_COMMANDS,
    *ACCOUNT_COMMANDS,
)

COMMANDS: tuple[Command, ...] = (*_SUBJECTS, help_command(_SUBJECTS))

BY_NAME = {command.name: command for command in COMMANDS}
