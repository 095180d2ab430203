"""The elements of a card, as parts of an Adaptive Card 1.5."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from bot.render.text import clean
from bot.render.wording import CHOOSE, FIND, REQUIRED, YES
from bot.views.card import (
    Action,
    Bar,
    Card,
    Chart,
    ChoiceInput,
    Divider,
    Element,
    Fact,
    Facts,
    FlagInput,
    Image,
    LookupInput,
    Progress,
    Row,
    Table,
    Text,
    TextInput,
    TextStyle,
    Tone,
)

Json = dict[str, Any]
Select = Callable[[Action], Json]

SHORT_FACT = 36
"""Characters of a fact that leave room for another one beside it."""

FIRST_COLUMN, OTHER_COLUMNS, COLUMN_GAP = 24, 18, 4

_RESERVED = frozenset({"value", "msteams"})
_COLORS = {Tone.GOOD: "Good", Tone.WARNING: "Warning", Tone.DANGER: "Attention"}
_STYLES = {Tone.NORMAL: "accent", Tone.GOOD: "good", Tone.WARNING: "warning", Tone.DANGER: "attention"}
_WORD_JOINER = "\u2060"
_OPENING = re.compile(r"([{$])(?=\{)")


def plain(text: str) -> str:
    """Text that is no date function `{{DATE(…)}}` and no template `${…}`, wherever a client may look for them."""
    return _OPENING.sub(rf"\1{_WORD_JOINER}", clean(text))


def run_block(text: str, tone: Tone = Tone.NORMAL, **look: object) -> Json:
    """A paragraph of plain text; `look` are properties of a TextRun."""
    if tone in _COLORS:
        look["color"] = _COLORS[tone]
    content = plain(text)
    return {
        "type": "RichTextBlock",
        "inlines": [{"type": "TextRun", "text": content, **look} if look else content],
    }


def draw_heading(card: Card) -> Json:
    """The heading and the note beside it, on the colour of the card's tone."""
    heading = run_block(card.heading, size="Large", weight="Bolder")
    if card.url is not None:
        heading["inlines"][0]["selectAction"] = {
            "type": "Action.OpenUrl",
            "url": card.url,
            "title": plain(card.heading),
        }
    items = [heading]
    if card.note:
        items.append({**run_block(card.note, isSubtle=True), "spacing": "None"})
    box: Json = {"type": "Container", "items": items}
    if card.tone is not Tone.NORMAL:
        box |= {"style": _STYLES[card.tone], "bleed": True}
    return box


def draw_element(element: Element, language: str, select: Select) -> list[Json]:
    """The parts of the element, top to bottom."""
    match element:
        case Text():
            return [_text(element)] if element.text else []
        case Facts():
            return [_facts_row(row) for row in _pairs(element.facts)]
        case Progress():
            head = _two(run_block(element.label, weight="Bolder"), run_block(element.text, element.tone))
            return [head, {**_bar(element.share, element.tone), "spacing": "Small"}]
        case Table():
            return [_table(element, select)] if element.columns else []
        case Chart():
            return [{**run_block(element.title, weight="Bolder"), "spacing": "Medium"}, *_chart(element.bars)]
        case Image():
            return [{"type": "Image", "url": element.url, "altText": plain(element.alt), "size": "Auto"}]
        case Divider():
            return []
        case _:
            return [_input(element, language)]


def _text(text: Text) -> Json:
    match text.style:
        case TextStyle.QUIET:
            return run_block(text.text, text.tone, isSubtle=True, size="Small")
        case TextStyle.STRONG:
            return run_block(text.text, text.tone, weight="Bolder")
        case TextStyle.CODE:
            return run_block(text.text, text.tone, fontType="Monospace")
        case TextStyle.QUOTE:
            return {"type": "Container", "style": "emphasis", "items": [run_block(text.text, text.tone)]}
        case _:
            return run_block(text.text, text.tone)


def _pairs(facts: Sequence[Fact]) -> list[tuple[Fact, ...]]:
    """Short facts two in a row, long ones alone."""
    rows: list[tuple[Fact, ...]] = []
    for fact in facts:
        last = rows[-1] if rows else ()
        is_short = len(fact.value) <= SHORT_FACT
        if len(last) == 1 and is_short and len(last[0].value) <= SHORT_FACT:
            rows[-1] = (*last, fact)
        else:
            rows.append((fact,))
    return rows


def _facts_row(facts: tuple[Fact, ...]) -> Json:
    columns = [_column([_label(fact.label), _value(fact)], "stretch") for fact in facts]
    if len(facts) == 1 and len(facts[0].value) <= SHORT_FACT:
        columns.append(_column([], "stretch"))
    return {"type": "ColumnSet", "spacing": "Small", "columns": columns}


