"""`psa ticket …`: tickets on the command line."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.rule import Rule
from rich.text import Text

from core.actor import SYSTEM
from core.ids import TicketNumber
from core.settings import load_settings
from core.tickets.queries import (
    TicketFilters,
    find_attachments,
    find_messages,
    find_receipts,
    find_tickets,
    get_ticket,
)
from core.tickets.rules import TicketStatus
from psa.output import command, print_json, print_rows, stdout
from psa.wiring import open_parts

ticket = typer.Typer(no_args_is_help=True, add_completion=False, help="Tickets.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@ticket.command("list")
@command
async def list_tickets(
    status: Annotated[list[TicketStatus] | None, typer.Option(help="Only these; may be given several times.")] = None,
    search: Annotated[str | None, typer.Option(help="Words in title or messages, German or English.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show tickets, newest first."""
    filters = TicketFilters(statuses=tuple(status or ()), search=search)
    async with open_parts(load_settings()) as parts, parts.database.connect() as connection:
        found = await find_tickets(connection, SYSTEM, filters, limit=limit)
    columns = ("number", "title", "customer_name", "status", "priority", "source", "assigned_to_name", "created_at")
    if as_json:
        print_rows([dict(row) for row in found.rows], (), as_json=True, empty="")
        return
    rows = [dict(row) | {"created_at": f"{row['created_at'].astimezone():%Y-%m-%d %H:%M}"} for row in found.rows]
    print_rows(rows, columns, as_json=False, empty="No tickets.")
    if found.total > len(rows):
        stdout.print(f"{len(rows)} of {found.total}; see --limit.", highlight=False)


@ticket.command("show")
@command
async def show(
    number: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The ticket's number.")],
    as_json: JsonOption = False,
) -> None:
    """Show a ticket with its messages, files and mail receipts."""
    reference = TicketNumber(number)
    async with open_parts(load_settings()) as parts, parts.database.connect() as connection:
        found = await get_ticket(connection, SYSTEM, reference)
        messages = (await find_messages(connection, SYSTEM, reference)).rows
        attachments = await find_attachments(connection, SYSTEM, reference)
        receipts = await find_receipts(connection, SYSTEM, reference)
    if as_json:
        parts_of = {"messages": messages, "attachments": attachments, "receipts": receipts}
        print_json(dict(found) | {name: [dict(row) for row in rows] for name, rows in parts_of.items()})
        return
    stdout.print(f"[bold]#{found['number']} {escape(found['title'])}[/]", highlight=False)
    who = found["contact_name"] or "-"
    stdout.print(escape(f"{found['customer_name']}, {who}"), highlight=False)
    assigned = found["assigned_to_name"] or "nobody"
    stdout.print(
        f"{found['status']}, {found['priority']}, from {found['source']}, assigned to {assigned}", highlight=False
    )
    for message in messages:
        when = f"{message['created_at'].astimezone():%Y-%m-%d %H:%M}"
        stdout.print(Rule(escape(f"{message['author_name']}, {message['kind']}, {when}"), align="left"))
        stdout.print(Text(message["text"]))
        for name in ("quoted", "signature"):
            if message[name]:
                stdout.print(f"[dim]({name}: {len(message[name])} characters folded)[/]", highlight=False)
        for file in attachments:
            if file["message_id"] == message["id"]:
                stdout.print(f"[dim]{escape(file['filename'])}, {file['size_bytes']} bytes[/]", highlight=False)
    for receipt in receipts:
        stdout.print(Rule(f"mail receipt: {receipt['outcome']}", align="left", style="dim"))
        for finding in receipt["findings"]:
            stdout.print(Text(f"  {finding['rule']:16}{finding['detail']}", style="dim"))
