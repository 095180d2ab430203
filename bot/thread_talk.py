"""What people say, change and take back in a ticket's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from bot.commands.call import SOURCES, Services
from bot.commands.catalogue import COMMANDS
from bot.commands.parsing import parse_line
from bot.request import Edited, Place, Said
from bot.turn import Directory, Turn, Turns, person_of
from core.actor import SYSTEM, Actor
from core.chat.cards import find_ticket_of_thread
from core.chat.conversations import Conversation, find_conversation
from core.chat.messages import find_message_by_chat_id
from core.chat.rules import ConversationPurpose, Surface
from core.errors import AlreadyDone, Conflict, NotFound
from core.identity.roles import Role
from core.ids import ConversationId, MessageId, TicketNumber
from core.tickets.lookups import find_living_number
from core.tickets.model import messages
from core.tickets.queries import get_ticket
from core.tickets.rules import MessageKind
from core.tickets.writing import SaidIn


class ThreadTalk:
    """Internal by default: staff's words are notes, except in a channel where the customer reads them anyway."""

    def __init__(self, services: Services, turns: Turns, directories: Mapping[Surface, Directory]) -> None:
        self._services = services
        self._turns = turns
        self._directories = directories

    async def find_ticket(self, conversation_id: ConversationId, thread: str) -> TicketNumber | None:
        """The ticket to which a thread belongs; where that was merged, the one in which it goes on."""
        async with self._services.database.connect() as connection:
            ticket_id = await find_ticket_of_thread(connection, conversation_id, thread)
            return await find_living_number(connection, ticket_id) if ticket_id is not None else None

    async def may_stand_in(self, conversation: Conversation, ticket: TicketNumber) -> bool:
        """False where the conversation is shared with a customer, and the ticket is another's by now."""
        if conversation.customer_id is None:
            return True
        async with self._services.database.connect() as connection:
            try:
                found = await get_ticket(connection, SYSTEM, ticket)
            except NotFound:
                return False
        return bool(found["customer_id"] == conversation.customer_id)

    async def add(self, turn: Turn, said: Said, ticket: TicketNumber, said_in: SaidIn | None) -> None:
        """Write what was said on the ticket, once. Raises Conflict where that would tell another customer."""
        if turn.person is None or not said.text.strip():
            return
        actor = turn.person.actor
        is_shared = turn.conversation.purpose is ConversationPurpose.CUSTOMER
        if is_shared and not actor.is_staff:
            # The ticket's card stands in this channel, so whoever talks here may write on it.
            actor = replace(actor, role=Role.CUSTOMER_TECHNICIAN)
        if actor.is_staff and not await self.may_stand_in(turn.conversation, ticket):
            raise Conflict(f"Ticket #{ticket} is not this customer's; nothing was written on it.")
        kind = MessageKind.PUBLIC if is_shared or not actor.is_staff else MessageKind.NOTE
        try:
            await self._services.tickets.add_message(
                actor, ticket, kind, said.text, source=SOURCES[turn.account.surface], said_in=said_in
            )
        except AlreadyDone:
            return

    async def revise(self, edited: Edited, origin: UUID) -> None:
        """Follow a change where it was said; what nobody wrote on a ticket is nothing to us."""
        place = edited.place
        async with self._services.database.connect() as connection:
            conversation = await find_conversation(connection, place.surface, place.tenant, place.conversation)
            if conversation is None:
                return
            message_id = await find_message_by_chat_id(connection, conversation.id, edited.message)
        if message_id is None:
            return
        actor = await self._author(edited, conversation)
        text = edited.text if edited.text is None else await self._said_by(message_id, edited.text)
        try:
            await self._services.tickets.revise_message(
                replace(actor, origin=origin, request_id=str(origin)), message_id, text
            )
        except AlreadyDone:
            return

    async def _said_by(self, message_id: MessageId, line: str) -> str:
        """What a changed chat message says on the ticket: of a command its text, as when it was given.

        Talk that begins like a command was written down as a whole, and stays whole.
        """
        said = _text_of_command(line)
        if said is None:
            return line
        async with self._services.database.connect() as connection:
            before = (await connection.execute(select(messages.c.text).where(messages.c.id == message_id))).scalar_one()
        return line if _text_of_command(before) is not None else said

    async def find_text(self, place: Place, message: str) -> str | None:
        """What a message says, as its surface tells."""
        directory = self._directories.get(place.surface)
        return await directory.find_text(place, message) if directory is not None else None

    async def _author(self, edited: Edited, conversation: Conversation) -> Actor:
        """Who changed it; a surface that does not say lets nobody but the author and its own administrators."""
        if edited.account is None:
            return SYSTEM
        person = person_of(await self._turns.recognise(edited.account), edited.account, conversation)
        return person.actor if person is not None else SYSTEM


def _text_of_command(line: str) -> str | None:
    """The text of a line that gives a command with one; None for any other line."""
    parsed = parse_line(line, COMMANDS)
    return parsed.arguments.get("text") if parsed.command is not None else None
