"""A card as plain text, for notices and mails' text parts."""

from __future__ import annotations

from bot.render.text import clean, one_line
from bot.views.card import Card, Chart, Divider, Element, Facts, Image, Link, Progress, Table, Text, TextStyle


def plain_text(card: Card) -> str:
    """The card in lines. What can be pressed is left out, but where links lead is not."""
    parts = [one_line(card.heading), one_line(card.note)]
    parts += [_element(element) for element in card.elements]
    links = [f"{one_line(each.label)}: {each.url}" for each in card.actions if isinstance(each, Link)]
    if card.url is not None and all(not isinstance(each, Link) or each.url != card.url for each in card.actions):
        links.append(card.url)
    parts.append("\n".join(links))
    return "\n\n".join(part for part in parts if part) + "\n"


def _element(element: Element) -> str:
    match element:
        case Text():
            text = clean(element.text).strip()
            return "\n".join(f"> {line}" for line in text.splitlines()) if element.style is TextStyle.QUOTE else text
        case Facts():
            return "\n".join(f"{one_line(fact.label)}: {one_line(fact.value)}" for fact in element.facts)
        case Progress():
            return f"{one_line(element.label)}: {one_line(element.text)}"
        case Table():
            lines = [element.columns, *(row.cells for row in element.rows)]
            return "\n".join(" | ".join(one_line(cell) for cell in line) for line in lines)
        case Chart():
            bars = (f"{one_line(bar.label)}: {one_line(bar.text)}" for bar in element.bars)
            return "\n".join([one_line(element.title), *bars])
        case Image():
            return f"[{one_line(element.alt)}]"
        case Divider():
            return "-" * 20
        case _:
            return f"{one_line(element.label)}: …"
