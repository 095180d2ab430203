"""A card as an HTML mail: tables for layout and styles in the elements, as mail readers need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from bot.render.governor import safe_url
from bot.render.text import clean, one_line
from bot.render.wording import OPEN_IN_CONSOLE
from bot.views.card import (
    Bar,
    Card,
    Chart,
    Element,
    Facts,
    Image,
    Link,
    Progress,
    Table,
    Text,
    TextStyle,
    Tone,
)

_FONT = "font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;color:#1f2937"
_COLORS = {Tone.NORMAL: "#1f2937", Tone.GOOD: "#15803d", Tone.WARNING: "#92400e", Tone.DANGER: "#b91c1c"}
_EDGES = {Tone.NORMAL: "#2563eb", Tone.GOOD: "#16a34a", Tone.WARNING: "#d97706", Tone.DANGER: "#dc2626"}
_STYLES = {
    TextStyle.NORMAL: "",
    TextStyle.QUIET: "font-size:13px;color:#6b7280",
    TextStyle.STRONG: "font-weight:600",
    TextStyle.QUOTE: "border-left:3px solid #d1d5db;padding-left:12px",
    TextStyle.CODE: "font-family:Consolas,Menlo,monospace;font-size:13px;background:#f3f4f6;padding:8px",
}
_CELL = "padding:4px 12px 4px 0;vertical-align:top;text-align:left"


def mail_html(card: Card, language: str) -> str:
    """The card as a whole HTML document. Its links are there; what can only be pressed is not."""
    links = [(one_line(each.label), safe_url(each.url)) for each in card.actions if isinstance(each, Link)]
    url = safe_url(card.url)
    if url is not None and all(known != url for _, known in links):
        links.append((OPEN_IN_CONSOLE.in_(language), url))
    parts = [_head(card), *(_element(element) for element in card.elements), _links(links)]
    return Markup(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title></head>'
        '<body style="margin:0;padding:24px;background:#f3f4f6">'
        '<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center">'
        '<table role="presentation" width="600" cellspacing="0" cellpadding="0" '
        'style="max-width:600px;width:100%;background:#ffffff;border-top:4px solid {}"><tr>'
        '<td style="padding:24px;{}">{}</td></tr></table></td></tr></table></body></html>'
    ).format(language, one_line(card.summary or card.heading), _EDGES[card.tone], _FONT, _join(parts))


def _head(card: Card) -> Markup:
    note = (
        Markup('<p style="margin:4px 0 16px;font-size:13px;color:#6b7280">{}</p>').format(one_line(card.note))
        if card.note
        else Markup("")
    )
    heading = one_line(card.heading)
    return Markup('<h1 style="margin:0;font-size:20px;line-height:1.3">{}</h1>{}').format(heading, note)


def _element(element: Element) -> Markup:
    match element:
        case Text():
            lines = Markup("<br>").join(clean(element.text).strip().splitlines())
            color = "" if element.style is TextStyle.QUIET else f"color:{_COLORS[element.tone]};"
            style = color + _STYLES[element.style]
            return Markup('<p style="margin:12px 0;{}">{}</p>').format(style, lines) if lines else Markup("")
        case Facts():
            rows = [((fact.label, fact.value), fact.tone) for fact in element.facts]
            return _grid([], rows) if rows else Markup("")
        case Progress():
            label, text = one_line(element.label), one_line(element.text)
            bar = _bar(element.share, element.tone)
            return Markup('<p style="margin:12px 0 4px"><b>{}</b> {}</p>{}').format(label, text, bar)
        case Table():
            return _grid(element.columns, [(row.cells, row.tone) for row in element.rows])
        case Chart():
            title = Markup('<p style="margin:12px 0 4px"><b>{}</b></p>').format(one_line(element.title))
            return title + _chart(element.bars)
        case Image():
            url = safe_url(element.url)
            image = Markup('<img src="{}" alt="{}" style="max-width:100%">')
            return image.format(url, one_line(element.alt)) if url is not None else Markup("")
        case _:
            return Markup("")


def _grid(columns: Sequence[str], rows: Sequence[tuple[Sequence[str], Tone]]) -> Markup:
    """A table; without columns, each row's first cell is its label."""
    head = _join(Markup('<th scope="col" style="{}">{}</th>').format(_CELL, one_line(each)) for each in columns)
    body = _join(
        Markup("<tr>{}</tr>").format(
            _join(
                Markup('<td style="{};color:{}">{}</td>').format(
                    _CELL, "#6b7280" if place == 0 and not columns else _COLORS[tone], one_line(cell) or "–"
                )
                for place, cell in enumerate(cells)
            )
        )
        for cells, tone in rows
    )
    return Markup('<table cellspacing="0" cellpadding="0" style="margin:12px 0;{}">{}{}</table>').format(
        _FONT, Markup("<tr>{}</tr>").format(head) if columns else Markup(""), body
    )


def _chart(bars: Sequence[Bar]) -> Markup:
    longest = max((bar.value for bar in bars), default=0.0) or 1.0
    rows = _join(
        Markup('<tr><td style="{}">{}</td><td width="55%">{}</td><td style="padding-left:12px">{}</td></tr>').format(
            _CELL, one_line(bar.label), _bar(bar.value / longest, bar.tone), one_line(bar.text)
        )
        for bar in bars
    )
    return Markup('<table width="100%" cellspacing="0" cellpadding="0" style="{}">{}</table>').format(_FONT, rows)


def _bar(share: float, tone: Tone) -> Markup:
    filled = round(share * 100)
    parts = _join(
        Markup('<td width="{}%" height="10" style="background:{};font-size:0;line-height:0">&nbsp;</td>').format(
            width, color
        )
        for width, color in ((filled, _EDGES[tone]), (100 - filled, "#e5e7eb"))
        if width
    )
    return Markup('<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr>{}</tr></table>').format(
        parts
    )


def _links(links: Sequence[tuple[str, str | None]]) -> Markup:
    return _join(
        Markup(
            '<a href="{}" style="display:inline-block;margin:16px 8px 0 0;padding:8px 16px;background:#1d4ed8;'
            'color:#ffffff;text-decoration:none">{}</a>'
        ).format(url, label)
        for label, url in links
        if url is not None
    )


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
