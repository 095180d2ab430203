"""The `psa` command."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from core.errors import PsaError
from psa.chat_commands import chat
from psa.doctor import doctor
from psa.event_commands import events
from psa.mail_commands import mail
from psa.mailbox_commands import mailboxes
from psa.manifest_commands import manifest
from psa.output import complain, exit_code_of, stderr
from psa.run_commands import migrate_command, run, serve
from psa.ticket_commands import ticket
from psa.user_commands import token, user

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The PSA platform: help desk, time and billing for managed service providers.",
)
app.command("run")(run)
app.command("serve")(serve)
app.command("migrate")(migrate_command)
app.command("doctor")(doctor)
app.add_typer(user, name="user")
app.command("token")(token)
app.add_typer(ticket, name="ticket")
app.add_typer(mail, name="mail")
app.add_typer(mailboxes, name="mailbox")
app.add_typer(events, name="events")
app.add_typer(chat, name="chat")
app.add_typer(manifest, name="manifest")


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
