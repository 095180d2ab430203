"""Routes of conversations, and of what became of a ticket's deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from pydantic import BaseModel, Field

from core.chat.conversations import ConversationChanges, ConversationFilter, Conversations
from core.chat.queries import find_deliveries
from core.chat.rules import ConversationKind, ConversationPurpose, DeliveryKind, DeliveryState, Surface
from core.database.engine import Database
from core.http.envelope import Document, Page, PageQuery, document, page, resource
from core.http.identifiers import uuid_in_path
from core.http.patch import Changes, unchanged
from core.http.route import Call, Reply, Route
from core.identity.roles import Permission
from core.ids import ConversationId, CustomerId
from core.tickets.queries import ticket_reference

MANAGE = frozenset({Permission.CHAT_MANAGE})


class ConversationAttributes(BaseModel):
    """Where people chat with the desk, and what it is for. `dropped_at`: the desk may not write there any more."""

    surface: Surface
    tenant: str
    external_id: str
    kind: ConversationKind
    purpose: ConversationPurpose
    name: str
    customer_id: UUID | None
    customer_name: str | None
    language: str
    dropped_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ConversationListQuery(PageQuery):
    surface: Surface | None = None
    purpose: ConversationPurpose | None = None
    customer_id: UUID | None = None
    is_dropped: bool = Field(False, description="Those where the desk may not write any more.")


class ConversationPatch(Changes):
    purpose: ConversationPurpose = unchanged("A channel that is shared with a customer also needs `customer_id`.")
    customer_id: UUID | None = unchanged()
    language: Literal["de", "en"] = unchanged()


class DeliveryAttributes(BaseModel):
    """Something that was sent of a ticket. `place` is an address, or the conversation's name."""

    via: str = Field(description="mail, teams, slack or console.")
    place: str
    kind: DeliveryKind
    state: DeliveryState
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


def routes(conversations: Conversations, database: Database) -> tuple[Route, ...]:
    """The routes of chat."""
    api = _ChatApi(conversations, database)
    shown = Document[ConversationAttributes]
    return (
        Route(
            "GET",
            "/api/v1/chat/conversations",
            "List where people chat with the desk",
            api.list_conversations,
            MANAGE,
            Page[ConversationAttributes],
            tag="Chat",
            query=ConversationListQuery,
        ),
        Route(
            "PATCH",
            "/api/v1/chat/conversations/{id}",
            "Say what a conversation is for",
            api.change_conversation,
            MANAGE,
            shown,
            tag="Chat",
            body=ConversationPatch,
        ),
        Route(
            "GET",
            "/api/v1/tickets/{id}/deliveries",
            "Show what was sent of a ticket by mail and in chat",
            api.list_deliveries,
            frozenset({Permission.TICKET_VIEW_ALL}),
            Page[DeliveryAttributes],
            tag="Chat",
            query=PageQuery,
        ),
    )


class _ChatApi:
    def __init__(self, conversations: Conversations, database: Database) -> None:
        self._conversations = conversations
        self._database = database

    async def list_conversations(self, call: Call) -> Reply:
        query = call.query(ConversationListQuery)
        wanted = ConversationFilter(
            query.surface,
            query.purpose,
            None if query.customer_id is None else CustomerId(query.customer_id),
            query.is_dropped,
        )
        found = await self._conversations.list_conversations(call.actor, wanted, limit=query.limit, offset=query.offset)
        data = [_conversation(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._database.clock.now()))

    async def change_conversation(self, call: Call) -> Reply:
        conversation_id = ConversationId(uuid_in_path(call, "id", "conversation"))
        changes = cast(ConversationChanges, call.body(ConversationPatch).given())
        await self._conversations.change_conversation(call.actor, conversation_id, changes)
        row = await self._conversations.get_conversation(call.actor, conversation_id)
        return Reply(document(_conversation(row), self._database.clock.now()))

    async def list_deliveries(self, call: Call) -> Reply:
        query = call.query(PageQuery)
        async with self._database.connect() as connection:
            found = await find_deliveries(
                connection, call.actor, ticket_reference(call.path["id"]), limit=query.limit, offset=query.offset
            )
        data = [_delivery(row) for row in found.rows]
        return Reply(page(data, query, found.total, call.url, self._database.clock.now()))


def _conversation(row: Mapping[str, Any]) -> dict[str, object]:
    of = {"customer": ("customer", row["customer_id"])}
    return resource("chat_conversation", row, ConversationAttributes, relationships=of)


def _delivery(row: Mapping[str, Any]) -> dict[str, object]:
    return resource("delivery", row, DeliveryAttributes, relationships={"message": ("message", row["message_id"])})
