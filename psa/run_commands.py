"""`psa run`, `psa serve …`, `psa migrate`: the processes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.panel import Panel

from core.clock import SystemClock
from core.database.engine import Database
from core.identity.passwords import hash_password
from core.identity.roles import Role
from core.messaging.bus import EventBus
from core.messaging.consumer import Subscription
from core.messaging.opening import open_event_bus
from core.messaging.topology import queues_of
from core.runtime.component import Component
from core.runtime.logs import configure_logs
from core.runtime.supervisor import supervise
from core.settings import Settings, load_settings
from ingest.releasing import RELEASE_QUEUE
from migrations.run import migrate
from psa.chat import Chat, open_chat
from psa.demo import DEMO_DOMAIN, is_empty, make_demo, send_doubtful_mail
from psa.output import command, stderr, stdout
from psa.processes import (
    chat_components,
    consumer_components,
    http_component,
    ingest_components,
    jobs,
    relay_component,
    sender_component,
    subscriptions,
)
from psa.wiring import Parts, database_url, mail_receiver, open_parts


class ProcessKind(StrEnum):
    """The kinds of process of a split deployment."""

    CORE = "core"
    BOT = "bot"
    INGEST = "ingest"
    NOTIFIER = "notifier"


@command
async def run(
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty database with a demo MSP.")] = False,
) -> None:
    """Run everything in one process, on the embedded PostgreSQL unless PSA_DATABASE_URL is set."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    async with open_parts(settings) as parts:
        if settings.database_url is not None:
            await migrate(parts.database, audit_retention_months=settings.audit_retention_months)
        password = await _make_demo_once(parts) if demo else None
        subscribed = subscriptions(parts)
        async with open_event_bus(settings, parts.database, queues_of(subscribed)) as bus, open_chat(parts) as chat:
            listeners, pollers = ingest_components(parts)
            components: list[Component] = [
                *chat_components(parts, chat, listeners),
                *listeners,
                pollers,
                relay_component(parts, bus),
                *consumer_components(parts, bus, subscribed),
                sender_component(parts),
                chat.sender(),
                *jobs(parts),
            ]
            _welcome(settings, password, demo=demo)
            await supervise(components, drain_seconds=settings.drain_seconds)


@command
async def serve(kind: Annotated[ProcessKind, typer.Argument(help="Which kind of process.")]) -> None:
    """Run one kind of process of a split deployment; all share PSA_DATABASE_URL and PSA_RABBITMQ_URL."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    async with open_parts(settings) as parts:
        subscribed = subscriptions(parts)
        async with open_event_bus(settings, parts.database, queues_of(subscribed)) as bus, open_chat(parts) as chat:
            await supervise(_components_of(kind, parts, bus, chat, subscribed), drain_seconds=settings.drain_seconds)


def _components_of(
    kind: ProcessKind, parts: Parts, bus: EventBus, chat: Chat, subscribed: Sequence[Subscription]
) -> Sequence[Component]:
    if kind is ProcessKind.CORE:
        return (http_component(parts), relay_component(parts, bus), *jobs(parts))
    if kind is ProcessKind.BOT:
        return chat_components(parts, chat)
    released = [each for each in subscribed if each.queue == RELEASE_QUEUE]
    if kind is ProcessKind.INGEST:
        listeners, pollers = ingest_components(parts)
        consumers = consumer_components(parts, bus, released)
        return (http_component(parts, listeners, api=False), *listeners, pollers, *consumers)
    notified = [each for each in subscribed if each not in released]
    return (
        http_component(parts, api=False),
        *consumer_components(parts, bus, notified),
        sender_component(parts),
        chat.sender(),
    )


@command
async def migrate_command() -> None:
    """Bring the database to the newest schema."""
    settings = load_settings()
    with database_url(settings) as url:
        database = Database(url, SystemClock())
        try:
            await migrate(database, audit_retention_months=settings.audit_retention_months)
        finally:
            await database.aclose()
    stdout.print("The database has the newest schema.")


async def _make_demo_once(parts: Parts) -> str | None:
    """The password of a demo that was made just now; None if there was one (or anything else) already."""
    if not await is_empty(parts.database):
        return None
    configured = parts.settings.demo_password
    password = configured.get_secret_value() if configured else secrets.token_urlsafe(12)
    await make_demo(parts.database.url, parts.clock, await asyncio.to_thread(hash_password, password))
    await send_doubtful_mail(mail_receiver(parts), parts.clock)
    return password


def _welcome(settings: Settings, password: str | None, *, demo: bool) -> None:
    web = f"http://{settings.http_host}:{settings.http_port}"
    smtp = f"{settings.smtp_host}:{settings.smtp_port}"
    lines = [
        f"Console      {web}/console",
        f"API          {web}/api/docs",
        f"SMTP         {smtp}, for {settings.desk_address}",
        f"Data         {settings.data_dir.resolve()}",
    ]
    if demo:
        lines.append(f"Log-ins      ROLE@{DEMO_DOMAIN}, ROLE one of {', '.join(Role)}")
        lines.append(f"Password     {password or 'as shown at the first start (or PSA_DEMO_PASSWORD)'}")
    stderr.print(Panel("\n".join(lines), title="PSA-Platform", expand=False), highlight=False)
    send = (
        f"python3 -c \"import smtplib;smtplib.SMTP('{settings.smtp_host}',{settings.smtp_port})"
        f".sendmail('anna.hofer@hofer-moebel.example',['{settings.desk_address}'],"
        "'From: Anna Hofer <anna.hofer@hofer-moebel.example>\\nSubject: Drucker druckt nicht\\n\\nBitte um Hilfe!')\""
    )
    stderr.print("Send a mail, then look at it:", highlight=False)
    stderr.print(f"  {send}", highlight=False, markup=False, soft_wrap=True)
    stderr.print("  psa ticket list", highlight=False)
