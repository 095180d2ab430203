"""A card as Block Kit, for Slack (https://docs.slack.dev/block-kit), built with slack_sdk's models, which check it.

Texts are `plain_text` or rich text, which Slack does not read as markup. A button's signed value is its `value`, an
option's in a menu (`pressed_value` finds either). An input's `block_id` is its name (`input_values` reads them);
a lookup's `action_id` is `lookup:<source>`, which is what its options are asked for with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

from bot.buttons import Buttons
from bot.render.blockkit_actions import ActionDrawing, plain
from bot.render.blockkit_elements import FLAG_IS_SET, draw_element, draw_heading
from bot.render.governor import SUMMARY_LIMIT, draw_within
from bot.render.limits import (
    SLACK_MESSAGE_BLOCKS,
    SLACK_MESSAGE_CHARACTERS,
    SLACK_PRIVATE_METADATA,
    SLACK_TITLE,
    SLACK_VIEW_BLOCKS,
    SLACK_VIEW_CHARACTERS,
    button_value,
)
from bot.render.text import length, one_line, shorten
from bot.render.wording import CANCEL, CLOSE, SEND
from bot.views.card import Action, Card

Json = dict[str, Any]

FORM_CALLBACK = "form"


@dataclass(frozen=True, slots=True)
class BlockKitMessage:
    """A message. `text`, which notices show, is escaped; send it with `parse: none`, `link_names: false`."""

    text: str
    blocks: list[Json]


@dataclass(frozen=True, slots=True)
class ModalMetadata:
    """A modal's `private_metadata`: the signed value that sending it gives, and what the caller put there."""

    value: str
    data: str


def message(card: Card, buttons: Buttons, language: str) -> BlockKitMessage:
    """The card as a message."""

    def draw(cards: Sequence[Card]) -> list[Json]:
        return _as_json(_Drawing(buttons, language).card(cards[0]))

    blocks = draw_within([card], language, draw, _fits_message)
    notice = shorten(one_line(card.summary) or one_line(card.heading), SUMMARY_LIMIT) or "–"
    return BlockKitMessage(escape(notice), blocks)


def modal(card: Card, buttons: Buttons, language: str, *, private_metadata: str = "") -> Json:
    """The card as a modal. Sending a form gives its first action; `private_metadata` comes back (`read_metadata`)."""
    sent = next((each for each in card.actions if isinstance(each, Action)), None) if card.inputs else None
    if card.inputs and sent is None:
        raise ValueError("a form that does nothing when it is sent")
    value = button_value(buttons, sent) if sent else ""
    metadata = orjson.dumps([value, private_metadata]).decode()
    if length(metadata) > SLACK_PRIVATE_METADATA:
        raise ValueError("more private metadata than Slack keeps")

    def draw(cards: Sequence[Card]) -> list[Json]:
        rest = list(cards[0].actions)
        if sent is not None:
            rest.remove(next(each for each in rest if isinstance(each, Action)))
        drawing = _Drawing(buttons, language)
        has_title = length(cards[0].heading) <= SLACK_TITLE
        body = cards[0].model_copy(update={"actions": tuple(rest)})
        return _as_json(drawing.card(body, has_heading=not has_title))

    blocks = draw_within([card], language, draw, _fits_view)
    return View(
        type="modal",
        callback_id=FORM_CALLBACK,
        title=plain(card.heading, SLACK_TITLE),
        submit=plain(sent.label or SEND.in_(language), SLACK_TITLE) if sent else None,
        close=plain((CANCEL if sent else CLOSE).in_(language), SLACK_TITLE),
        private_metadata=metadata,
        blocks=blocks,
    ).to_dict()


def home(cards: Sequence[Card], buttons: Buttons, language: str) -> Json:
    """The cards, one below the other, as an App Home."""

    def draw(cards: Sequence[Card]) -> list[Json]:
        drawing = _Drawing(buttons, language)
        blocks: list[Block] = []
        for card in cards:
            blocks += [DividerBlock(), *drawing.card(card)] if blocks else drawing.card(card)
        return _as_json(blocks)

    blocks = draw_within(cards, language, draw, _fits_view)
    return View(type="home", blocks=blocks).to_dict()


def escape(text: str) -> str:
    """The text for where Slack reads markup: `<…>` mentions and links need its angle brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pressed_value(action: Mapping[str, Any]) -> str | None:
    """The signed value of an action in a `block_actions` payload; None for a link or an input."""
    if not str(action.get("action_id", "")).startswith("press"):
        return None
    option = action.get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else action.get("value")
    return value if isinstance(value, str) else None


def read_metadata(private_metadata: str) -> ModalMetadata:
    """What `modal` put there."""
    value, data = orjson.loads(private_metadata)
    return ModalMetadata(value, data)


def input_values(state: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """The inputs by name, from a view's or a message's `state.values`. Flags are `true` or `false`."""
    values = {}
    for name, actions in state.items():
        for given in actions.values():
            if given.get("type") == "checkboxes":
                chosen = given.get("selected_options") or []
                values[name] = "true" if any(each.get("value") == FLAG_IS_SET for each in chosen) else "false"
            elif isinstance(given.get("selected_option"), Mapping):
                values[name] = str(given["selected_option"]["value"])
            else:
                values[name] = str(given.get("value") or "")
    return values


class _Drawing:
    """Draws cards into one message or view, in which all ids differ."""

    def __init__(self, buttons: Buttons, language: str) -> None:
        self._language = language
        self._actions = ActionDrawing(buttons, language)

    def card(self, card: Card, *, has_heading: bool = True) -> list[Block]:
        blocks = draw_heading(card, self._language) if has_heading else []
        for element in card.elements:
            blocks += draw_element(element, self._language, self._actions)
        blocks += self._actions.blocks(card.actions)
        return blocks or draw_heading(card, self._language)


def _as_json(blocks: Sequence[Block]) -> list[Json]:
    """The blocks as Slack takes them; slack_sdk checks each against its limits."""
    return [block.to_dict() for block in blocks]


def _fits_message(blocks: list[Json]) -> bool:
    return len(blocks) <= SLACK_MESSAGE_BLOCKS and _characters(blocks) <= SLACK_MESSAGE_CHARACTERS


def _fits_view(blocks: list[Json]) -> bool:
    return len(blocks) <= SLACK_VIEW_BLOCKS and _characters(blocks) <= SLACK_VIEW_CHARACTERS


def _characters(blocks: list[Json]) -> int:
    return length(orjson.dumps(blocks).decode())
