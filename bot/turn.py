"""A turn: who talks and where, as the desk knows them, before anything is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from bot.person import Person, contact_person, customer_person, desk_person
from bot.request import Account, Place
from core.actor import SYSTEM, Actor, ActorKind
from core.chat.accounts import ChatAccounts, KnownAccount
from core.chat.conversations import Conversation, keep_conversation
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.engine import Database
from core.identity.roles import Role


class Directory(Protocol):
    """What a surface can be asked about its people and messages, when the desk needs to know. Raises Unavailable."""

    async def find_address(self, tenant: str, account: str) -> str | None:
        """The address that the surface vouches for: of a member (no guest, no machine) of the own organisation."""
        ...

    async def find_text(self, place: Place, message: str) -> str | None:
        """What a message says."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """`person` is None for someone whom the desk does not know."""

    account: Account
    place: Place
    conversation: Conversation
    person: Person | None

    @property
    def language(self) -> str:
        return self.person.language if self.person else self.conversation.language

    @property
    def is_personal(self) -> bool:
        return self.conversation.kind is ConversationKind.PERSONAL

    def may_show(self, person: Person) -> bool:
        """Whether the person may show things to everybody here: the desk's people anywhere, others among themselves."""
        if self.is_personal or person.actor.is_staff:
            return True
        return self.conversation.customer_id == person.actor.customer_id

    @property
    def onlooker(self) -> Person:
        """For whom a card is drawn that everybody in the conversation sees."""
        if self.is_personal and self.person is not None:
            return self.person
        if self.conversation.customer_id is not None:
            return customer_person(self.conversation.customer_id, self.conversation.language)
        return desk_person(self.conversation.language)


class Turns:
    """Finds out whose turn it is."""

    def __init__(
        self, database: Database, accounts: ChatAccounts, directories: Mapping[Surface, Directory], language: str
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._directories = directories
        self._language = language

    async def begin(self, account: Account, place: Place, origin: UUID | None = None) -> Turn:
        """The turn of an account in a place, both of which are remembered."""
        known = await self.recognise(account)
        conversation = await self.remember(place, account, known)
        person = person_of(known, account, conversation)
        if person is not None and origin is not None:
            person = replace(person, actor=replace(person.actor, origin=origin, request_id=str(origin)))
        return Turn(account, place, conversation, person)

    async def recognise(self, account: Account) -> KnownAccount:
        """The account; one that is linked to nobody yet is looked up in its surface's directory once a turn."""
        known = await self._recognise(account, account.address)
        directory = self._directories.get(account.surface)
        if known.user is None and known.contact is None and account.address is None and directory is not None:
            address = await directory.find_address(account.tenant, account.account)
            if address is not None:
                known = await self._recognise(account, address)
        return known

    async def remember(
        self, place: Place, account: Account | None = None, known: KnownAccount | None = None
    ) -> Conversation:
        """The conversation, with what is needed to write there by ourselves; a personal one is the account's."""
        is_personal = place.kind is ConversationKind.PERSONAL
        async with self._database.begin(SYSTEM) as work:
            return await keep_conversation(
                work,
                place.surface,
                place.tenant,
                place.conversation,
                place.kind,
                name=place.name,
                reference=place.reference,
                language=known.user.language if is_personal and known and known.user else self._language,
                account=account.account if is_personal and account else None,
            )

    async def _recognise(self, account: Account, address: str | None) -> KnownAccount:
        return await self._accounts.recognise(
            account.surface, account.tenant, account.account, display_name=account.display_name, address=address
        )


def person_of(known: KnownAccount, account: Account, conversation: Conversation | None) -> Person | None:
    """The person behind an account: a user, a contact, or somebody in a channel that is shared with a customer."""
    if known.user is not None:
        user = known.user
        actor = Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id)
        return Person(actor, f"{user.first_name} {user.last_name}", user.language, user.timezone)
    shared_with = conversation.customer_id if conversation else None
    if known.contact is not None and shared_with in (None, known.contact.customer_id):
        contact = known.contact
        return contact_person(contact.customer_id, contact.name, contact.address, contact.language)
    if conversation is not None and conversation.purpose is ConversationPurpose.CUSTOMER and known.contact is None:
        name = account.display_name or account.account
        actor = Actor(ActorKind.CONTACT, role=Role.CUSTOMER_USER, customer_id=shared_with, name=name)
        return Person(actor, name, conversation.language)
    return None
