"""A card as Adaptive Card 1.5, for Teams (https://adaptivecards.io/explorer).

Texts are text runs, which know no Markdown. Buttons are Action.Execute with `verb` the command and `data` its signed
value, `{"value": …}`, with an Action.Submit of the same data as fallback; those that open a form are an Action.Submit
that asks Teams for a dialog (`msteams.type` is `task/fetch`). In a dialog, where only Submit works, all are that.
Inputs send their values beside `value`, by their names; a flag sends `true` or `false`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from bot.buttons import Buttons
from bot.render.adaptive_elements import Json, draw_element, draw_heading, plain, run_block
from bot.render.governor import draw_within
from bot.render.limits import ADAPTIVE_BYTES, ADAPTIVE_PRIMARY_ACTIONS, ADAPTIVE_REFRESH_USERS, button_value
from bot.render.text import length
from bot.render.wording import YES
from bot.views.card import Action, ActionStyle, Button, Card, Divider, Link

VERSION = "1.5"

_STYLES = {ActionStyle.PRIMARY: "positive", ActionStyle.DANGER: "destructive"}


def adaptive_card(
    card: Card,
    buttons: Buttons,
    language: str,
    *,
    refresh: Action | None = None,
    user_ids: Sequence[str] = (),
    in_dialog: bool = False,
) -> dict[str, Any]:
    """The Adaptive Card of at most ADAPTIVE_BYTES.

    `refresh` is done by Teams by itself when one of `user_ids` (Teams' `29:…` ids, the first 60 count) looks at it.
    """

    def draw(cards: Sequence[Card]) -> Json:
        drawn = _Drawing(buttons, language, in_dialog=in_dialog).card(cards[0])
        if refresh is not None:
            drawn["refresh"] = {
                "action": _execute(refresh.label, refresh.command, button_value(buttons, refresh)),
                "userIds": list(user_ids[:ADAPTIVE_REFRESH_USERS]),
            }
        return drawn

    return draw_within([card], language, draw, lambda drawn: size_bytes(drawn) <= ADAPTIVE_BYTES)


def size_bytes(drawn: Json) -> int:
    """The card's size as JSON, in UTF-8 or UTF-16, whichever is larger."""
    content = orjson.dumps(drawn)
    return max(len(content), 2 * length(content.decode()))


class _Drawing:
    """Draws one card."""

    def __init__(self, buttons: Buttons, language: str, *, in_dialog: bool) -> None:
        self._buttons = buttons
        self._language = language
        self._in_dialog = in_dialog

    def card(self, card: Card) -> Json:
        body = [draw_heading(card)]
        is_separated = False
        for element in card.elements:
            if isinstance(element, Divider):
                is_separated = True
                continue
            for drawn in draw_element(element, self._language, self._select):
                body.append({**drawn, "separator": True, "spacing": "Medium"} if is_separated else drawn)
                is_separated = False
        drawn_card: Json = {
            "type": "AdaptiveCard",
            "version": VERSION,
            "fallbackText": plain(card.summary or card.heading),
            "msteams": {"width": "full"},
            "body": body,
        }
        if card.actions:
            drawn_card["actions"] = self._actions(card.actions)
        return drawn_card

    def _actions(self, actions: Sequence[Button]) -> list[Json]:
        """The first few as buttons, the others behind the dots."""
        drawn = []
        shown = 0
        for action in actions:
            is_more = action.is_more or shown == ADAPTIVE_PRIMARY_ACTIONS
            shown += not is_more
            button = self._button(action)
            drawn.append({**button, "mode": "secondary"} if is_more else button)
        return drawn

    def _button(self, button: Button) -> Json:
        if isinstance(button, Link):
            return {"type": "Action.OpenUrl", "title": plain(button.label), "url": button.url}
        action = self._give(button)
        if button.style in _STYLES:
            action["style"] = _STYLES[button.style]
        if button.confirm is None:
            return action
        asked: Json = {
            "type": "AdaptiveCard",
            "version": VERSION,
            "body": [run_block(button.confirm)],
            "actions": [{**action, "title": plain(f"{YES.in_(self._language)}: {button.label}")}],
        }
        return {"type": "Action.ShowCard", "title": plain(button.label), "card": asked}

    def _give(self, action: Action) -> Json:
        value = button_value(self._buttons, action)
        title = plain(action.label)
        if action.opens_form:
            return {
                "type": "Action.Submit",
                "title": title,
                "data": {"msteams": {"type": "task/fetch"}, "value": value},
            }
        if self._in_dialog:
            return {"type": "Action.Submit", "title": title, "data": {"value": value}}
        return _execute(title, action.command, value)

    def _select(self, action: Action) -> Json:
        """What pressing a part of the card does; such an action has no fallback that a client would need."""
        given = self._give(action)
        return {key: part for key, part in given.items() if key != "fallback"}


def _execute(title: str, verb: str, value: str) -> Json:
    data = {"value": value}
    return {
        "type": "Action.Execute",
        "title": plain(title),
        "verb": verb,
        "data": data,
        "fallback": {"type": "Action.Submit", "title": plain(title), "data": data},
    }
