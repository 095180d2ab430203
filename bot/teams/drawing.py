"""Cards as Teams shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.buttons import Buttons
from bot.render.adaptive import adaptive_card
from bot.views.card import Action, Card
from bot.wording import Words

CARD_TYPE = "application/vnd.microsoft.card.adaptive"

_SHOW = Words("Anzeigen", "Show")
_TICKET_PATH = "/console/tickets/"
_FORM = "form"


class CardDrawing:
    """Draws Adaptive Cards. Without `has_dialogs` (local clients know none) a form comes as a card of its own."""

    def __init__(self, buttons: Buttons, *, has_dialogs: bool) -> None:
        self._buttons = buttons
        self._has_dialogs = has_dialogs

    def message(self, card: Card, language: str) -> dict[str, Any]:
        """A card in a conversation. A ticket's has a refresh, which shows it to whoever asks as they may see it.

        Nobody is refreshed unasked (`userIds` is empty): every client that scrolls past would call us.
        """
        number = ticket_of_url(card.url)
        show = Action(label=_SHOW.in_(language), command="show", arguments={"ticket": number}) if number else None
        drawn = adaptive_card(card, self._buttons, language, refresh=show)
        if not self._has_dialogs:
            _replace_dialogs(drawn, {"type": "Action.Execute", "verb": _FORM})
        return drawn

    def dialog(self, card: Card, language: str) -> dict[str, Any]:
        """A card in a dialog, where no other one can be opened: its buttons are all submitted."""
        drawn = adaptive_card(card, self._buttons, language, in_dialog=True)
        _replace_dialogs(drawn, {"type": "Action.Submit"})
        return drawn


def ticket_of_url(url: str | None) -> str | None:
    """The number of the ticket whose page a URL is."""
    _, found, number = urlsplit(url or "").path.partition(_TICKET_PATH)
    return number if found and number.isdecimal() else None


def _replace_dialogs(part: object, action: Mapping[str, str]) -> None:
    """Buttons that ask for a dialog become such an action of the same value: the answer to it is the form."""
    if isinstance(part, list):
        for each in part:
            _replace_dialogs(each, action)
    if not isinstance(part, dict):
        return
    data = part.get("data")
    if part.get("type") == "Action.Submit" and isinstance(data, dict) and "msteams" in data:
        part |= {**action, "data": {"value": data["value"]}}
    for each in part.values():
        _replace_dialogs(each, action)
