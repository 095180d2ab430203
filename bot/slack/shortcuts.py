"""The shortcuts in Slack's menus: which command each begins. The manifest names them to Slack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.request import Place
from bot.wording import Words


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`takes_text_as`: on a message, whose text is put into that input; else it stands in the global menu."""

    name: Words
    description: Words
    command: str
    takes_text_as: str | None = None

    def answered_at(self, place: Place, payload: Mapping[str, Any]) -> Place:
        """What comes of a message is said below it."""
        message = payload.get("message")
        return replace(place, thread=place.thread or message["ts"]) if message else place


SHORTCUTS: Mapping[str, Shortcut] = {
    "create_ticket": Shortcut(
        Words("Ticket eröffnen", "Create ticket"),
        Words("Aus dieser Nachricht ein Ticket machen", "Make a ticket of this message"),
        "new",
        takes_text_as="text",
    ),
    "add_to_ticket": Shortcut(
        Words("Zu Ticket hinzufügen", "Add to ticket"),
        Words("Diese Nachricht als Notiz zu einem Ticket geben", "Put this message on a ticket as a note"),
        "note",
        takes_text_as="text",
    ),
    "new_ticket": Shortcut(
        Words("Neues Ticket", "New ticket"),
        Words("Ein Ticket eröffnen", "Open a ticket"),
        "new",
    ),
}
