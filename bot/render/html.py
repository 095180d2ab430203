"""A card as HTML, for the console and for mails: escaped by construction (markupsafe).

The console's card is an `<article class="card" data-card>`; buttons are `<button name="value">` with the signed value,
in a form that the page's script takes over. There are no inline styles and no scripts, so that a strict content
security policy holds; looks come from the classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from bot.buttons import Buttons
from bot.render.governor import safe_url
from bot.render.html_elements import draw_element, draw_input
from bot.render.limits import button_value
from bot.render.mail_html import mail_html
from bot.render.text import clean, one_line
from bot.render.wording import MORE
from bot.views.card import Action, Button, Card, ChoiceInput, FlagInput, Link, LookupInput, Row, TextInput

__all__ = ["html_card", "mail_html"]


def html_card(
    card: Card, buttons: Buttons, language: str, *, target: str = "", hidden: Mapping[str, str] | None = None
) -> Markup:
    """The card. `target` is where its form goes (the page itself if empty), `hidden` what goes along (a CSRF token)."""
    drawing = _Drawing(buttons, language)
    elements = _join(
        draw_input(element)
        if isinstance(element, TextInput | ChoiceInput | LookupInput | FlagInput)
        else draw_element(element, drawing.row_button)
        for element in card.elements
    )
    content = Markup('{}<div class="card-body">{}</div>{}').format(
        _head(card), elements, drawing.actions(card.actions) if card.actions else Markup("")
    )
    kept = _join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in (hidden or {}).items()
    )
    action = Markup(' action="{}"').format(target) if target else Markup("")
    return Markup(
        '<article class="card card-{}" data-card lang="{}">'
        '<form class="card-form" method="post"{} data-card-form>{}{}</form></article>'
    ).format(card.tone.value, language, action, kept, content)


def _head(card: Card) -> Markup:
    heading = Markup("{}").format(one_line(card.heading))
    url = safe_url(card.url)
    if url is not None:
        heading = Markup('<a href="{}">{}</a>').format(url, heading)
    note = Markup('<p class="card-note">{}</p>').format(one_line(card.note)) if card.note else Markup("")
    return Markup('<header class="card-head"><h3 class="card-heading">{}</h3>{}</header>').format(heading, note)


class _Drawing:
    """Draws the buttons of one card."""

    def __init__(self, buttons: Buttons, language: str) -> None:
        self._buttons = buttons
        self._language = language

    def actions(self, actions: Sequence[Button]) -> Markup:
        first = _join(self.button(each) for each in actions if not each.is_more)
        rest = [self.button(each) for each in actions if each.is_more]
        menu = Markup("")
        if rest:
            menu = Markup(
                '<details class="card-more"><summary>{}</summary><div class="card-menu">{}</div></details>'
            ).format(MORE.in_(self._language), _join(rest))
        return Markup('<footer class="card-actions">{}{}</footer>').format(first, menu)

    def button(self, button: Button) -> Markup:
        if isinstance(button, Link):
            url = safe_url(button.url)
            if url is None:
                return Markup("")
            return Markup('<a class="button" href="{}">{}</a>').format(url, one_line(button.label))
        return Markup(
            '<button type="submit" class="button button-{}" name="value" value="{}" data-command="{}"{}{}>{}</button>'
        ).format(
            button.style.value,
            button_value(self._buttons, button),
            button.command,
            Markup(" data-opens-form formnovalidate") if button.opens_form else Markup(""),
            _confirm(button),
            one_line(button.label),
        )

    def row_button(self, row: Row) -> Markup:
        return self.button(row.action) if row.action is not None else Markup("")


def _confirm(action: Action) -> Markup:
    return Markup(' data-confirm="{}"').format(clean(action.confirm)) if action.confirm is not None else Markup("")


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
