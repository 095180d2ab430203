"""`psa doctor`: says what is wrong and how to mend it."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from bot.channel import ChannelError
from core.audit.partitions import month_start, partition_name
from core.blobs.store import key_of
from core.chat.checks import check_chat
from core.errors import PsaError
from core.mail.mailbox_checks import check_mailboxes
from core.mail.model import OutgoingState, ReceiptOutcome, mail_receipts, outgoing_mails
from core.messaging.opening import open_event_bus
from core.messaging.operations import get_lag
from core.messaging.topology import queues_of
from core.settings import load_settings
from migrations.run import alembic_config
from psa.chat import Slack, open_chat
from psa.output import command, print_rows
from psa.processes import subscriptions
from psa.wiring import Parts, open_parts

SLOW_SECONDS = 60.0


class State(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do about it unless it is good."""

    check: str
    state: State
    detail: str
    mend: str = ""


async def _schema(parts: Parts) -> list[Finding]:
    async with parts.database.connect() as connection:
        current = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
        newest = await connection.run_sync(
            lambda sync: ScriptDirectory.from_config(alembic_config(sync)).get_current_head()
        )
        version = (await connection.execute(text("SHOW server_version"))).scalar_one()
        partition = partition_name(month_start(parts.clock.now(), 1))
        ahead = (await connection.execute(text("SELECT to_regclass(:name)"), {"name": partition})).scalar_one()
    findings = [Finding("database", State.GOOD, f"PostgreSQL {version} answers")]
    if current == newest:
        findings.append(Finding("schema", State.GOOD, f"revision {current}"))
    else:
        detail = f"revision {current or 'none'}, newest is {newest}"
        return [*findings, Finding("schema", State.BAD, detail, "Run `psa migrate`.")]
    if ahead is None:
        detail = f"partition {partition} is missing"
        findings.append(Finding("audit log", State.BAD, detail, "Run `psa migrate`; keep a core process running."))
    else:
        findings.append(Finding("audit log", State.GOOD, "partitions are made ahead"))
    return findings


async def _blobs(parts: Parts) -> list[Finding]:
    content = b"psa doctor"
    await parts.blobs.put(content)
    if await parts.blobs.get(key_of(content)) != content:
        return [Finding("blob store", State.BAD, "gave back other bytes than were put", "Check PSA_BLOB_URL.")]
    return [Finding("blob store", State.GOOD, parts.settings.blob_url or "folder in the data directory")]


async def _events(parts: Parts) -> list[Finding]:
    queues = queues_of(subscriptions(parts))
    async with open_event_bus(parts.settings, parts.database, queues) as bus:
        lag = await get_lag(parts.database, bus)
    findings = []
    if lag.pending and lag.oldest_pending_seconds > SLOW_SECONDS:
        detail = f"{lag.pending} events wait, the oldest for {lag.oldest_pending_seconds:.0f} s"
        mend = "See that `psa run` or `psa serve core` is running and that the broker answers."
        findings.append(Finding("events", State.BAD, detail, mend))
    else:
        findings.append(Finding("events", State.GOOD, f"{lag.pending} wait for the relay"))
    dead = sum(queue.dead for queue in lag.queues)
    if dead:
        mend = "Read `psa events dead`, mend the cause, then `psa events replay QUEUE`."
        findings.append(Finding("dead letters", State.BAD, f"{dead} deliveries failed too often", mend))
    return findings


async def _mails(parts: Parts) -> list[Finding]:
    since = parts.clock.now() - timedelta(days=7)
    failed = select(func.count()).select_from(mail_receipts)
    failed = failed.where(mail_receipts.c.outcome == ReceiptOutcome.FAILED, mail_receipts.c.created_at > since)
    unsent = select(func.count()).select_from(outgoing_mails).where(outgoing_mails.c.state == OutgoingState.FAILED)
    async with parts.database.connect() as connection:
        kept = (await connection.execute(failed)).scalar_one()
        undelivered = (await connection.execute(unsent)).scalar_one()
    findings = []
    if kept:
        mend = "Look at their receipts; `psa mail replay ID` decides again."
        findings.append(Finding("mail in", State.BAD, f"{kept} mails were kept after a fault this week", mend))
    else:
        findings.append(Finding("mail in", State.GOOD, "no mail failed this week"))
    if undelivered:
        mend = "See GET /api/v1/outgoing-mails?state=failed for the smarthost's words."
        findings.append(Finding("mail out", State.WARNING, f"{undelivered} mails could not be delivered", mend))
    if parts.settings.smarthost_url is None:
        detail = "no smarthost: outgoing mail stays in a local folder"
        findings.append(Finding("smarthost", State.WARNING, detail, "Set PSA_SMARTHOST_URL to send for real."))
    return findings


async def _mailboxes(parts: Parts) -> list[Finding]:
    problems = await check_mailboxes(parts.database, parts.clock.now())
    return [Finding(f"mailbox {each.mailbox}", State.BAD, each.problem, each.mend) for each in problems]


async def _chat(parts: Parts) -> list[Finding]:
    problems = await check_chat(parts.database, parts.clock.now())
    findings = [Finding("chat", State.BAD, each.problem, each.mend) for each in problems]
    async with open_chat(parts) as chat:
        if chat.slack is not None:
            findings.append(await _slack(chat.slack))
        if chat.teams is not None:
            findings.append(Finding("Teams", State.GOOD, "local, without tokens" if chat.teams.is_local else "set up"))
    return findings or [Finding("chat", State.GOOD, "the console; neither Slack nor Teams is set up")]


async def _slack(slack: Slack) -> Finding:
    """Whether Slack takes our token, and of which workspace it is."""
    try:
        workspace = await slack.people.workspace()
    except ChannelError as error:
        return Finding("Slack", State.BAD, str(error), "Check PSA_SLACK_BOT_TOKEN, and that the app is installed.")
    return Finding("Slack", State.GOOD, f"the token is good for workspace {workspace.team}")


async def _ports(parts: Parts) -> list[Finding]:
    findings = []
    settings = parts.settings
    for name, host, port in (
        ("HTTP", settings.http_host, settings.http_port),
        ("SMTP", settings.smtp_host, settings.smtp_port),
    ):
        with socket.socket() as probe:
            probe.settimeout(1)
            answers = probe.connect_ex((host, port)) == 0
        detail = f"{host}:{port} {'answers' if answers else 'is free'}"
        findings.append(Finding(f"{name} port", State.GOOD, detail))
    return findings


CHECKS: tuple[tuple[str, Callable[[Parts], Awaitable[list[Finding]]]], ...] = (
    ("database", _schema),
    ("blob store", _blobs),
    ("events", _events),
    ("mails", _mails),
    ("mailboxes", _mailboxes),
    ("chat", _chat),
    ("ports", _ports),
)


@command
async def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at everything; exit code 1 if something is bad."""
    findings: list[Finding] = []
    async with open_parts(load_settings()) as parts:
        for name, check in CHECKS:
            try:
                findings += await check(parts)
            except PsaError as error:
                findings.append(Finding(name, State.BAD, str(error), "Start it, or check its PSA_*_URL setting."))
    rows = [
        {"check": each.check, "state": each.state.value, "detail": each.detail, "mend": each.mend} for each in findings
    ]
    print_rows(rows, ("check", "state", "detail", "mend"), as_json=as_json, empty="")
    if any(each.state is State.BAD for each in findings):
        raise typer.Exit(1)
