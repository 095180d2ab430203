"""What the desk answers to a request."""

from __future__ import annotations

from dataclasses import dataclass

from bot.person import Person
from bot.request import Place
from bot.views.card import Card, View
from core.ids import TicketId


@dataclass(frozen=True, slots=True)
class Answer:
    """A card, as it is true now, and where it goes.

    With a `view` it is living: registered, and redrawn when one of `tickets` changes; `ticket_id` is set for a ticket's
    own card. `is_private`: for the eyes of who asked only. `replaces` is the message to redraw instead of posting.
    `person` is None for someone whom the desk does not know.
    """

    card: Card
    place: Place
    person: Person | None
    is_private: bool = True
    view: View | None = None
    tickets: tuple[TicketId, ...] = ()
    ticket_id: TicketId | None = None
    replaces: str | None = None
