"""Buttons, menus and questions in Block Kit."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    InteractiveElement,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    StaticSelectElement,
)

from bot.buttons import Buttons
from bot.render.limits import (
    SLACK_ACTIONS,
    SLACK_BUTTON,
    SLACK_CONFIRM_BUTTON,
    SLACK_CONFIRM_TEXT,
    SLACK_CONFIRM_TITLE,
    SLACK_OPTION,
    SLACK_OPTION_VALUE,
    SLACK_OVERFLOW,
    SLACK_PLACEHOLDER,
    button_value,
)
from bot.render.text import clean, shorten
from bot.render.wording import CANCEL, MORE, OPEN, SURE, YES
from bot.views.card import Action, ActionStyle, Button, Link, Row

_STYLES = {ActionStyle.PRIMARY: "primary", ActionStyle.DANGER: "danger"}


def plain(text: str, limit: int = SLACK_BUTTON) -> PlainTextObject:
    """A text of at most `limit` that Slack shows as it is; it may not be empty."""
    return PlainTextObject(text=shorten(clean(text).strip(), limit) or "–", emoji=False)


class ActionDrawing:
    """Draws the actions of one message or view: their ids are `press:<n>` (`link:<n>` for links), each once."""

    def __init__(self, buttons: Buttons, language: str) -> None:
        self._buttons = buttons
        self._language = language
        self._drawn = 0

    def blocks(self, actions: Sequence[Button]) -> list[Block]:
        """The buttons, and a menu of those that may wait. What is asked before, and links among many, are buttons."""
        in_menu = [each for each in actions if self._may_go_in_menu(each)]
        if any(isinstance(each, Link) for each in in_menu) and len(in_menu) > SLACK_OVERFLOW:
            in_menu = [each for each in in_menu if isinstance(each, Action)]
        if len(in_menu) < 2:
            in_menu = []
        elements: list[InteractiveElement] = [self.button(each) for each in actions if each not in in_menu]
        if in_menu:
            elements.append(self._menu(in_menu))
        return [
            ActionsBlock(elements=elements[start : start + SLACK_ACTIONS])
            for start in range(0, len(elements), SLACK_ACTIONS)
        ]

    def button(self, button: Button) -> ButtonElement:
        """One button."""
        if isinstance(button, Link):
            return ButtonElement(text=plain(button.label), url=button.url, action_id=self._next("link"))
        return ButtonElement(
            text=plain(button.label),
            value=button_value(self._buttons, button),
            style=_STYLES.get(button.style),
            confirm=self._confirm(button) if button.confirm is not None else None,
            action_id=self._next("press"),
        )

    def of_row(self, row: Row) -> ButtonElement | None:
        """The button beside a row."""
        if row.action is not None:
            return self.button(row.action)
        return self.button(Link(label=OPEN.in_(self._language), url=row.url)) if row.url is not None else None

    def _may_go_in_menu(self, button: Button) -> bool:
        if not button.is_more or isinstance(button, Link):
            return button.is_more
        return button.confirm is None and len(button_value(self._buttons, button)) <= SLACK_OPTION_VALUE

    def _menu(self, actions: Sequence[Button]) -> InteractiveElement:
        options = [self._option(each, place) for place, each in enumerate(actions)]
        if len(options) <= SLACK_OVERFLOW:
            return OverflowMenuElement(options=options, action_id=self._next("press"))
        placeholder = plain(MORE.in_(self._language), SLACK_PLACEHOLDER)
        return StaticSelectElement(options=options, placeholder=placeholder, action_id=self._next("press"))

    def _option(self, button: Button, place: int) -> Option:
        text = plain(button.label, SLACK_OPTION)
        if isinstance(button, Link):
            return Option(text=text, value=f"link:{place}", url=button.url)
        return Option(text=text, value=button_value(self._buttons, button))

    def _confirm(self, action: Action) -> ConfirmObject:
        return ConfirmObject(
            title=plain(SURE.in_(self._language), SLACK_CONFIRM_TITLE),
            text=plain(action.confirm or "", SLACK_CONFIRM_TEXT),
            confirm=plain(YES.in_(self._language), SLACK_CONFIRM_BUTTON),
            deny=plain(CANCEL.in_(self._language), SLACK_CONFIRM_BUTTON),
            style="danger" if action.style is ActionStyle.DANGER else None,
        )

    def _next(self, kind: str) -> str:
        self._drawn += 1
        return f"{kind}:{self._drawn}"
