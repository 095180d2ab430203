"""Dialogs: a button that opens a form, and the form that is sent. Only what is right closes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.answer import Answer
from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.teams.activities import replied_to, text_of
from bot.teams.drawing import CardDrawing
from bot.teams.interpreting import BUTTON, CARD, button_data, inputs_of
from bot.teams.invokes import UNKNOWN, WORKING, Invoked, Take, answer_within
from bot.teams.responses import Body, dialog, dialog_closed, dialog_message
from bot.views.card import Card, ChoiceInput, Element, FlagInput, LookupInput, Text, TextInput, Tone
from bot.views.notices import error_card
from core.errors import PsaError, Unavailable

_PREVIEW = "reply_preview"


class Dialogs:
    """Draws forms by the desk; what a form asks for is done by `take`, as everything is."""

    def __init__(self, take: Take, desk: ChatDesk, buttons: Buttons, drawing: CardDrawing) -> None:
        self._take = take
        self._desk = desk
        self._buttons = buttons
        self._drawing = drawing

    async def open(self, invoked: Invoked) -> Body:
        """`task/fetch`: the form of the pressed button."""
        data = button_data(invoked.activity)
        if not data:
            return dialog_message(UNKNOWN.in_(invoked.language))
        return await self.show_form(invoked, data[BUTTON], {}, replied_to(invoked.activity))

    async def submit(self, invoked: Invoked) -> Body:
        """`task/submit`: the same form with what is wrong, or what became of it."""
        problem = await self.find_problem(invoked)
        if problem is not None:
            return problem
        answer = await answer_within(await self._take(invoked.activity))
        if answer is None:
            return dialog_message(WORKING.in_(invoked.language))
        if not _is_next(answer):
            return dialog_closed()
        return self.show(invoked, answer.card, text_of(button_data(invoked.activity), CARD) or None)

    async def show_form(self, invoked: Invoked, value: str, prefilled: Mapping[str, str], message: str | None) -> Body:
        """The form of a button's value. `message` is where the button stood."""
        try:
            card = await self._desk.form(invoked.account, invoked.place, self._buttons.read(value), prefilled)
        except Unavailable:
            raise
        except PsaError as error:
            card = error_card(error, invoked.language)
        return self.show(invoked, card, message)

    def show(self, invoked: Invoked, card: Card, message: str | None) -> Body:
        """A card in the dialog; its buttons remember the message that it all began with."""
        drawn = self._drawing.dialog(card, invoked.language)
        if message is not None:
            _remember(drawn, message)
        return dialog(card, drawn)

    async def find_problem(self, invoked: Invoked) -> Body | None:
        """The dialog that says what is wrong, or asks for what is missing; None if nothing is."""
        data = button_data(invoked.activity)
        if not data:
            return dialog_message(UNKNOWN.in_(invoked.language))
        inputs, message = inputs_of(data), text_of(data, CARD) or None
        try:
            pressed = self._buttons.read(data[BUTTON])
            if pressed.opens_form and not inputs:
                return await self.show_form(invoked, data[BUTTON], {}, message)
            problems = await self._desk.find_problems(invoked.account, pressed, inputs)
            if not problems:
                return None
            card = await self._desk.form(invoked.account, invoked.place, pressed, inputs)
        except Unavailable:
            raise
        except PsaError as error:
            return self.show(invoked, error_card(error, invoked.language), None)
        return self.show(invoked, with_problems(card, problems), message)


def with_problems(card: Card, problems: Mapping[str, str]) -> Card:
    """The form with each problem below its input; those of no input stand at the top."""
    names = {each.name for each in card.inputs}
    elements: list[Element] = [_problem(text) for name, text in problems.items() if name not in names]
    for element in card.elements:
        elements.append(element)
        if isinstance(element, TextInput | ChoiceInput | LookupInput | FlagInput) and element.name in problems:
            elements.append(_problem(problems[element.name]))
    return card.model_copy(update={"elements": tuple(elements)})


def _problem(text: str) -> Text:
    return Text(text=text, tone=Tone.DANGER)


def _is_next(answer: Answer) -> bool:
    """Whether the answer is a step on the way that belongs into the dialog: a preview, a form again, an error."""
    if answer.view is not None:
        return answer.view.name == _PREVIEW
    return bool(answer.card.inputs) or answer.card.tone is Tone.DANGER


def _remember(drawn: Body, message: str) -> None:
    """Put the message into the data of each button, however deep it lies (`Action.ShowCard` holds cards)."""
    for action in drawn.get("actions", ()):
        _remember_in(action, message)


def _remember_in(action: dict[str, Any], message: str) -> None:
    if isinstance(action.get("data"), dict):
        action["data"] = {**action["data"], CARD: message}
    if isinstance(action.get("card"), dict):
        _remember(action["card"], message)
