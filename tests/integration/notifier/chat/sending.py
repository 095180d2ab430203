"""What the tests of the chat sender share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from bot.views.card import Card
from bot.views.living import Views
from core.actor import SYSTEM
from core.chat.deliveries import (
    ShownView,
    queue_content,
)
from core.chat.model import chat_deliveries
from core.chat.rules import Surface
from core.database.engine import Database
from core.ids import ConversationId, TicketId
from core.runtime.metrics import Metrics
from notifier.chat.budget import SurfaceLimits
from notifier.chat.sender import ChatSender
from tests.integration.core.messaging.spine import eventually
from tests.integration.notifier.chat.recording import RecordingChannel

UNLIMITED = dict.fromkeys(Surface, SurfaceLimits())


def sender(
    database: Database,
    channel: RecordingChannel,
    limits: dict[Surface, SurfaceLimits] | None = None,
    metrics: Metrics | None = None,
) -> ChatSender:
    views = Views(database, public_url="http://desk.example", desk_address="support@desk.example")
    return ChatSender(database, {channel.surface: channel}, views, metrics or Metrics(), limits=limits or UNLIMITED)


def content(heading: str) -> dict[str, Any]:
    return Card(heading=heading, summary=heading).model_dump(mode="json")


def own(number: int, ticket: TicketId, language: str = "en") -> ShownView:
    return ShownView("ticket", {"ticket": str(number)}, language, (ticket,), ticket)


async def say(database: Database, conversation: ConversationId, *headings: str) -> None:
    for heading in headings:
        async with database.begin(SYSTEM) as work:
            await queue_content(work, conversation, content(heading))


async def rows_of(database: Database) -> list[Row[Any]]:
    async with database.connect() as connection:
        return list(await connection.execute(select(chat_deliveries).order_by(chat_deliveries.c.id)))


async def states(database: Database) -> list[str]:
    return [row.state for row in await rows_of(database)]


async def until_states(database: Database, *wanted: str) -> None:
    async def reached() -> bool:
        return await states(database) == list(wanted)

    await eventually(reached)


async def until_none_is_queued(database: Database) -> None:
    async def reached() -> bool:
        return "queued" not in await states(database)

    await eventually(reached)