def _label(text: str) -> Json:
    return run_block(text or "–", isSubtle=True, size="Small")


def _value(fact: Fact) -> Json:
    return {**run_block(fact.value or "–", fact.tone), "spacing": "None"}


def _column(items: list[Json], width: str | int) -> Json:
    return {"type": "Column", "width": width, "items": items}


def _middle(item: Json, width: int) -> Json:
    return {**_column([item], width), "verticalContentAlignment": "Center"}


def _two(left: Json, right: Json) -> Json:
    right = {**right, "horizontalAlignment": "Right"}
    return {"type": "ColumnSet", "columns": [_column([left], "stretch"), _column([right], "auto")]}


def _bar(share: float, tone: Tone) -> Json:
    """1.5 has no bars: two columns, filled and empty."""
    filled = round(share * 100)
    parts = [(filled, _STYLES[tone]), (100 - filled, "emphasis")]
    return {
        "type": "ColumnSet",
        "columns": [
            {"type": "Column", "width": width, "style": style, "spacing": "None", "items": []}
            for width, style in parts
            if width
        ],
    }


def _chart(bars: Sequence[Bar]) -> list[Json]:
    longest = max((bar.value for bar in bars), default=0.0) or 1.0
    return [
        {
            "type": "ColumnSet",
            "spacing": "Small",
            "columns": [
                _middle(run_block(bar.label or "–"), 2),
                _middle(_bar(bar.value / longest, bar.tone), 4),
                _middle(run_block(bar.text or "–"), 1),
            ],
        }
        for bar in bars
    ]


def _table(table: Table, select: Select) -> Json:
    head = {"type": "TableRow", "cells": [_cell(run_block(each or "–", weight="Bolder")) for each in table.columns]}
    return {
        "type": "Table",
        "firstRowAsHeaders": True,
        "showGridLines": False,
        "columns": [{"width": width} for width in _widths(table)],
        "rows": [head, *(_row(row, select) for row in table.rows)],
    }


def _row(row: Row, select: Select) -> Json:
    cells = [_cell(run_block(cell or "–", row.tone)) for cell in row.cells]
    if cells and (row.action is not None or row.url is not None):
        cells[0] = _cell(run_block(row.cells[0] or "–", row.tone, weight="Bolder"))
        cells[0]["selectAction"] = (
            select(row.action)
            if row.action is not None
            else {"type": "Action.OpenUrl", "url": row.url, "title": plain(row.cells[0])}
        )
    return {"type": "TableRow", "cells": cells}


def _cell(content: Json) -> Json:
    return {"type": "TableCell", "items": [content]}


def _widths(table: Table) -> list[int]:
    """Columns by how long their longest text is, in characters, within what is readable; the first has most room."""
    return [
        min(
            max(len(line[place]) for line in (table.columns, *(row.cells for row in table.rows)) if place < len(line)),
            FIRST_COLUMN if place == 0 else OTHER_COLUMNS,
        )
        + COLUMN_GAP
        for place in range(len(table.columns))
    ]


def _input(element: TextInput | ChoiceInput | LookupInput | FlagInput, language: str) -> Json:
    if element.name in _RESERVED:
        raise ValueError(f"an input may not be called {element.name}")
    drawn: Json = {"id": element.name, "label": plain(element.label)}
    if not isinstance(element, FlagInput) and element.is_required:
        drawn |= {"isRequired": True, "errorMessage": REQUIRED.in_(language)}
    match element:
        case TextInput():
            drawn |= {"type": "Input.Text", "maxLength": element.max_length, "isMultiline": element.is_multiline}
            if element.value:
                drawn["value"] = element.value
            if element.hint:
                drawn["placeholder"] = plain(element.hint)
        case ChoiceInput():
            drawn |= {
                "type": "Input.ChoiceSet",
                "choices": [{"title": plain(each.label), "value": each.value} for each in element.options],
                "placeholder": CHOOSE.in_(language),
            }
            if element.value is not None:
                drawn["value"] = element.value
        case LookupInput():
            # https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/dynamic-search
            drawn |= {
                "type": "Input.ChoiceSet",
                "style": "filtered",
                "choices": [],
                "choices.data": {"type": "Data.Query", "dataset": element.source.value},
                "placeholder": FIND.in_(language),
            }
            if element.chosen is not None:
                drawn["choices"] = [{"title": plain(element.chosen.label), "value": element.chosen.value}]
                drawn["value"] = element.chosen.value
        case FlagInput():
            drawn |= {"type": "Input.Toggle", "title": YES.in_(language), "value": "true" if element.value else "false"}
    return drawn
