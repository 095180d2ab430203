"""What the builders of views work with, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.person import Person
from bot.views.card import Action, ActionStyle, Card, Link, Row, Tone
from bot.views.telling import tell_age, tell_distance, tell_moment, tell_number
from bot.views.wording import AS_OF, IN_CONSOLE, SHOW
from bot.wording import Words
from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.ids import TicketId


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card and the tickets whose changes make it out of date; `ticket_id` is set for a ticket's own card."""

    card: Card
    tickets: tuple[TicketId, ...] = ()
    ticket_id: TicketId | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing of a view: what it reads from, for whom, and when."""

    connection: AsyncConnection
    person: Person
    now: datetime
    arguments: Mapping[str, str]
    public_url: str
    desk_address: str

    @property
    def actor(self) -> Actor:
        return self.person.actor

    @property
    def language(self) -> str:
        return self.person.language

    def say(self, words: Words, /, **values: object) -> str:
        """The words in the person's language."""
        return words.in_(self.language, **values)

    def argument(self, name: str) -> str:
        """An argument that the view cannot do without; raises NotFound."""
        if not self.arguments.get(name):
            raise NotFound(name, "of no name")
        return self.arguments[name]

    def page(self) -> int:
        """The page that is asked for; the first is 1."""
        page = self.arguments.get("page", "1")
        return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1

    def moment(self, instant: datetime) -> str:
        """`24.11.2026, 14:05`, on the person's clock."""
        return tell_moment(self.person.local(instant), self.language)

    def moment_and_distance(self, instant: datetime) -> str:
        """`24.11.2026, 14:05 (vor 3 Std.)`: the distance is true when the card is drawn, the moment stays so."""
        return f"{self.moment(instant)} ({tell_distance(instant, self.now, self.language)})"

    def age(self, since: datetime) -> str:
        return tell_age(since, self.now, self.language)

    def number(self, number: int) -> str:
        return tell_number(number, self.language)

    def as_of(self) -> str:
        """When this was drawn: what the card tells in distances is true then."""
        return self.say(AS_OF, moment=self.moment(self.now))

    @property
    def has_console(self) -> bool:
        """Whether the person can look at the console: contacts do not log in."""
        return self.actor.kind is not ActorKind.CONTACT

    def ticket_url(self, number: int) -> str:
        return f"{self.public_url}/console/tickets/{number}"

    def console_link(self, url: str, *, is_more: bool = False) -> Link:
        """The button that opens a page of the console."""
        return Link(label=self.say(IN_CONSOLE), url=url, is_more=is_more)

    def show_action(self, number: int) -> Action:
        """The button that shows a ticket."""
        return Action(label=self.say(SHOW), command="show", arguments={"ticket": str(number)})

    def action(
        self,
        label: Words,
        command: str,
        *,
        style: ActionStyle = ActionStyle.NORMAL,
        opens_form: bool = False,
        is_more: bool = False,
        confirm: Words | None = None,
        **arguments: str,
    ) -> Action:
        """A button that gives `command` with these arguments."""
        return Action(
            label=self.say(label),
            command=command,
            arguments=arguments,
            style=style,
            opens_form=opens_form,
            is_more=is_more,
            confirm=self.say(confirm) if confirm is not None else None,
        )

    def ticket_row(self, number: int, cells: tuple[str, ...], tone: Tone) -> Row:
        """A table's row that shows a ticket."""
        url = self.ticket_url(number) if self.has_console else None
        return Row(cells=cells, action=self.show_action(number), url=url, tone=tone)
