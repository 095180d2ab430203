"""Cards of any size stay inside the limits of every platform, and keep their heading and their actions."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bot.buttons import Buttons
from bot.render.adaptive import adaptive_card
from bot.render.blockkit import home, message, modal
from bot.render.governor import SQUEEZES, squeeze_card
from bot.render.text import one_line
from bot.views.card import Action, Card, Link, Row, Table, Text, TextInput
from tests.unit.bot.render.random_cards import URL, cards, forms
from tests.unit.bot.render.slack_limits import markup_in, problems_of_message, problems_of_view
from tests.unit.bot.render.teams_types import problems_of_card

BUTTONS = Buttons(b"a key for these tests alone")

WORD_JOINER = "\u2060"

# Nothing is shrunk: cards of this size take minutes, and are no easier to read when they are small.
slow = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@slow
@given(cards)
def test_any_card_is_a_message_that_slack_takes(card: Card) -> None:
    drawn = message(card, BUTTONS, "de")
    assert problems_of_message({"text": drawn.text, "blocks": drawn.blocks}) == []
    assert markup_in(drawn.blocks) == []
    assert drawn.blocks[0]["type"] == "header"
    values = _strings(drawn.blocks, "value") | _strings(drawn.blocks, "url")
    assert _wanted(card) <= values


@slow
@given(cards)
def test_any_card_is_an_adaptive_card_of_at_most_28_kilobytes(card: Card) -> None:
    drawn = adaptive_card(card, BUTTONS, "en")
    content = orjson.dumps(drawn).decode()
    assert max(len(content.encode()), len(content.encode("utf-16-le"))) <= 28 * 1024
    assert problems_of_card(drawn) == []
    heading = drawn["body"][0]["items"][0]["inlines"][0]["text"].replace(WORD_JOINER, "")
    assert heading.startswith(one_line(card.heading)[:40] or "–")
    assert _wanted(card) <= _strings(drawn, "value") | _strings(drawn, "url")
    assert sum(action.get("mode") != "secondary" for action in drawn.get("actions", [])) <= 6


@slow
@given(forms)
def test_any_form_is_a_modal_and_a_dialog_with_all_its_inputs(form: Card) -> None:
    view = modal(form, BUTTONS, "de", private_metadata="x" * 300)
    assert problems_of_view(view) == []
    names = {each.name for each in form.inputs}
    assert {block["block_id"] for block in view["blocks"] if block["type"] == "input"} == names
    dialog = adaptive_card(form, BUTTONS, "de", in_dialog=True)
    assert len(orjson.dumps(dialog).decode().encode("utf-16-le")) <= 28 * 1024
    assert {part["id"] for part in dialog["body"] if part["type"].startswith("Input.")} == names


@slow
@given(cards)
def test_any_cards_are_a_home_that_slack_takes(card: Card) -> None:
    assert problems_of_view(home([card, card, card], BUTTONS, "en")) == []


def test_what_is_left_out_is_linked() -> None:
    card = Card(heading="H", summary="S", url=URL, elements=(Text(text="x" * 5000),))
    shortened = squeeze_card(card, SQUEEZES[0], "de")
    assert shortened.actions == (Link(label="In der Konsole öffnen", url=URL),)
    assert isinstance(shortened.elements[-1], Text)
    assert shortened.elements[-1].text == "… mehr in der Konsole"


def test_what_fits_is_left_as_it_is() -> None:
    card = Card(heading="H", summary="S", url=URL, elements=(Text(text="x" * 2000),))
    assert squeeze_card(card, SQUEEZES[0], "de") == card


def test_a_table_of_many_rows_loses_the_last_ones_first() -> None:
    rows = tuple(Row(cells=(f"row {number}", "x" * 200)) for number in range(200))
    drawn = adaptive_card(
        Card(heading="H", summary="S", elements=(Table(columns=("a", "b"), rows=rows),)), BUTTONS, "de"
    )
    shown = drawn["body"][1]["rows"]
    assert len(shown) > 5
    assert shown[1]["cells"][0]["items"][0]["inlines"] == ["row 0"]


def test_arguments_that_no_button_can_carry_are_a_programming_error() -> None:
    action = Action(label="x", command="note", arguments={"text": "y" * 2000})
    with pytest.raises(ValueError, match="arguments of note"):
        message(Card(heading="H", summary="S", actions=(action,)), BUTTONS, "de")
    with pytest.raises(ValueError, match="arguments of note"):
        adaptive_card(Card(heading="H", summary="S", actions=(action,)), BUTTONS, "de")


def test_a_form_that_does_nothing_is_a_programming_error() -> None:
    card = Card(heading="H", summary="S", elements=(TextInput(name="text", label="Text"),))
    with pytest.raises(ValueError, match="does nothing"):
        modal(card, BUTTONS, "de")


def _wanted(card: Card) -> set[str]:
    """The values and addresses of the card's own buttons."""
    return {BUTTONS.value_of(each) if isinstance(each, Action) else each.url for each in card.actions}


def _strings(part: Any, key: str) -> set[str]:
    """Every string at this key, however deep."""
    if isinstance(part, dict):
        own = {part[key]} if isinstance(part.get(key), str) else set()
        return own.union(*(_strings(value, key) for value in part.values()))
    return set().union(*(_strings(each, key) for each in part)) if isinstance(part, list) else set()
