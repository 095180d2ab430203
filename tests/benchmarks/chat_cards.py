"""How many cards one core renders in a second, by renderer: a ticket's card and a page of the queue."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.buttons import Buttons
from bot.render.adaptive import adaptive_card
from bot.render.blockkit import message
from bot.render.html import html_card, mail_html
from bot.render.plain import plain_text
from bot.views.card import (
    Action,
    ActionStyle,
    Bar,
    Card,
    Chart,
    Fact,
    Facts,
    Link,
    Row,
    Table,
    Text,
    TextStyle,
    Tone,
)
from tests.benchmarks.report import report

SECONDS = 2.0
LEAST = 50
URL = "https://desk.example/console/tickets/1001"


async def run() -> None:
    """Report cards per second for each renderer and each of the two cards."""
    buttons = Buttons(b"the key of the benchmark")
    renderers: dict[str, Callable[[Card], object]] = {
        "adaptive": lambda card: adaptive_card(card, buttons, "de"),
        "blockkit": lambda card: message(card, buttons, "de"),
        "html": lambda card: html_card(card, buttons, "de"),
        "mail_html": lambda card: mail_html(card, "de"),
        "plain": plain_text,
    }
    for what, card in (("ticket", _ticket_card()), ("queue", _queue_card())):
        for name, render in renderers.items():
            count, seconds = _measure(render, card)
            report("chat_cards", f"{what}_{name}", count / seconds, "cards/s/core", count)


def _measure(render: Callable[[Card], object], card: Card) -> tuple[int, float]:
    """How many were rendered, and in how many seconds of processor time."""
    render(card)
    start, count = time.process_time(), 0
    while count < LEAST or time.process_time() - start < SECONDS:
        render(card)
        count += 1
    return count, time.process_time() - start


def _ticket_card() -> Card:
    facts = ("Status", "Priorität", "Zuständig", "Gemeldet von", "Eröffnet", "Nachrichten", "Schlagworte", "Zustellung")
    commands = ("reply", "note", "wait", "resolve")
    more = ("assign", "prio", "status", "merge", "link", "tag", "move", "close", "watch", "receipt")
    return Card(
        heading="#1001 Drucker im Büro druckt nicht",
        summary="#1001 Drucker im Büro druckt nicht · Tischlerei Hofer",
        note="Tischlerei Hofer (Stufe A)",
        tone=Tone.WARNING,
        url=URL,
        elements=(
            Facts(facts=tuple(Fact(label=label, value="24.11.2026, 11:05 (vor 3 Std.)") for label in facts)),
            Text(text="Nachricht von Anna Hofer", style=TextStyle.QUIET),
            Text(text="Seit heute früh druckt der Drucker nicht mehr. " * 10, style=TextStyle.QUOTE),
        ),
        actions=(
            _button("take", style=ActionStyle.PRIMARY),
            *(_button(command, opens_form=True) for command in commands),
            *(_button(command, opens_form=True, is_more=True) for command in more),
            Link(label="In der Konsole öffnen", url=URL, is_more=True),
        ),
    )


def _queue_card() -> Card:
    cells = ("Tischlerei Hofer", "Hoch", "In Arbeit", "Toni Leitner", "3 Std.")
    rows = tuple(
        Row(cells=(f"#{number} Drucker im Büro druckt nicht", *cells), action=_button("show"), url=URL)
        for number in range(1001, 1011)
    )
    columns = ("Ticket", "Kunde", "Priorität", "Status", "Zuständig", "Alter")
    statuses = ("Neu", "Zugewiesen", "In Arbeit", "Wartet auf Kunden")
    return Card(
        heading="Offene Tickets",
        summary="Offene Tickets: 57",
        elements=(
            Table(columns=columns, rows=rows),
            Chart(title="Nach Status", bars=tuple(Bar(label=each, value=7, text="7") for each in statuses)),
        ),
        actions=(_button("queue"), Link(label="In der Konsole öffnen", url=URL)),
    )


def _button(
    command: str,
    *,
    style: ActionStyle = ActionStyle.NORMAL,
    opens_form: bool = False,
    is_more: bool = False,
) -> Action:
    return Action(
        label=f"{command}…",
        command=command,
        arguments={"ticket": "1001"},
        style=style,
        opens_form=opens_form,
        is_more=is_more,
    )
