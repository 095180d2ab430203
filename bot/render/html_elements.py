"""The elements of a card, as HTML for the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from bot.render.governor import safe_url
from bot.render.text import clean, one_line
from bot.views.card import (
    Bar,
    Chart,
    ChoiceInput,
    Divider,
    Element,
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
)

RowButton = Callable[[Row], Markup]

# The chart's own units; the picture is scaled to the card.
_CHART_WIDTH = 640
_LABELS_WIDTH = 190
_TEXTS_WIDTH = 90
_LINE_HEIGHT = 28
_BAR_HEIGHT = 16


def draw_element(element: Element, row_button: RowButton) -> Markup:
    """An element that shows something; `row_button` draws the button of a table's row."""
    match element:
        case Text():
            return _text(element)
        case Facts():
            return _facts(element)
        case Progress():
            return _progress(element)
        case Table():
            return _table(element, row_button)
        case Chart():
            return _chart(element)
        case Image():
            url = safe_url(element.url)
            image = Markup('<img class="card-image" src="{}" alt="{}" loading="lazy">')
            return image.format(url, one_line(element.alt)) if url is not None else Markup("")
        case Divider():
            return Markup('<hr class="card-divider">')
        case _:
            return Markup("")


def draw_input(element: TextInput | ChoiceInput | LookupInput | FlagInput) -> Markup:
    """An input inside its label. A lookup's script fills in the hidden value as one chooses; a flag sends `true`."""
    label = one_line(element.label)
    if isinstance(element, FlagInput):
        checked = Markup(" checked") if element.value else Markup("")
        return Markup(
            '<label class="field field-flag"><input type="checkbox" name="{}" value="true"{}> <span>{}</span></label>'
        ).format(element.name, checked, label)
    required = Markup(" required") if element.is_required else Markup("")
    mark = Markup(' <span class="required" aria-hidden="true">*</span>') if element.is_required else Markup("")
    match element:
        case TextInput():
            control = _text_input(element, required)
        case ChoiceInput():
            control = _choice(element, required)
        case LookupInput():
            control = _lookup(element, required)
    return Markup('<label class="field"><span class="field-label">{}{}</span>{}</label>').format(label, mark, control)


def _text(text: Text) -> Markup:
    content = clean(text.text).strip("\n")
    if not content.strip():
        return Markup("")
    tone = text.tone.value
    match text.style:
        case TextStyle.QUOTE:
            return Markup('<blockquote class="text-quote tone-{}">{}</blockquote>').format(tone, content)
        case TextStyle.CODE:
            return Markup('<pre class="text-code tone-{}">{}</pre>').format(tone, content)
        case _:
            return Markup('<p class="text-{} tone-{}">{}</p>').format(text.style.value, tone, content)


def _facts(facts: Facts) -> Markup:
    rows = _join(
        Markup('<div class="fact"><dt>{}</dt><dd class="tone-{}">{}</dd></div>').format(
            one_line(fact.label), fact.tone.value, one_line(fact.value) or "–"
        )
        for fact in facts.facts
    )
    return Markup('<dl class="facts">{}</dl>').format(rows) if rows else Markup("")


def _progress(progress: Progress) -> Markup:
    text = one_line(progress.text)
    return Markup(
        '<div class="progress progress-{}"><span class="progress-label">{}</span>'
        '<progress max="100" value="{}" aria-label="{}: {}">{}</progress><span class="progress-text">{}</span></div>'
    ).format(
        progress.tone.value,
        one_line(progress.label),
        round(progress.share * 100),
        one_line(progress.label),
        text,
        text,
        text,
    )


