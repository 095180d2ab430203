"""Which chat messages are which messages of tickets: by these, edits find what they change, and nothing echoes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.chat.model import chat_messages
from core.database.unit_of_work import UnitOfWork
from core.ids import ConversationId, MessageId


async def find_message_by_chat_id(
    connection: AsyncConnection, conversation_id: ConversationId, external_id: str
) -> MessageId | None:
    """The message that was said by this chat message; not one that the desk only showed there."""
    m = chat_messages.c
    said = select(m.message_id).where(m.conversation_id == conversation_id, m.external_id == external_id, m.is_origin)
    found = (await connection.execute(said)).scalar_one_or_none()
    return None if found is None else MessageId(found)


async def find_conversations_with(connection: AsyncConnection, message_id: MessageId) -> frozenset[ConversationId]:
    """The conversations where the message stands already, because it was said or shown there."""
    m = chat_messages.c
    found = await connection.execute(select(m.conversation_id).where(m.message_id == message_id))
    return frozenset(ConversationId(row.conversation_id) for row in found)


def note_shown(work: UnitOfWork, conversation_id: ConversationId, external_id: str, message_id: MessageId) -> None:
    """The message was said elsewhere and is shown by this chat message."""
    work.insert(
        chat_messages,
        {
            "conversation_id": conversation_id,
            "external_id": external_id,
            "message_id": message_id,
            "is_origin": False,
            "created_at": work.now,
        },
    )
