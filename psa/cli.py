"""The `psa` command. Only what a command needs is loaded: a mail server runs `psa mail ingest` for each mail."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.main import get_command

from core.errors import PsaError
from psa.output import complain, exit_code_of, stderr

COMMANDS = {
    "run": ("psa.run_commands", "run"),
    "serve": ("psa.run_commands", "serve"),
    "migrate": ("psa.run_commands", "migrate_command"),
    "doctor": ("psa.doctor", "doctor"),
    "user": ("psa.user_commands", "user"),
    "token": ("psa.user_commands", "token"),
    "ticket": ("psa.ticket_commands", "ticket"),
    "mail": ("psa.mail_commands", "mail"),
    "mailbox": ("psa.mailbox_commands", "mailboxes"),
    "events": ("psa.event_commands", "events"),
    "chat": ("psa.chat_commands", "chat"),
    "manifest": ("psa.manifest_commands", "manifest"),
}
"""Command → module and name: a group of commands, or a single one."""


class Commands(TyperGroup):
    """Finds commands by the table, and loads the one that is given; the help loads them all."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(found)
            found = single
        loaded = get_command(found)
        loaded.name = cmd_name
        return loaded


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The PSA platform: help desk, time and billing for managed service providers.",
)


@app.callback()
def psa() -> None:
    """The PSA platform: help desk, time and billing for managed service providers."""


def main() -> None:
    """Entry point: errors of the product end as a sentence and an exit code, never as a traceback."""
    try:
        app()
    except PsaError as error:
        complain(error)
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        stderr.print(escape("psa: the output was closed"))
        sys.exit(1)


if __name__ == "__main__":
    main()
