"""Slack's message text as people read it (https://docs.slack.dev/messaging/formatting-message-text). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

# Slack escapes the brackets of what people type: what stands in such a pair is always Slack's own.
_MARK = re.compile(r"<([^<>\n]*)>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_SCHEMES = ("mailto:", "tel:", "https://", "http://")


def plain_text(text: str, *, names: Mapping[str, str] | None = None, without: Collection[str | None] = ()) -> str:
    """The text without markup: mentions by name, links as they read and where they lead, escapes resolved.

    `names` are people by their ids; mentions of the people `without` are left out.
    """
    known = names or {}
    read = _MARK.sub(lambda match: _reading(match.group(1), known, without), text)
    for entity, character in _ENTITIES:
        read = read.replace(entity, character)
    return read.strip()


def mentioned(text: str) -> list[str]:
    """The ids of the people whom the text mentions, in order."""
    marks = (match.group(1) for match in _MARK.finditer(text))
    return [mark[1:].partition("|")[0] for mark in marks if mark.startswith("@")]


def _reading(mark: str, names: Mapping[str, str], without: Collection[str | None]) -> str:
    target, _, label = mark.partition("|")
    if target.startswith("@"):
        return "" if target[1:] in without else f"@{label or names.get(target[1:]) or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    bare = next((target.removeprefix(each) for each in _SCHEMES if target.startswith(each)), target)
    if not label or label in (target, bare):
        return label or target
    return bare if target.startswith(("mailto:", "tel:")) else f"{label} ({target})"
