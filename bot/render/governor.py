"""Keeps every rendering inside its platform's limits: by shortening and linking, never by failing.

A card is drawn as it is; if that is too much, it is drawn again from a smaller card, until it fits. The heading, the
inputs and the actions always stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.render.limits import MOST_ACTIONS, MOST_INPUTS, SLACK_BUTTON, SLACK_CONFIRM_TEXT, SLACK_HEADER, SLACK_OPTION
from bot.render.text import clean, length, one_line, shorten
from bot.render.wording import MORE_IN_CONSOLE, OPEN_IN_CONSOLE, SHORTENED
from bot.views.card import (
    Action,
    Bar,
    Button,
    Card,
    Chart,
    ChoiceInput,
    Element,
    Fact,
    Facts,
    FlagInput,
    Image,
    Link,
    LookupInput,
    Option,
    Progress,
    Row,
    Table,
    Text,
    TextInput,
    TextStyle,
)

Drawing = TypeVar("Drawing")
Part = TypeVar("Part")

NOTE_LIMIT = 300
SUMMARY_LIMIT = 300
NAME_LIMIT = 100
HINT_LIMIT = 150
URL_LIMIT = 2000
COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Squeeze:
    """How much of a card is shown. `cell` is for the texts of cells, facts and bars, `label` for those of buttons."""

    text: int
    rows: int
    facts: int
    bars: int
    cell: int
    elements: int
    options: int
    label: int = SLACK_BUTTON


SQUEEZES = (
    Squeeze(text=2800, rows=60, facts=24, bars=12, cell=240, elements=40, options=100),
    Squeeze(text=1500, rows=20, facts=20, bars=12, cell=160, elements=30, options=100),
    Squeeze(text=800, rows=12, facts=16, bars=8, cell=100, elements=20, options=50),
    Squeeze(text=400, rows=8, facts=12, bars=6, cell=80, elements=16, options=30),
    Squeeze(text=200, rows=5, facts=8, bars=4, cell=60, elements=10, options=20, label=50),
    Squeeze(text=100, rows=3, facts=5, bars=3, cell=40, elements=5, options=10, label=40),
    Squeeze(text=60, rows=0, facts=0, bars=0, cell=30, elements=0, options=5, label=30),
)


def draw_within(
    cards: Sequence[Card], language: str, draw: Callable[[Sequence[Card]], Drawing], fits: Callable[[Drawing], bool]
) -> Drawing:
    """The first drawing that fits, of cards that say less and less. ValueError if not even the least of them does."""
    for squeeze in SQUEEZES:
        drawing = draw([squeeze_card(card, squeeze, language) for card in cards])
        if fits(drawing):
            return drawing
    raise ValueError("a card's buttons and inputs alone are more than its platform takes")


def squeeze_card(card: Card, squeeze: Squeeze, language: str) -> Card:
    """The card with at most so much of everything. What was left out, its page tells."""
    if len(card.inputs) > MOST_INPUTS:
        raise ValueError(f"a form of more than {MOST_INPUTS} inputs")
    cutter = _Cutter(squeeze)
    url = safe_url(card.url)
    elements = cutter.elements(card.elements)
    actions = cutter.actions(card.actions)
    if cutter.has_cut:
        notice = SHORTENED if url is None else MORE_IN_CONSOLE
        elements = (*elements, Text(text=notice.in_(language), style=TextStyle.QUIET))
        if url is not None and all(not isinstance(each, Link) or each.url != url for each in actions):
            actions = (*actions, Link(label=OPEN_IN_CONSOLE.in_(language), url=url))
    return Card(
        heading=shorten(one_line(card.heading), SLACK_HEADER) or "–",
        summary=shorten(one_line(card.summary), SUMMARY_LIMIT),
        note=shorten(one_line(card.note), NOTE_LIMIT),
        tone=card.tone,
        url=url,
        elements=elements,
        actions=actions,
    )


def safe_url(url: str | None) -> str | None:
    """The address if it is one of a page and no longer than links may be, else None."""
    if url is None or len(url) > URL_LIMIT or not url.startswith(("https://", "http://")):
        return None
    return url if url == clean(url) and not set(url) & set(" \n\t\"'<>|\\") else None


class _Cutter:
    """Cuts to a squeeze and remembers whether anything worth looking up was lost."""

    def __init__(self, squeeze: Squeeze) -> None:
        self._squeeze = squeeze
        self.has_cut = False

    def elements(self, elements: Sequence[Element]) -> tuple[Element, ...]:
        left = self._squeeze.elements
        kept: list[Element] = []
        for element in elements:
            if isinstance(element, Image) and safe_url(element.url) is None:
                continue
            if not isinstance(element, TextInput | ChoiceInput | LookupInput | FlagInput):
                if left == 0:
                    self.has_cut = True
                    continue
                left -= 1
            kept.append(self._element(element))
        return tuple(kept)

    def actions(self, actions: Sequence[Button]) -> tuple[Button, ...]:
        links = [each for each in actions if not isinstance(each, Link) or safe_url(each.url) is not None]
        surplus = len(links) - MOST_ACTIONS
        if surplus > 0:
            self.has_cut = True
            first = sorted(range(len(links)), key=lambda place: (links[place].is_more, place))[:MOST_ACTIONS]
            links = [links[place] for place in sorted(first)]
        return tuple(self._button(each) for each in links)

    def _element(self, element: Element) -> Element:
        match element:
            case Text():
                return element.model_copy(update={"text": self._text(element.text)})
            case Facts():
                facts = self._first(element.facts, self._squeeze.facts)
                return Facts(facts=tuple(self._fact(fact) for fact in facts))
            case Progress():
                return element.model_copy(update={"label": self._cell(element.label), "text": self._cell(element.text)})
            case Table():
                return self._table(element)
            case Chart():
                bars = self._first(element.bars, self._squeeze.bars)
                return Chart(title=self._cell(element.title), bars=tuple(self._bar(bar) for bar in bars))
            case Image():
                return element.model_copy(update={"alt": self._cell(element.alt)})
            case TextInput() | ChoiceInput() | LookupInput() | FlagInput():
                return self._input(element)
            case _:
                return element

    def _input(self, element: TextInput | ChoiceInput | LookupInput | FlagInput) -> Element:
        label = shorten(one_line(element.label), NAME_LIMIT) or "–"
        match element:
            case TextInput():
                return element.model_copy(
                    update={
                        "label": label,
                        "value": self._text(element.value),
                        "hint": shorten(one_line(element.hint), HINT_LIMIT),
                    }
                )
            case ChoiceInput():
                options = self._first(element.options, self._squeeze.options)
                chosen = [each for each in element.options if each.value == element.value and each not in options]
                shown = tuple(_option(each) for each in (*options, *chosen))
                return element.model_copy(update={"label": label, "options": shown})
            case LookupInput(chosen=Option() as chosen_option):
                return element.model_copy(update={"label": label, "chosen": _option(chosen_option)})
            case _:
                return element.model_copy(update={"label": label})

    def _table(self, table: Table) -> Table:
        rows = self._first(table.rows, self._squeeze.rows)
        return Table(
            columns=tuple(self._cell(each) for each in self._first(table.columns, COLUMNS)),
            rows=tuple(
                Row(
                    cells=tuple(self._cell(cell) for cell in row.cells[:COLUMNS]),
                    action=self._action(row.action) if row.action else None,
                    url=safe_url(row.url),
                    tone=row.tone,
                )
                for row in rows
            ),
        )

    def _button(self, button: Button) -> Button:
        if isinstance(button, Link):
            return button.model_copy(update={"label": self._label(button.label)})
        return self._action(button)

    def _action(self, action: Action) -> Action:
        confirm = action.confirm
        if confirm is not None:
            confirm = shorten(clean(confirm).strip(), min(SLACK_CONFIRM_TEXT, self._squeeze.text)) or "–"
        return action.model_copy(update={"label": self._label(action.label), "confirm": confirm})

    def _fact(self, fact: Fact) -> Fact:
        return fact.model_copy(update={"label": self._cell(fact.label), "value": self._cell(fact.value)})

    def _bar(self, bar: Bar) -> Bar:
        return bar.model_copy(update={"label": self._cell(bar.label), "text": self._cell(bar.text)})

    def _text(self, text: str) -> str:
        text = clean(text)
        if length(text) > self._squeeze.text:
            self.has_cut = True
        return shorten(text, self._squeeze.text)

    def _cell(self, text: str) -> str:
        return shorten(one_line(text), self._squeeze.cell)

    def _label(self, text: str) -> str:
        return shorten(one_line(text), self._squeeze.label) or "–"

    def _first(self, parts: tuple[Part, ...], most: int) -> tuple[Part, ...]:
        if len(parts) > most:
            self.has_cut = True
        return parts[:most]


def _option(option: Option) -> Option:
    return option.model_copy(update={"label": shorten(one_line(option.label), SLACK_OPTION) or "–"})
