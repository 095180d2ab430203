"""`psa chat …`: what goes out in chat, what is dead, and where people chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from core.actor import SYSTEM
from core.chat.arrivals import ChatArrivals
from core.chat.conversations import ConversationFilter, Conversations
from core.chat.deliveries import retry_delivery
from core.chat.queries import DeliveryFilter, list_chat_deliveries, list_failed_arrivals
from core.chat.rules import DeliveryState, Surface
from core.errors import NotFound
from core.ids import ArrivalId, ChatDeliveryId
from core.settings import load_settings
from psa.output import command, print_json, print_rows, stdout
from psa.wiring import open_parts

chat = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Chat: what goes out, what is dead, and where people chat."
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
SurfaceOption = Annotated[Surface | None, typer.Option(help="One surface only.")]

DELIVERY_COLUMNS = ("created_at", "surface", "place", "kind", "state", "attempts", "ticket", "error", "id")


@chat.command("deliveries")
@command
async def deliveries(
    limit: LimitOption = 20,
    surface: SurfaceOption = None,
    state: Annotated[DeliveryState | None, typer.Option(help="One state only.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what goes out in chat, newest first."""
    wanted = DeliveryFilter((state,) if state else (), surface)
    async with open_parts(load_settings()) as parts, parts.database.connect() as connection:
        found = await list_chat_deliveries(connection, wanted, limit=limit)
    rows = [_delivery(row) for row in found.rows]
    print_rows(rows, DELIVERY_COLUMNS, as_json=as_json, empty="Nothing went out in chat.")


@chat.command("dead")
@command
async def dead(limit: LimitOption = 100, as_json: JsonOption = False) -> None:
    """Show what could not be sent, and what arrived and could not be done, with the last error."""
    async with open_parts(load_settings()) as parts, parts.database.connect() as connection:
        sent = await list_chat_deliveries(connection, DeliveryFilter((DeliveryState.FAILED,)), limit=limit)
        arrived = await list_failed_arrivals(connection, limit=limit)
    rows = [
        *({"what": "delivery", **_delivery(row)} for row in sent.rows),
        *(
            {
                "what": "arrival",
                "created_at": row["received_at"].isoformat(timespec="seconds"),
                "surface": row["surface"],
                "attempts": row["attempts"],
                "error": row["last_error"],
                "id": str(row["id"]),
            }
            for row in arrived.rows
        ),
    ]
    columns = ("what", "created_at", "surface", "place", "attempts", "ticket", "error", "id")
    print_rows(
        [{name: row.get(name) for name in columns} for row in rows], columns, as_json=as_json, empty="Nothing is dead."
    )


@chat.command("retry")
@command
async def retry(
    dead_id: Annotated[UUID, typer.Argument(help="A delivery or arrival (see `psa chat dead`).")],
    as_json: JsonOption = False,
) -> None:
    """Try something dead once more."""
    async with open_parts(load_settings()) as parts:
        what = "delivery"
        try:
            async with parts.database.begin(SYSTEM) as work:
                await retry_delivery(work, ChatDeliveryId(dead_id))
        except NotFound:
            what = "arrival"
            await ChatArrivals(parts.database).retry(ArrivalId(dead_id))
    if as_json:
        print_json({"retried": what, "id": str(dead_id)})
    else:
        stdout.print(f"The {what} is tried again.", highlight=False)


@chat.command("conversations")
@command
async def conversations(
    limit: LimitOption = 100,
    surface: SurfaceOption = None,
    dropped: Annotated[bool, typer.Option("--dropped", help="Those where the desk may not write any more.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where people chat with the desk, and what it is for."""
    async with open_parts(load_settings()) as parts:
        found = await Conversations(parts.database).list_conversations(
            SYSTEM, ConversationFilter(surface, is_dropped=dropped), limit=limit
        )
    rows = [
        {
            "surface": row["surface"],
            "name": row["name"] or row["external_id"],
            "kind": row["kind"],
            "purpose": row["purpose"],
            "customer": row["customer_name"],
            "language": row["language"],
            "id": str(row["id"]),
        }
        for row in found.rows
    ]
    columns = ("surface", "name", "kind", "purpose", "customer", "language", "id")
    print_rows(rows, columns, as_json=as_json, empty="Nobody chats with the desk yet.")


def _delivery(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "created_at": row["created_at"].isoformat(timespec="seconds"),
        "surface": row["via"],
        "place": row["place"],
        "kind": row["kind"],
        "state": row["state"],
        "attempts": row["attempts"],
        "ticket": f"#{row['number']}" if row["number"] else None,
        "error": row["last_error"],
        "id": str(row["id"]),
    }
