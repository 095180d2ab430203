"""A command being given: by whom, with what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from bot.person import Person
from bot.request import Account
from bot.views.card import Card, View
from bot.views.living import Views
from bot.wording import Words
from core.chat.accounts import ChatAccounts
from core.chat.conversations import Conversations
from core.chat.rules import Surface
from core.customers.service import Customers
from core.database.engine import Database
from core.errors import InvalidInput
from core.identity.service import Users
from core.ids import ConversationId, TicketNumber
from core.mail.quarantine import Quarantine
from core.tickets.rules import TicketPriority, TicketSource, TicketStatus
from core.tickets.service import Tickets
from core.tickets.writing import SaidIn

SOURCES = {
    Surface.TEAMS: TicketSource.TEAMS,
    Surface.SLACK: TicketSource.SLACK,
    Surface.CONSOLE: TicketSource.CONSOLE,
}

MISSING = Words("Es fehlt: {label}.", "Missing: {label}.")


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases that commands call."""

    database: Database
    tickets: Tickets
    customers: Customers
    users: Users
    accounts: ChatAccounts
    conversations: Conversations
    quarantine: Quarantine
    views: Views
    public_url: str


@dataclass(frozen=True, slots=True)
class Call:
    """A command with its raw arguments, and where it was given.

    `said_in` is the chat message that gave it, where that says something itself.
    """

    services: Services
    person: Person
    account: Account
    arguments: Mapping[str, str]
    said_in: SaidIn | None = None
    conversation_id: ConversationId | None = None

    @property
    def language(self) -> str:
        return self.person.language

    @property
    def source(self) -> TicketSource:
        return SOURCES[self.account.surface]

    def say(self, words: Words, **values: object) -> str:
        """The words in the person's language."""
        return words.in_(self.person.language, **values)

    def has(self, name: str) -> bool:
        return bool(self.arguments.get(name, "").strip())

    def text(self, name: str) -> str:
        """The argument as text; raises InvalidInput where it is missing."""
        text = self.arguments.get(name, "").strip()
        if not text:
            raise InvalidInput(self.say(MISSING, label=name), field=name)
        return text

    def ticket(self, name: str = "ticket") -> TicketNumber:
        return TicketNumber(int(self.text(name)))

    def key(self, name: str) -> UUID:
        return UUID(self.text(name))

    def number(self, name: str, default: int) -> int:
        return int(self.arguments[name]) if self.has(name) else default

    def priority(self, name: str = "priority") -> TicketPriority:
        return TicketPriority(self.text(name))

    def status(self, name: str = "status") -> TicketStatus:
        return TicketStatus(self.text(name))

    def flag(self, name: str) -> bool:
        return self.arguments.get(name, "") == "true"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command: a view to draw or a card, and a sentence that says what was done."""

    view: View | None = None
    card: Card | None = None
    notice: str = ""


def ticket_view(number: TicketNumber) -> View:
    return View(name="ticket", arguments={"ticket": str(number)})
