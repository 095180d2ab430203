"""`psa mail …`: mails without and with effect."""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from core.actor import SYSTEM
from core.errors import InvalidInput, NotFound, Unavailable
from core.ids import RawMailId
from core.mail.model import MailChannel, ReceiptOutcome
from core.mail.queries import MailRecords, OutgoingFilter
from core.settings import load_settings
from ingest.arrival import IncomingMail
from ingest.deciding.decision import Decision
from ingest.parsing.presentation import parse_files
from ingest.replaying import read_kept_mail
from psa.output import command, print_json, print_rows, stderr, stdout
from psa.wiring import mail_receiver, open_parts

mail = typer.Typer(no_args_is_help=True, add_completion=False, help="Mails: read, explain, take in, replay.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@mail.command("parse")
def parse(
    files: Annotated[list[Path], typer.Argument(help="Mail files (RFC 5322).")],
    as_json: JsonOption = False,
) -> None:
    """Parse mails and print what they say, one JSON object a file. Needs no database."""
    for line in parse_files(files):
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


@mail.command("explain")
@command
async def explain(
    file: Annotated[Path, typer.Argument(help="A mail file, or - for standard input.")],
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a mail, and which rules say so. Has no effect."""
    raw = _read(file)
    async with open_parts(load_settings()) as parts:
        incoming = IncomingMail(raw=raw, channel=MailChannel.PIPE, received_at=parts.clock.now())
        prepared, decision = await mail_receiver(parts).explain(incoming)
    told = _told(decision) | {"subject": prepared.mail.subject}
    if as_json:
        print_json(told)
        return
    stdout.print(f"[bold]{escape(prepared.mail.subject)}[/]  →  {told['action']}", highlight=False)
    for finding in decision.findings:
        stdout.print(f"  {finding.rule.value:16}{finding.detail}", highlight=False, markup=False)


@mail.command("ingest")
@command
async def ingest(
    file: Annotated[Path, typer.Argument(help="A mail file; default: standard input.")] = Path("-"),
    sender: Annotated[str | None, typer.Option(help="Envelope sender.")] = None,
    recipient: Annotated[list[str] | None, typer.Option(help="Envelope recipient; may be given several times.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take one mail in, as a mail server pipes it. Exit code 75 (try again later) when the database is away."""
    raw = _read(file)
    settings = load_settings()
    if len(raw) > settings.smtp_max_message_bytes:
        raise InvalidInput(f"The mail has {len(raw)} bytes; at most {settings.smtp_max_message_bytes} are taken.")
    async with open_parts(settings) as parts:
        incoming = IncomingMail(
            raw=raw,
            channel=MailChannel.PIPE,
            received_at=parts.clock.now(),
            envelope_from=sender,
            envelope_to=tuple(recipient or ()),
        )
        recorded = await mail_receiver(parts).receive(incoming)
    if as_json:
        print_json(
            {"id": recorded.raw_mail_id, "outcome": recorded.outcome.value, "ticket_number": recorded.ticket_number}
        )
    else:
        stdout.print(recorded.reference, highlight=False)


@mail.command("import")
@command
async def import_mails(
    source: Annotated[Path, typer.Argument(help="An mbox file or a Maildir folder.", exists=True)],
    as_json: JsonOption = False,
) -> None:
    """Take in all mails of an mbox or Maildir. Mails that are there already are skipped: it can be run again."""
    opened = _open_mailbox(source)
    counts: dict[str, int] = {}
    async with open_parts(load_settings()) as parts:
        receiver = mail_receiver(parts)
        columns = (*Progress.get_default_columns()[:3], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=stderr) as progress:
            bar = progress.add_task("Importing", total=len(opened))
            for raw in _raw_mails(opened):
                incoming = IncomingMail(raw=raw, channel=MailChannel.IMPORT, received_at=parts.clock.now())
                recorded = await receiver.receive(incoming)
                counts[recorded.outcome.value] = counts.get(recorded.outcome.value, 0) + 1
                progress.advance(bar)
    if as_json:
        print_json(counts)
    else:
        for outcome, count in sorted(counts.items()):
            stdout.print(f"{count:8} {outcome.replace('_', ' ')}", highlight=False)
    if counts.get(ReceiptOutcome.FAILED.value):
        raise Unavailable("Some mails were kept but could not be decided on; see `psa mail replay`.")


@mail.command("replay")
@command
async def replay(
    raw_mail_id: Annotated[UUID, typer.Argument(help="The id of a kept mail (see its receipt).")],
    as_json: JsonOption = False,
) -> None:
    """Decide again on a mail that had no effect (failed, parked, quarantined). A mail that had one stays as it is."""
    async with open_parts(load_settings()) as parts:
        kept = await read_kept_mail(parts.database, parts.blobs, RawMailId(raw_mail_id))
        if kept.had_effect:
            outcome, number = kept.outcome, kept.ticket_number
        else:
            recorded = await mail_receiver(parts).receive(kept.as_incoming())
            outcome, number = recorded.outcome, recorded.ticket_number
    if as_json:
        print_json({"id": raw_mail_id, "outcome": outcome.value, "ticket_number": number})
    else:
        told = f" (ticket #{number})" if number else ""
        stdout.print(f"{outcome.value.replace('_', ' ')}{told}", highlight=False)


@mail.command("outbox")
@command
async def outbox(
    ticket: Annotated[UUID | None, typer.Option(help="Only those of a ticket (its id).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the mails that the desk sent or will send, the newest first."""
    async with open_parts(load_settings()) as parts:
        records = MailRecords(parts.database, parts.blobs)
        found = await records.list_outgoing_mails(SYSTEM, OutgoingFilter(ticket_id=ticket), limit=limit)
    columns = ("created_at", "recipient", "subject", "state", "attempts", "last_error")
    print_rows(found.rows, columns, as_json=as_json, empty="No outgoing mails.")


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFound("readable file", f"{file} ({error.strerror})") from error


def _open_mailbox(source: Path) -> mailbox.Maildir | mailbox.mbox:
    if source.is_dir():
        if not all((source / name).is_dir() for name in ("cur", "new")):
            raise InvalidInput(f"{source} is no Maildir: it has no folders cur and new.")
        return mailbox.Maildir(source, create=False)
    opened = mailbox.mbox(source, create=False)
    if not len(opened) and source.stat().st_size:
        raise InvalidInput(f"{source} is no mbox: it has no line that starts with 'From '.")
    return opened


def _raw_mails(opened: mailbox.Maildir | mailbox.mbox) -> Iterator[bytes]:
    for key in opened.keys():  # noqa: SIM118 - a mailbox iterates over messages, not keys
        yield opened.get_bytes(key)


def _told(decision: Decision) -> dict[str, object]:
    return {
        "action": type(decision.action).__name__,
        "findings": [{"rule": each.rule.value, "detail": each.detail} for each in decision.findings],
    }
