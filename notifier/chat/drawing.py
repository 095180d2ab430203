"""Draws what a delivery shows, as it is true now, for whom it is meant now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.person import Person, contact_person, customer_person, desk_person
from bot.views.card import Card, View
from bot.views.living import Views
from bot.views.notices import error_card
from core.actor import Actor, ActorKind
from core.chat.cards import PostedCard, find_own_card
from core.chat.conversations import Conversation
from core.chat.model import chat_accounts
from core.chat.rules import ConversationKind
from core.customers.model import contacts
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.identity.model import users
from core.identity.queries import find_user
from core.ids import CustomerId, TicketId, UserId
from core.tickets.model import messages, tickets
from core.tickets.queries import message_scope, ticket_scope
from notifier.chat.queue import DueDelivery


@dataclass(frozen=True, slots=True)
class ToShow:
    """A card to be sent. `digest` is the same for the same card; it `ends` where it is not to be drawn again."""

    card: Card
    digest: str
    tickets: tuple[TicketId, ...] = ()
    ends: bool = False


class Drawing:
    """Draws deliveries. Raises Unavailable."""

    def __init__(self, database: Database, views: Views) -> None:
        self._database = database
        self._views = views

    async def draw(self, due: DueDelivery) -> ToShow | None:
        """What the delivery shows; None where there is nobody, or no more need, to show it."""
        if due.card is None:
            return await self._draw_content(due)
        async with self._database.connect() as connection:
            if due.is_first_card and await _stands_already(connection, due.conversation, due.card):
                return None
            person = await _find_person(connection, due.conversation, due.card)
        if person is None:
            return None
        try:
            drawn = await self._views.draw(View(name=due.card.view, arguments=dict(due.card.arguments)), person)
        except (NotFound, PermissionDenied) as error:
            # Deleted, or theirs no longer: what stood there must not stay.
            return replace(_to_show(error_card(error, person.language)), ends=True)
        return replace(_to_show(drawn.card), tickets=drawn.tickets)

    async def _draw_content(self, due: DueDelivery) -> ToShow | None:
        """What never changes, if what it tells of is still there, and theirs, for whom it was meant."""
        if due.content is None:
            return None
        if due.ticket_id is not None and due.recipient is None:
            async with self._database.connect() as connection:
                if not await _may_be_told(connection, due, due.ticket_id):
                    return None
        return _to_show(Card.model_validate(due.content))


def _to_show(card: Card) -> ToShow:
    return ToShow(card, sha256(card.model_dump_json().encode()).hexdigest())


async def _stands_already(connection: AsyncConnection, conversation: Conversation, card: PostedCard) -> bool:
    if card.ticket_id is None:
        return False
    return await find_own_card(connection, conversation.id, card.ticket_id, besides=card.id) is not None


async def _may_be_told(connection: AsyncConnection, due: DueDelivery, ticket_id: TicketId) -> bool:
    """Whether who reads the conversation may see the ticket now, and the message that is told of it."""
    reader = await _find_reader(connection, due.conversation, due.conversation.language)
    if reader is None:
        return False
    seen = select(tickets.c.id).where(tickets.c.id == ticket_id, ticket_scope(reader.actor))
    if due.message_id is not None:
        m = messages.c
        stands = exists().where(m.id == due.message_id, m.deleted_at.is_(None), message_scope(reader.actor))
        seen = seen.where(stands)
    return (await connection.execute(seen)).first() is not None


async def _find_person(connection: AsyncConnection, conversation: Conversation, card: PostedCard) -> Person | None:
    """Who reads the conversation now. An account that is another's by now is shown nothing of its earlier owner's."""
    reader = await _find_reader(connection, conversation, card.language)
    is_one = conversation.kind is ConversationKind.PERSONAL and conversation.customer_id is None
    return None if reader is None or (is_one and reader.actor.user_id != card.user_id) else reader


async def _find_reader(connection: AsyncConnection, conversation: Conversation, language: str) -> Person | None:
    """All of the customer whose channel it is, all of the desk in other channels; else whose conversation it is now."""
    if conversation.customer_id is not None:
        return customer_person(conversation.customer_id, language)
    if conversation.kind is not ConversationKind.PERSONAL:
        return desk_person(language)
    a, c = chat_accounts.c, contacts.c
    owner = (
        select(a.user_id, c.customer_id, c.first_name, c.last_name, c.email)
        .outerjoin(contacts, (c.id == a.contact_id) & c.deleted_at.is_(None))
        .where(a.id == conversation.account_id)
    )
    row = (await connection.execute(owner)).one_or_none()
    if row is not None and row.user_id is not None:
        return await _find_user(connection, UserId(row.user_id), language)
    if row is None or row.customer_id is None:
        return None
    name = f"{row.first_name} {row.last_name}".strip()
    return contact_person(CustomerId(row.customer_id), name, row.email, language)


async def _find_user(connection: AsyncConnection, user_id: UserId, language: str) -> Person | None:
    user = await find_user(connection, users.c.id == user_id)
    if user is None or not user.is_active:
        return None
    actor = Actor(kind=ActorKind.USER, user_id=user.id, email=user.email, role=user.role, customer_id=user.customer_id)
    return Person(actor, f"{user.first_name} {user.last_name}".strip(), language, user.timezone)
