"""`psa manifest …`: what Teams and Slack want to know of the desk's app."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import orjson
import typer

from bot.commands.catalogue import COMMANDS
from bot.slack.manifest import slack_manifest
from bot.teams.manifest import TeamsApp, app_package
from core.settings import load_settings
from psa.output import command, stdout

manifest = typer.Typer(no_args_is_help=True, add_completion=False, help="Write the app packages of chat platforms.")


@manifest.command("teams")
@command
async def teams(
    output: Annotated[Path, typer.Option("--output", help="Where the package goes.")] = Path("psa-teams.zip"),
) -> None:
    """Write the Teams app package of PSA_TEAMS_APP_ID at PSA_PUBLIC_URL, to be uploaded in the Teams admin center."""
    app = TeamsApp.of_settings(load_settings(), version("psa-platform"))
    output.write_bytes(app_package(app, COMMANDS))
    stdout.print(f"{output}: upload it in the Teams admin center, or in Teams as a custom app.", highlight=False)


@manifest.command("slack")
@command
async def slack(
    socket_mode: Annotated[bool, typer.Option("--socket-mode", help="For a desk without a public address.")] = False,
) -> None:
    """Print the Slack app manifest as JSON, to be pasted at api.slack.com/apps under "From a manifest"."""
    settings = load_settings()
    written = slack_manifest(
        settings.public_url,
        name=settings.desk_name,
        language=settings.desk_language,
        socket_mode=socket_mode,
        commands=COMMANDS,
    )
    typer.echo(orjson.dumps(written, option=orjson.OPT_INDENT_2).decode())
