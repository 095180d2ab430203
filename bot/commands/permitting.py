"""Who may give which command. What it may do to it is the use case's matter."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.specification import Command
from core.actor import Actor


def may_give(actor: Actor, command: Command) -> bool:
    """Whether the actor may give the command at all."""
    if command.is_for_staff and not actor.is_staff:
        return False
    return not command.permissions or any(actor.may(each) for each in command.permissions)


def typed_commands(actor: Actor, commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands that the actor may type."""
    return tuple(command for command in commands if command.is_typed and may_give(actor, command))
