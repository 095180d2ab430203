"""The desk in chat without any surface: requests go in, answers come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from bot.answer import Answer
from bot.buttons import Buttons
from bot.commands.call import Services
from bot.desk import ChatDesk
from bot.request import Account, Place, Pressed, Said
from bot.views.card import Action, Card
from bot.views.living import Views
from core.actor import SYSTEM, Actor
from core.chat.accounts import ChatAccounts
from core.chat.conversations import ConversationChanges, Conversations, find_conversation, keep_conversation
from core.chat.deliveries import ShownView, queue_view
from core.chat.model import posted_cards
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.customers.service import Customers
from core.database.engine import Database
from core.identity.service import Users
from core.identity.tokens import AccessTokens
from core.ids import ConversationId, CustomerId, TicketId, new_uuid
from core.mail.quarantine import Quarantine
from core.secrets import KEY_BYTES, Keyring
from core.tickets.service import Tickets
from tests.integration.core.tickets.desk import Desk

PUBLIC_URL = "https://desk.example"
TEAM = "T1"


@dataclass
class FakeDirectory:
    """What the surface knows of its people and messages."""

    addresses: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    async def find_address(self, tenant: str, account: str) -> str | None:
        return self.addresses.get(account)

    async def find_text(self, place: Place, message: str) -> str | None:
        return self.texts.get(message)


@dataclass
class Chat:
    """Talks to the desk as somebody, somewhere. Each request has an origin of its own unless one is given."""

    desk: Desk
    chat: ChatDesk
    buttons: Buttons
    directory: FakeDirectory
    services: Services

    @property
    def database(self) -> Database:
        return self.desk.database

    def account(self, actor: Actor | None, name: str = "") -> Account:
        """The Slack account of a user, or of somebody whom nobody knows."""
        email = actor.email if actor else None
        return Account(Surface.SLACK, TEAM, f"U-{email or name}", name or (email or ""), email)

    @staticmethod
    def personal(account: Account) -> Place:
        return Place(Surface.SLACK, TEAM, f"D-{account.account}", ConversationKind.PERSONAL)

    @staticmethod
    def channel(name: str = "C1", thread: str | None = None) -> Place:
        return Place(Surface.SLACK, TEAM, name, ConversationKind.CHANNEL, thread=thread, name=name)

    async def say(
        self,
        actor: Actor | None,
        text: str,
        *,
        place: Place | None = None,
        message: str | None = None,
        is_addressed: bool = True,
        origin: UUID | None = None,
        name: str = "",
    ) -> Answer | None:
        account = self.account(actor, name)
        said = Said(account, place or self.personal(account), text, message, is_addressed)
        return await self.chat.answer(said, origin or new_uuid())

    async def ask(
        self,
        actor: Actor | None,
        text: str,
        *,
        place: Place | None = None,
        message: str | None = None,
        origin: UUID | None = None,
        name: str = "",
    ) -> Answer:
        """As `say`, for what has an answer."""
        answer = await self.say(actor, text, place=place, message=message, origin=origin, name=name)
        assert answer is not None
        return answer

    async def press(
        self,
        actor: Actor | None,
        action: Action,
        inputs: dict[str, str] | None = None,
        *,
        place: Place | None = None,
        message: str | None = None,
        origin: UUID | None = None,
    ) -> Answer:
        account = self.account(actor)
        value = self.buttons.value_of(action)
        pressed = Pressed(account, place or self.personal(account), value, inputs or {}, message)
        answer = await self.chat.answer(pressed, origin or new_uuid())
        assert answer is not None
        return answer

    async def post_card(self, place: Place, ticket: TicketId, number: int, message: str) -> ConversationId:
        """A ticket's card as it stands in a conversation."""
        async with self.database.begin(SYSTEM) as work:
            conversation = await keep_conversation(work, place.surface, place.tenant, place.conversation, place.kind)
            shown = ShownView("ticket", {"ticket": str(number)}, "de", (ticket,), ticket)
            card_id = await queue_view(work, conversation.id, shown)
            await work.flush()
            await work.execute(posted_cards.update().where(posted_cards.c.id == card_id).values(external_id=message))
        return conversation.id

    async def share(self, place: Place, customer_id: CustomerId) -> None:
        """Make a channel one that is shared with a customer."""
        async with self.database.begin(SYSTEM) as work:
            await keep_conversation(work, place.surface, place.tenant, place.conversation, place.kind)
        async with self.database.connect() as connection:
            found = await find_conversation(connection, place.surface, place.tenant, place.conversation)
        assert found is not None
        changes = ConversationChanges(purpose=ConversationPurpose.CUSTOMER, customer_id=customer_id)
        await Conversations(self.database).change_conversation(SYSTEM, found.id, changes)


def button(card: Card, command: str) -> Action:
    """The button of a card that gives this command."""
    return next(each for each in card.actions if isinstance(each, Action) and each.command == command)


def make_chat(desk: Desk) -> Chat:
    database = desk.database
    directory = FakeDirectory()
    users = Users(database, AccessTokens(database, Keyring(bytes(KEY_BYTES))))
    services = Services(
        database=database,
        tickets=Tickets(database),
        customers=Customers(database),
        users=users,
        accounts=ChatAccounts(database, link_by_address=True),
        conversations=Conversations(database),
        quarantine=Quarantine(database),
        views=Views(database, public_url=PUBLIC_URL, desk_address="support@desk.example"),
        public_url=PUBLIC_URL,
    )
    buttons = Buttons(bytes(range(32)))
    return Chat(
        desk, ChatDesk(services, buttons, {Surface.SLACK: directory}, language="de"), buttons, directory, services
    )
