"""What Slack takes, as published: blocks, elements and views beyond these limits are refused.

https://docs.slack.dev/reference/block-kit/blocks, …/block-elements, …/composition-objects and …/surfaces/modals
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 40_000
MESSAGE_CHARACTERS = 13_200

_BLOCK_TYPES = frozenset({"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"})
_ELEMENT_TYPES = frozenset(
    {
        "button",
        "checkboxes",
        "external_select",
        "image",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "static_select",
    }
)


class Broken(Exception):
    """`str(error)` is Slack's code for it."""


def check_message(arguments: Json) -> None:
    """Raise Broken for a message that Slack does not take."""
    text, blocks = arguments.get("text"), arguments.get("blocks")
    if not text and not blocks:
        raise Broken("no_text")
    if text and len(text) > MESSAGE_TEXT:
        raise Broken("msg_too_long")
    if blocks is None:
        return
    check_blocks(blocks, MESSAGE_BLOCKS)
    if _characters(blocks) > MESSAGE_CHARACTERS:
        raise Broken("msg_blocks_too_long")


def check_view(view: Json, kind: str) -> None:
    """Raise Broken for a view that Slack does not take."""
    _need(view.get("type") == kind, "invalid_arguments")
    check_blocks(view["blocks"], VIEW_BLOCKS)
    _need(len(view.get("private_metadata") or "") <= 3000, "invalid_arguments")
    _need(len(view.get("callback_id") or "") <= 255, "invalid_arguments")
    if kind == "modal":
        _text(view.get("title"), 24)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                _text(view[name], 24)
        has_input = any(block["type"] == "input" for block in view["blocks"])
        _need(not has_input or view.get("submit") is not None, "invalid_arguments")


def check_blocks(blocks: Sequence[Json], most: int) -> None:
    """Raise Broken for blocks that Slack does not take."""
    _need(isinstance(blocks, list) and 1 <= len(blocks) <= most, "invalid_blocks")
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    _need(len(ids) == len(set(ids)), "invalid_blocks")
    actions = [
        element["action_id"]
        for block in blocks
        for element in (*block.get("elements", ()), block.get("accessory"))
        if block["type"] in ("actions", "section") and element and element.get("action_id")
    ]
    _need(len(actions) == len(set(actions)), "invalid_blocks")
    for block in blocks:
        _check_block(block)


def _check_block(block: Json) -> None:
    kind = block.get("type")
    _need(kind in _BLOCK_TYPES, "invalid_blocks")
    _need(len(block.get("block_id") or "") <= 255, "invalid_blocks")
    if kind == "header":
        _text(block.get("text"), 150)
    elif kind == "section":
        _need(bool(block.get("text") or block.get("fields")), "invalid_blocks")
        if block.get("text"):
            _text(block["text"], 3000, mrkdwn=True)
        _need(len(block.get("fields") or ()) <= 10, "invalid_blocks")
        for field in block.get("fields") or ():
            _text(field, 2000, mrkdwn=True)
        if block.get("accessory"):
            _check_element(block["accessory"])
    elif kind == "context":
        _need(1 <= len(block["elements"]) <= 10, "invalid_blocks")
        for element in block["elements"]:
            _text(element, 3000, mrkdwn=True)
    elif kind == "actions":
        _need(1 <= len(block["elements"]) <= 25, "invalid_blocks")
        for element in block["elements"]:
            _check_element(element)
    elif kind == "input":
        _text(block.get("label"), 2000)
        _check_element(block["element"])
    elif kind == "image":
        _need(len(block["image_url"]) <= 3000 and 1 <= len(block["alt_text"]) <= 2000, "invalid_blocks")
    elif kind == "rich_text":
        _need(bool(block["elements"]), "invalid_blocks")


def _check_element(element: Json) -> None:
    kind = element.get("type")
    _need(kind in _ELEMENT_TYPES, "invalid_blocks")
    if kind != "image":
        _need(1 <= len(element["action_id"]) <= 255, "invalid_blocks")
    if kind == "button":
        _text(element["text"], 75)
        _need(len(element.get("value") or "") <= 2000 and len(element.get("url") or "") <= 3000, "invalid_blocks")
        _need(element.get("style") in (None, "primary", "danger"), "invalid_blocks")
    if kind in ("overflow", "static_select", "checkboxes", "radio_buttons"):
        _need(1 <= len(element["options"]) <= {"overflow": 5, "static_select": 100}.get(kind, 10), "invalid_blocks")
        for option in element["options"]:
            _check_option(option)
    initial = element.get("initial_option")
    if initial is not None:
        _check_option(initial)
        _need(kind == "external_select" or initial in element["options"], "invalid_blocks")
    if kind == "plain_text_input":
        _need(len(element.get("initial_value") or "") <= element.get("max_length", 3000) <= 3000, "invalid_blocks")


def _check_option(option: Json) -> None:
    _text(option["text"], 75)
    _need(1 <= len(option["value"]) <= 150, "invalid_blocks")


def check_options(options: Sequence[Json]) -> None:
    """Raise Broken for an answer to a `block_suggestion` that Slack does not take."""
    _need(len(options) <= 100, "invalid_arguments")
    for option in options:
        _check_option(option)


def _text(text: Any, most: int, *, mrkdwn: bool = False) -> None:
    _need(
        isinstance(text, Mapping) and text.get("type") in ("plain_text", *(["mrkdwn"] if mrkdwn else ())),
        "invalid_blocks",
    )
    _need(1 <= len(text["text"]) <= most, "invalid_blocks")


def _characters(part: Any) -> int:
    if isinstance(part, Mapping):
        return sum(
            len(value) if key == "text" and isinstance(value, str) else _characters(value)
            for key, value in part.items()
        )
    return sum(_characters(each) for each in part) if isinstance(part, list) else 0


def _need(is_so: bool, code: str) -> None:
    if not is_so:
        raise Broken(code)
