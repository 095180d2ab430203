"""Draws what a delivery shows, as it is true now, for whom it is meant now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.person import Person, customer_person, desk_person
from bot.views.card import Card, View
from bot.views.living import Views
from bot.views.notices import error_card
from core.actor import Actor, ActorKind
from core.chat.cards import PostedCard, find_own_card
from core.chat.conversations import Conversation
from core.chat.model import ConversationKind, chat_accounts
from core.customers.model import contacts
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.identity.model import users
from core.identity.queries import find_user
from core.ids import CustomerId, TicketId, UserId
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
            return None if due.content is None else _to_show(Card.model_validate(due.content))
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


def _to_show(card: Card) -> ToShow:
    return ToShow(card, sha256(card.model_dump_json().encode()).hexdigest())


async def _stands_already(connection: AsyncConnection, conversation: Conversation, card: PostedCard) -> bool:
    if card.ticket_id is None:
        return False
    return await find_own_card(connection, conversation.id, card.ticket_id, besides=card.id) is not None


async def _find_person(connection: AsyncConnection, conversation: Conversation, card: PostedCard) -> Person | None:
    """All of the customer whose channel it is, all of the desk in other channels; else whose conversation it is now."""
    if conversation.customer_id is not None:
        return customer_person(conversation.customer_id, card.language)
    if conversation.kind is not ConversationKind.PERSONAL:
        return desk_person(card.language)
    a = chat_accounts.c
    owner = (
        select(a.user_id, contacts.c.customer_id)
        .outerjoin(contacts, (contacts.c.id == a.contact_id) & contacts.c.deleted_at.is_(None))
        .where(a.id == conversation.account_id)
    )
    row = (await connection.execute(owner)).one_or_none()
    # An account that was unlinked, or is another's now, is shown nothing of what was its owner's.
    if row is None or row.user_id != card.user_id:
        return None
    if row.user_id is not None:
        return await _find_user(connection, UserId(row.user_id), card.language)
    return None if row.customer_id is None else customer_person(CustomerId(row.customer_id), card.language)


async def _find_user(connection: AsyncConnection, user_id: UserId, language: str) -> Person | None:
    user = await find_user(connection, users.c.id == user_id)
    if user is None or not user.is_active:
        return None
    actor = Actor(kind=ActorKind.USER, user_id=user.id, email=user.email, role=user.role, customer_id=user.customer_id)
    return Person(actor, f"{user.first_name} {user.last_name}".strip(), language, user.timezone)
