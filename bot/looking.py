"""What people look up in chat without any effect: options of inputs, tickets by words, the card behind a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bot.commands.account import unknown_card
from bot.commands.call import Services
from bot.person import Person
from bot.request import Account, Place
from bot.turn import Turns, person_of
from bot.views.card import Card, LookupSource, Option, View
from bot.views.living import Drawn
from bot.views.wording import STATUSES
from core.customers.queries import CustomerFilter
from core.errors import NotFound, PermissionDenied
from core.tickets.lookups import find_ticket_numbers
from core.tickets.queries import TicketFilters, find_tickets
from core.tickets.rules import TicketStatus

MOST_OPTIONS = 20
LONGEST_QUERY = 100


class Looking:
    """Reads for the person behind an account; nothing for someone whom the desk does not know."""

    def __init__(self, services: Services, turns: Turns, language: str) -> None:
        self._services = services
        self._turns = turns
        self._language = language

    async def find_person(self, account: Account) -> Person | None:
        return person_of(await self._turns.recognise(account), account, None)

    async def find_options(self, account: Account, source: LookupSource, typed: str) -> list[Option]:
        person = await self.find_person(account)
        if person is None:
            return []
        words = typed.strip()[:LONGEST_QUERY]
        actor = person.actor
        try:
            if source is LookupSource.CUSTOMERS:
                found = await self._services.customers.list_customers(
                    actor, CustomerFilter(search=words or None), limit=MOST_OPTIONS
                )
                return [Option(value=str(row["id"]), label=row["name"]) for row in found.rows]
            if source is LookupSource.USERS:
                users = await self._services.users.find_staff(actor, words, limit=MOST_OPTIONS)
                return [Option(value=str(user.id), label=f"{user.first_name} {user.last_name}") for user in users]
            async with self._services.database.connect() as connection:
                tickets = await find_ticket_numbers(connection, actor, words, limit=MOST_OPTIONS)
        except PermissionDenied:
            return []
        return [
            Option(
                value=str(row["number"]),
                label=f"#{row['number']} {row['title']} ({STATUSES[TicketStatus(row['status'])].in_(person.language)})",
            )
            for row in tickets
        ]

    async def search_tickets(self, account: Account, words: str, limit: int, place: Place | None) -> list[Drawn]:
        person = await self.find_person(account)
        if person is None:
            return []
        onlooker = person
        if place is not None:
            turn = await self._turns.begin(account, place)
            if not turn.may_show(person):
                return []
            onlooker = turn.onlooker
        async with self._services.database.connect() as connection:
            search = words.strip()[:LONGEST_QUERY]
            number = search.removeprefix("#")
            found: Sequence[Mapping[str, Any]]
            if number.isascii() and number.isdigit():
                found = await find_ticket_numbers(connection, person.actor, number, limit=limit)
            else:
                filters = TicketFilters(search=search) if search else TicketFilters(is_open=True)
                found = (await find_tickets(connection, person.actor, filters, limit=limit)).rows
        drawn = []
        for row in found:
            # What is not for all eyes there is not offered: who chooses it shows it to them.
            with suppress(NotFound):
                view = View(name="ticket", arguments={"ticket": str(row["number"])})
                drawn.append(await self._services.views.draw(view, onlooker))
        return drawn

    async def draw_link(self, account: Account, url: str, place: Place | None) -> Card | None:
        number = ticket_of_url(url, self._services.public_url)
        if number is None:
            return None
        known = await self._turns.recognise(account)
        person = person_of(known, account, None)
        if person is None:
            return None
        view = View(name="ticket", arguments={"ticket": number})
        try:
            drawn = await self._services.views.draw(view, person)
            if place is not None:
                turn = await self._turns.begin(account, place)
                if not turn.may_show(person):
                    return None
                drawn = await self._services.views.draw(view, turn.onlooker)
        except (NotFound, PermissionDenied):
            return None
        return drawn.card

    async def home(self, account: Account) -> Card:
        person = await self.find_person(account)
        if person is None:
            return unknown_card(self._services.public_url, self._language)
        view = View(name="my_day") if person.actor.is_staff else View(name="mine")
        return (await self._services.views.draw(view, person)).card


def ticket_of_url(url: str, public_url: str) -> str | None:
    """The number in the address of a ticket's page in the console; None for any other address."""
    here, there = urlsplit(public_url), urlsplit(url)
    path = there.path.removeprefix(here.path.rstrip("/"))
    head, _, number = path.rpartition("/")
    if (there.scheme, there.netloc, head) != (here.scheme, here.netloc, "/console/tickets"):
        return None
    return number if number.isascii() and number.isdigit() and len(number) <= 18 else None