def _table(table: Table, row_button: RowButton) -> Markup:
    has_buttons = any(row.action is not None for row in table.rows)
    head = _join(Markup('<th scope="col">{}</th>').format(one_line(column)) for column in table.columns)
    if has_buttons:
        head += Markup("<td></td>")
    rows = _join(_row(row, row_button if has_buttons else None) for row in table.rows)
    return Markup(
        '<div class="table-scroll"><table class="card-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, rows)


def _row(row: Row, row_button: RowButton | None) -> Markup:
    cells = [Markup("<td>{}</td>").format(one_line(cell)) for cell in row.cells]
    if row.cells:
        first = Markup("{}").format(one_line(row.cells[0]))
        url = safe_url(row.url)
        if url is not None:
            first = Markup('<a href="{}">{}</a>').format(url, first)
        cells[0] = Markup('<th scope="row">{}</th>').format(first)
    if row_button is not None:
        cells.append(Markup('<td class="row-action">{}</td>').format(row_button(row)))
    return Markup('<tr class="tone-{}">{}</tr>').format(row.tone.value, _join(cells))


def _chart(chart: Chart) -> Markup:
    title = one_line(chart.title)
    told = ", ".join(f"{one_line(bar.label)}: {one_line(bar.text)}" for bar in chart.bars)
    height = max(1, len(chart.bars)) * _LINE_HEIGHT
    return Markup(
        '<figure class="chart"><figcaption>{}</figcaption>'
        '<svg role="img" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin meet"><title>{}: {}</title>{}</svg></figure>'
    ).format(title, _CHART_WIDTH, height, title, told, _bars(chart.bars))


def _bars(bars: Sequence[Bar]) -> Markup:
    longest = max((bar.value for bar in bars), default=0.0) or 1.0
    room = _CHART_WIDTH - _LABELS_WIDTH - _TEXTS_WIDTH
    return _join(
        Markup(
            '<g class="bar bar-{}"><text class="bar-label" x="0" y="{}">{}</text>'
            '<rect class="bar-track" x="{}" y="{}" width="{}" height="{}" rx="4"/>'
            '<rect class="bar-fill" x="{}" y="{}" width="{}" height="{}" rx="4"/>'
            '<text class="bar-text" x="{}" y="{}" text-anchor="end">{}</text></g>'
        ).format(
            bar.tone.value,
            place * _LINE_HEIGHT + 19,
            one_line(bar.label),
            *(_LABELS_WIDTH, place * _LINE_HEIGHT + 6, room, _BAR_HEIGHT),
            *(_LABELS_WIDTH, place * _LINE_HEIGHT + 6, round(bar.value / longest * room), _BAR_HEIGHT),
            _CHART_WIDTH,
            place * _LINE_HEIGHT + 19,
            one_line(bar.text),
        )
        for place, bar in enumerate(bars)
    )


def _text_input(element: TextInput, required: Markup) -> Markup:
    hint = Markup('<span class="field-hint">{}</span>').format(one_line(element.hint)) if element.hint else Markup("")
    if element.is_multiline:
        # The parser eats a newline right after the tag.
        return Markup('<textarea name="{}" rows="6" maxlength="{}"{}>\n{}</textarea>{}').format(
            element.name, element.max_length, required, clean(element.value), hint
        )
    return Markup('<input type="text" name="{}" value="{}" maxlength="{}"{}>{}').format(
        element.name, clean(element.value), element.max_length, required, hint
    )


def _choice(element: ChoiceInput, required: Markup) -> Markup:
    options = _join(
        Markup('<option value="{}"{}>{}</option>').format(
            each.value, Markup(" selected") if each.value == element.value else Markup(""), one_line(each.label)
        )
        for each in element.options
    )
    none = Markup('<option value=""></option>') if element.value is None else Markup("")
    return Markup('<select name="{}"{}>{}{}</select>').format(element.name, required, none, options)


def _lookup(element: LookupInput, required: Markup) -> Markup:
    chosen = element.chosen
    return Markup(
        '<span class="lookup" data-lookup="{}"><input type="text" role="combobox" aria-expanded="false" '
        'aria-autocomplete="list" autocomplete="off" value="{}"{}><input type="hidden" name="{}" value="{}"></span>'
    ).format(
        element.source.value,
        one_line(chosen.label) if chosen else "",
        required,
        element.name,
        chosen.value if chosen else "",
    )


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
