"""`psa mailbox …`: the IMAP accounts that are fetched."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from core.actor import SYSTEM
from core.ids import MailboxId
from core.mail.mailboxes import MailboxSecret, NewMailbox
from core.mail.model import MailboxAuth, MailboxTls
from core.settings import load_settings
from psa.output import command, print_json, print_rows, stdout
from psa.wiring import open_parts

mailboxes = typer.Typer(no_args_is_help=True, add_completion=False, help="The IMAP mailboxes that are fetched.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@mailboxes.command("add")
@command
async def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    host: Annotated[str, typer.Option(help="IMAP server.")],
    username: Annotated[str, typer.Option(help="Login name, usually the address.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 993,
    tls: Annotated[MailboxTls, typer.Option(help="How the connection is protected.")] = MailboxTls.TLS,
    auth: Annotated[MailboxAuth, typer.Option(help="How it logs in.")] = MailboxAuth.PASSWORD,
    folder: Annotated[list[str] | None, typer.Option(help="Folder; may be given several times.")] = None,
    token_url: Annotated[str | None, typer.Option(help="XOAUTH2: the token endpoint.")] = None,
    client_id: Annotated[str | None, typer.Option(help="XOAUTH2: the client's id.")] = None,
    scope: Annotated[str | None, typer.Option(help="XOAUTH2: the scope.")] = None,
    authserv_id: Annotated[str | None, typer.Option(help="Whose Authentication-Results are believed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Set a mailbox up; its secret is asked for, and stored encrypted."""
    secret = _ask_secret(auth)
    async with open_parts(load_settings()) as parts:
        mailbox_id = await parts.mailboxes.add_mailbox(
            SYSTEM,
            NewMailbox(
                name=name,
                host=host,
                username=username,
                secret=secret,
                port=port,
                tls=tls,
                auth=auth,
                token_url=token_url,
                client_id=client_id,
                scope=scope,
                folders=tuple(folder or ("INBOX",)),
                authserv_id=authserv_id,
            ),
        )
    if as_json:
        print_json({"id": mailbox_id})
    else:
        stdout.print(f"{name} is fetched from now on ({mailbox_id}).", highlight=False, markup=False)


@mailboxes.command("list")
@command
async def list_mailboxes(as_json: JsonOption = False) -> None:
    """Show the mailboxes and how they are."""
    async with open_parts(load_settings()) as parts:
        found = await parts.mailboxes.list_mailboxes()
    rows = [
        {
            "name": each.name,
            "server": f"{each.host}:{each.port}",
            "username": each.username,
            "enabled": each.is_enabled,
            "last_success": each.last_success_at.isoformat(timespec="seconds") if each.last_success_at else None,
            "failures": each.failures,
            "last_error": each.last_error,
            "id": str(each.id),
        }
        for each in found
    ]
    columns = ("name", "server", "username", "enabled", "last_success", "failures", "last_error", "id")
    print_rows(rows, columns, as_json=as_json, empty="No mailboxes. Add one with `psa mailbox add`.")


@mailboxes.command("disable")
@command
async def disable(mailbox_id: Annotated[UUID, typer.Argument(help="See `psa mailbox list`.")]) -> None:
    """Stop fetching a mailbox; its cursor is kept."""
    async with open_parts(load_settings()) as parts:
        await parts.mailboxes.disable(SYSTEM, MailboxId(mailbox_id))


@mailboxes.command("enable")
@command
async def enable(mailbox_id: Annotated[UUID, typer.Argument(help="See `psa mailbox list`.")]) -> None:
    """Fetch a mailbox again, from where it stopped."""
    async with open_parts(load_settings()) as parts:
        await parts.mailboxes.enable(SYSTEM, MailboxId(mailbox_id))


def _ask_secret(auth: MailboxAuth) -> MailboxSecret:
    match auth:
        case MailboxAuth.PASSWORD:
            return MailboxSecret(password=typer.prompt("Password", hide_input=True, err=True))
        case MailboxAuth.XOAUTH2_CLIENT_CREDENTIALS:
            return MailboxSecret(client_secret=typer.prompt("Client secret", hide_input=True, err=True))
        case MailboxAuth.XOAUTH2_REFRESH_TOKEN:
            client_secret = typer.prompt("Client secret (empty: none)", default="", hide_input=True, err=True)
            refresh_token = typer.prompt("Refresh token", hide_input=True, err=True)
            return MailboxSecret(client_secret=client_secret or None, refresh_token=refresh_token)
