"""A desk that chats: users, customers, accounts, conversations and tickets for the tests of chat."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert

from core.actor import SYSTEM, Actor, ActorKind
from core.chat.conversations import Conversation, Conversations, keep_conversation
from core.chat.model import chat_accounts
from core.chat.rules import ConversationKind, ConversationPurpose, LinkedBy, Surface
from core.customers.model import customers
from core.database.engine import Database
from core.identity.model import users
from core.identity.roles import Role
from core.ids import ChatAccountId, ConversationId, CustomerId, TicketId, UserId, new_uuid
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, TicketRef, open_ticket, take_ticket_numbers

MANAGER = Actor(kind=ActorKind.USER, role=Role.SERVICE_MANAGER)
TENANT = "T1"


@dataclass(frozen=True, slots=True)
class ChatWorld:
    """Makes what a test needs. Everything is on Slack unless it says otherwise."""

    database: Database

    async def add_customer(self, name: str = "Kunde") -> CustomerId:
        customer_id = CustomerId(new_uuid())
        async with self.database.begin(SYSTEM) as work:
            now = {"created_at": work.now, "updated_at": work.now}
            await work.execute(insert(customers).values(id=customer_id, name=name, status="active", **now))
        return customer_id

    async def add_user(self, name: str, role: Role = Role.TECHNICIAN_L2) -> UserId:
        user_id = UserId(new_uuid())
        async with self.database.begin(SYSTEM) as work:
            now = {"created_at": work.now, "updated_at": work.now}
            person = {"email": f"{name}@desk.example", "first_name": name, "last_name": "T", "role": role.value}
            await work.execute(insert(users).values(id=user_id, **person, **now))
        return user_id

    async def add_account(
        self, account: str, user_id: UserId | None = None, surface: Surface = Surface.SLACK
    ) -> ChatAccountId:
        account_id = ChatAccountId(new_uuid())
        linked = {"user_id": user_id, "linked_by": LinkedBy.CODE.value} if user_id else {}
        async with self.database.begin(SYSTEM) as work:
            now = {"created_at": work.now, "updated_at": work.now}
            who = {"surface": surface.value, "tenant": TENANT, "account": account}
            await work.execute(insert(chat_accounts).values(id=account_id, **who, **linked, **now))
        return account_id

    async def add_conversation(
        self,
        external_id: str,
        kind: ConversationKind = ConversationKind.CHANNEL,
        *,
        surface: Surface = Surface.SLACK,
        account: str | None = None,
        purpose: ConversationPurpose = ConversationPurpose.TALK,
        customer_id: CustomerId | None = None,
    ) -> Conversation:
        async with self.database.begin(SYSTEM) as work:
            made = await keep_conversation(work, surface, TENANT, external_id, kind, account=account, language="en")
        if purpose is ConversationPurpose.TALK:
            return made
        await self.purpose(made.id, purpose, customer_id)
        async with self.database.begin(SYSTEM) as work:
            return await keep_conversation(work, surface, TENANT, external_id, kind, account=account)

    async def purpose(
        self, conversation_id: ConversationId, purpose: ConversationPurpose, customer_id: CustomerId | None = None
    ) -> None:
        await Conversations(self.database).change_conversation(
            MANAGER, conversation_id, {"purpose": purpose, "customer_id": customer_id}
        )

    async def open_ticket(self, customer_id: CustomerId, title: str = "Drucker") -> TicketRef:
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.EMAIL, "Er druckt nicht.", "Anna", is_inbound=True)
        async with self.database.begin(SYSTEM) as work:
            (number,) = await take_ticket_numbers(work, 1)
            draft = NewTicket(customer_id, None, title, TicketPriority.MEDIUM, TicketSource.EMAIL, opening)
            ref, _ = open_ticket(work, draft, number)
        return ref

    async def add_ticket(self) -> TicketId:
        return (await self.open_ticket(await self.add_customer(f"Kunde {new_uuid()}"))).id
