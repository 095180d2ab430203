"""The elements of a card, as Block Kit blocks."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    ContextBlock,
    DividerBlock,
    ExternalDataSelectElement,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)

from bot.render.blockkit_actions import ActionDrawing, plain
from bot.render.limits import (
    SLACK_ALT,
    SLACK_HEADER,
    SLACK_INPUT,
    SLACK_LABEL,
    SLACK_OPTION,
    SLACK_OPTION_VALUE,
    SLACK_OPTIONS,
    SLACK_PLACEHOLDER,
    SLACK_SECTION,
)
from bot.render.text import clean, shorten
from bot.render.wording import CHOOSE, FIND, OPEN_IN_CONSOLE, YES
from bot.views.card import (
    Bar,
    Card,
    Chart,
    ChoiceInput,
    Divider,
    Element,
    Facts,
    FlagInput,
    Image,
    Link,
    LookupInput,
    Progress,
    Table,
    Text,
    TextInput,
    TextStyle,
    Tone,
)

FLAG_IS_SET = "true"
BAR_STEPS = 12
LABEL_WIDTH = 24

_MARKS = {Tone.NORMAL: "", Tone.GOOD: "✅ ", Tone.WARNING: "⚠️ ", Tone.DANGER: "🔴 "}
_BOLD = RichTextElementParts.TextStyle(bold=True)


def draw_heading(card: Card, language: str) -> list[Block]:
    """The heading, and below it the note and the way to the card's page."""
    blocks: list[Block] = [HeaderBlock(text=plain(_MARKS[card.tone] + card.heading, SLACK_HEADER))]
    parts: list[RichTextElement] = [_run(card.note)] if card.note else []
    if card.url is not None and all(not isinstance(each, Link) or each.url != card.url for each in card.actions):
        parts += [_run("  ·  ")] if parts else []
        parts.append(RichTextElementParts.Link(url=card.url, text=OPEN_IN_CONSOLE.in_(language)))
    return [*blocks, _section(parts)] if parts else blocks


def draw_element(element: Element, language: str, actions: ActionDrawing) -> list[Block]:
    """The blocks of the element, top to bottom."""
    match element:
        case Text():
            return [_text(element)] if element.text.strip() else []
        case Facts():
            return [_facts(element)] if element.facts else []
        case Progress():
            bar = f"  {_bar(element.share)}  {_MARKS[element.tone]}{element.text}"
            return [_section([_run(element.label, _BOLD), _run(bar)])]
        case Table():
            return _table(element, actions)
        case Chart():
            return _chart(element)
        case Image():
            return [ImageBlock(image_url=element.url, alt_text=shorten(clean(element.alt), SLACK_ALT) or "–")]
        case Divider():
            return [DividerBlock()]
        case _:
            return [_input(element, language)]


def _text(text: Text) -> Block:
    content = _MARKS[text.tone] + text.text
    match text.style:
        case TextStyle.QUIET:
            return ContextBlock(elements=[plain(content, SLACK_SECTION)])
        case TextStyle.STRONG:
            return _section([_run(content, _BOLD)])
        case TextStyle.QUOTE:
            return RichTextBlock(elements=[RichTextQuoteElement(elements=[_run(content)])])
        case TextStyle.CODE:
            return RichTextBlock(elements=[RichTextPreformattedElement(elements=[_run(content)])])
        case _:
            return SectionBlock(text=plain(content, SLACK_SECTION))


def _facts(facts: Facts) -> Block:
    parts: list[RichTextElement] = []
    for place, fact in enumerate(facts.facts):
        end = "\n" if place + 1 < len(facts.facts) else ""
        parts += [_run(f"{fact.label}:  ", _BOLD), _run(f"{_MARKS[fact.tone]}{fact.value or '–'}{end}")]
    return _section(parts)


def _table(table: Table, actions: ActionDrawing) -> list[Block]:
    """A row that can be pressed is a section with a button; a table to be read only is one text."""
    if not any(row.action or row.url for row in table.rows):
        return [_section(_lines(table))] if table.rows else []
    return [
        SectionBlock(text=plain(_MARKS[row.tone] + _row_text(row.cells), SLACK_SECTION), accessory=actions.of_row(row))
        for row in table.rows
    ]


