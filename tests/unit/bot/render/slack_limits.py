"""Slack's published limits, checked strictly on what would be sent (https://docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def problems_of_message(content: Json) -> list[str]:
    """What Slack would refuse of a message `{"text": …, "blocks": […]}`."""
    found = list(_blocks(content["blocks"], most=50))
    if not 1 <= _length(content["text"]) <= 3000:
        found.append("text")
    if _length(json.dumps(content["blocks"], ensure_ascii=False, separators=(",", ":"))) > 13_000:
        found.append("the whole message is too long")
    return found


def problems_of_view(view: Json) -> list[str]:
    """What Slack would refuse of a modal or a home."""
    found = list(_blocks(view["blocks"], most=100))
    for name in ("title", "submit", "close"):
        if name in view:
            found += _text(view[name], 24, name)
    if _length(view.get("private_metadata", "")) > 3000 or _length(view.get("callback_id", "")) > 255:
        found.append("private_metadata or callback_id")
    if view["type"] == "modal" and "title" not in view:
        found.append("a modal without a title")
    if any(block["type"] == "input" for block in view["blocks"]) and view["type"] == "modal" and "submit" not in view:
        found.append("inputs without a submit button")
    return found


def markup_in(part: object) -> list[str]:
    """Texts that Slack would read as markup."""
    if isinstance(part, Mapping):
        own = [str(part.get("text"))] if part.get("type") == "mrkdwn" else []
        return own + [each for value in part.values() for each in markup_in(value)]
    return [each for value in part for each in markup_in(value)] if isinstance(part, list) else []


def _blocks(blocks: list[Json], most: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "two blocks of one id"
    actions = list(_action_ids(blocks))
    pressed = [each for each in actions if each.startswith(("press", "link"))]
    if len(pressed) != len(set(pressed)):
        yield "two buttons of one id"
    if any(not 1 <= _length(each) <= 255 for each in (*ids, *actions)):
        yield "the length of an id"
    for block in blocks:
        for problem in _BLOCKS[block["type"]](block):
            yield f"{block['type']}: {problem}"


def _header(block: Json) -> Iterator[str]:
    yield from _text(block["text"], 150, "text", kinds=("plain_text",))


def _section(block: Json) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield "nothing in it"
    if "text" in block:
        yield from _text(block["text"], 3000, "text", kinds=("plain_text", "mrkdwn"))
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield "fields"
    for field in fields:
        yield from _text(field, 2000, "field", kinds=("plain_text", "mrkdwn"))
    if "accessory" in block:
        yield from _element(block["accessory"])


def _context(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "elements"
    for element in block["elements"]:
        yield from _text(element, 3000, "element", kinds=("plain_text", "mrkdwn"))


def _actions(block: Json) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 25:
        yield "elements"
    for element in block["elements"]:
        yield from _element(element)


def _input(block: Json) -> Iterator[str]:
    yield from _text(block["label"], 2000, "label")
    if "hint" in block:
        yield from _text(block["hint"], 2000, "hint")
    yield from _element(block["element"])


def _image(block: Json) -> Iterator[str]:
    if not 1 <= _length(block["image_url"]) <= 3000:
        yield "image_url"
    if not 1 <= _length(block["alt_text"]) <= 2000:
        yield "alt_text"


def _rich_text(block: Json) -> Iterator[str]:
    if not block["elements"]:
        yield "nothing in it"
    for element in block["elements"]:
        if not element["elements"]:
            yield f"nothing in a {element['type']}"
        for run in element["elements"]:
            if run["type"] == "text" and not run["text"]:
                yield "an empty run"
            if run["type"] not in ("text", "link"):
                yield f"a {run['type']}, which nobody asked for"


def _divider(block: Json) -> Iterator[str]:
    if set(block) - {"type", "block_id"}:
        yield "something in it"


_BLOCKS = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "image": _image,
    "rich_text": _rich_text,
    "divider": _divider,
}


def _element(element: Json) -> Iterator[str]:
    match element["type"]:
        case "button":
            yield from _text(element["text"], 75, "button")
            if _length(element.get("value", "")) > 2000 or _length(element.get("url", "")) > 3000:
                yield "a button's value or url"
        case "overflow":
            if not 2 <= len(element["options"]) <= 5:
                yield f"an overflow of {len(element['options'])}"
        case "static_select":
            if not 1 <= len(element["options"]) <= 100:
                yield f"a select of {len(element['options'])}"
        case "plain_text_input":
            if not 1 <= element["max_length"] <= 3000:
                yield "max_length"
            if _length(element.get("initial_value", "")) > element["max_length"]:
                yield "initial_value"
        case "checkboxes":
            if not 1 <= len(element["options"]) <= 10:
                yield "checkboxes"
        case "external_select":
            if element.get("min_query_length") is None:
                yield "min_query_length"
        case other:
            yield f"an element of type {other}"
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, "placeholder")
    for option in (*element.get("options", []), *filter(None, [element.get("initial_option")])):
        yield from _text(option["text"], 75, "option")
        if not 1 <= _length(option["value"]) <= 150:
            yield "an option's value"
        if "url" in option and (element["type"] != "overflow" or _length(option["url"]) > 3000):
            yield "an option's url"
    if "confirm" in element:
        for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _text(element["confirm"][name], limit, f"confirm.{name}")


def _text(text: Json, limit: int, name: str, *, kinds: tuple[str, ...] = ("plain_text",)) -> Iterator[str]:
    if text["type"] not in kinds:
        yield f"{name} is {text['type']}"
    if not 1 <= _length(text["text"]) <= limit:
        yield f"{name} of {_length(text['text'])}"


def _action_ids(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "action_id" in part:
            yield str(part["action_id"])
        for value in part.values():
            yield from _action_ids(value)
    elif isinstance(part, list):
        for value in part:
            yield from _action_ids(value)


def _length(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2
