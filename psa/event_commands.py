"""`psa events …`: what went through the event spine, what is stuck, what is dead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import typer

from core.errors import NotFound
from core.messaging.bus import EventBus
from core.messaging.opening import open_event_bus
from core.messaging.operations import get_lag, list_dead_letters, list_events, replay_dead_letters
from core.messaging.topology import queues_of
from core.settings import load_settings
from psa.output import command, print_json, print_rows, stdout
from psa.processes import subscriptions
from psa.wiring import Parts, open_parts

events = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The event spine: what happened, what is stuck, what is dead."
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple[Parts, EventBus]]:
    async with open_parts(load_settings()) as parts:
        queues = queues_of(subscriptions(parts))
        async with open_event_bus(parts.settings, parts.database, queues) as bus:
            yield parts, bus


@events.command("tail")
@command
async def tail(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20, as_json: JsonOption = False
) -> None:
    """Show the newest events, oldest first."""
    async with open_parts(load_settings()) as parts:
        found = await list_events(parts.database, limit=limit)
    rows = [
        {
            "position": event.position,
            "name": event.envelope.name,
            "occurred_at": event.envelope.occurred_at.isoformat(timespec="seconds"),
            "published": event.published_at is not None,
            "id": str(event.envelope.id),
        }
        | ({"payload": event.envelope.payload} if as_json else {})
        for event in found
    ]
    columns = ("position", "name", "occurred_at", "published", "id")
    print_rows(rows, columns, as_json=as_json, empty="No events yet.")


@events.command("dead")
@command
async def dead(as_json: JsonOption = False) -> None:
    """Show deliveries that failed too often, with their last error."""
    async with _opened() as (parts, bus):
        letters = await list_dead_letters(bus, queues_of(subscriptions(parts)))
    rows = [
        {
            "queue": letter.queue,
            "event": letter.envelope.name,
            "id": str(letter.envelope.id),
            "attempts": letter.attempts,
            "dead_at": letter.dead_at.isoformat(timespec="seconds"),
            "error": letter.error,
        }
        for letter in letters
    ]
    columns = ("queue", "event", "id", "attempts", "dead_at", "error")
    print_rows(rows, columns, as_json=as_json, empty="No dead letters.")


@events.command("replay")
@command
async def replay(
    queue: Annotated[str, typer.Argument(help="The queue of the dead letters (see `psa events dead`).")],
    event_id: Annotated[UUID | None, typer.Argument(help="One event; default: all of the queue.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver dead letters again."""
    async with _opened() as (parts, bus):
        if queue not in {each.name for each in queues_of(subscriptions(parts))}:
            raise NotFound("queue", queue)
        count = await replay_dead_letters(bus, queue, event_id)
    if as_json:
        print_json({"replayed": count})
    else:
        stdout.print(f"{count} deliveries are tried again.", highlight=False)


@events.command("lag")
@command
async def lag(as_json: JsonOption = False) -> None:
    """Show how far the spine is behind."""
    async with _opened() as (parts, bus):
        found = await get_lag(parts.database, bus)
    rows = [
        {"queue": each.queue, "waiting": each.waiting, "retrying": each.retrying, "dead": each.dead}
        for each in found.queues
    ]
    if as_json:
        print_json({"pending": found.pending, "oldest_pending_seconds": found.oldest_pending_seconds, "queues": rows})
        return
    oldest = f", the oldest for {found.oldest_pending_seconds:.0f} s" if found.pending else ""
    stdout.print(f"{found.pending} events wait for the relay{oldest}.", highlight=False)
    print_rows(rows, ("queue", "waiting", "retrying", "dead"), as_json=False, empty="No queues.")