def _row_text(cells: Sequence[str]) -> str:
    """The first cell, and below it the others."""
    first, *rest = cells or ("–",)
    below = "  ·  ".join(cell for cell in rest if cell)
    return f"{first or '–'}\n{below}" if below else first or "–"


def _lines(table: Table) -> list[RichTextElement]:
    """A line for each row, its first cell in bold."""
    parts: list[RichTextElement] = []
    for place, row in enumerate(table.rows):
        first, *rest = row.cells or ("–",)
        told = "  ·  ".join(cell for cell in rest if cell)
        end = "\n" if place + 1 < len(table.rows) else ""
        parts += [_run(_MARKS[row.tone] + (first or "–"), _BOLD), _run(f"  {told}{end}")]
    return parts


def _chart(chart: Chart) -> list[Block]:
    title = _section([_run(chart.title or "–", _BOLD)])
    if not chart.bars:
        return [title]
    lines = "\n".join(_bar_lines(chart.bars))
    preformatted = RichTextPreformattedElement(elements=[_run(lines)])
    return [title, RichTextBlock(elements=[preformatted])]


def _bar_lines(bars: Sequence[Bar]) -> list[str]:
    longest = max(bar.value for bar in bars) or 1.0
    labels = [shorten(bar.label, LABEL_WIDTH) for bar in bars]
    width = max(len(label) for label in labels)
    return [
        f"{label.ljust(width)}  {'█' * round(bar.value / longest * BAR_STEPS)} {bar.text}"
        for label, bar in zip(labels, bars, strict=True)
    ]


def _bar(share: float) -> str:
    filled = round(share * BAR_STEPS)
    return "▰" * filled + "▱" * (BAR_STEPS - filled)


def _section(parts: Sequence[RichTextElement]) -> Block:
    return RichTextBlock(elements=[RichTextSectionElement(elements=list(parts))])


def _run(text: str, style: RichTextElementParts.TextStyle | None = None) -> RichTextElement:
    return RichTextElementParts.Text(text=shorten(clean(text), SLACK_SECTION) or "–", style=style)


def _input(element: TextInput | ChoiceInput | LookupInput | FlagInput, language: str) -> Block:
    hint = element.hint if isinstance(element, TextInput) else ""
    return InputBlock(
        block_id=element.name,
        label=plain(element.label, SLACK_LABEL),
        element=_input_element(element, language),
        hint=plain(hint, SLACK_LABEL) if hint else None,
        optional=isinstance(element, FlagInput) or not element.is_required,
    )


def _input_element(
    element: TextInput | ChoiceInput | LookupInput | FlagInput, language: str
) -> InputInteractiveElement:
    match element:
        case TextInput():
            longest = min(element.max_length, SLACK_INPUT)
            return PlainTextInputElement(
                action_id="input",
                multiline=element.is_multiline,
                max_length=longest,
                initial_value=shorten(element.value, longest) or None,
            )
        case ChoiceInput():
            options = {
                each.value: Option(text=plain(each.label, SLACK_OPTION), value=each.value) for each in element.options
            }
            return StaticSelectElement(
                action_id="input",
                placeholder=plain(CHOOSE.in_(language), SLACK_PLACEHOLDER),
                options=list(options.values())[:SLACK_OPTIONS],
                initial_option=options.get(element.value or ""),
            )
        case LookupInput():
            # What no option can be was made up: it is not offered again.
            fits = element.chosen is not None and len(element.chosen.value) <= SLACK_OPTION_VALUE
            chosen = element.chosen if fits else None
            return ExternalDataSelectElement(
                action_id=f"lookup:{element.source.value}",
                placeholder=plain(FIND.in_(language), SLACK_PLACEHOLDER),
                initial_option=Option(text=plain(chosen.label, SLACK_OPTION), value=chosen.value) if chosen else None,
                min_query_length=0,
            )
        case FlagInput():
            flag = Option(text=plain(YES.in_(language), SLACK_OPTION), value=FLAG_IS_SET)
            return CheckboxesElement(
                action_id="input", options=[flag], initial_options=[flag] if element.value else None
            )
