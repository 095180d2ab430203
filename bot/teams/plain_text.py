"""What people wrote in Teams as plain text: mentions, HTML, entities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from html.parser import HTMLParser
from typing import Any

_MENTION = re.compile(r"<at(?:\s[^>]*)?>(.*?)</at>", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"\s+")
_EMPTY_LINES = re.compile(r"\n{3,}")

_BLOCKS = frozenset({"p", "div", "li", "tr", "blockquote", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4"})
_UNSEEN = frozenset({"script", "style", "head", "title"})


def said_text(activity: Mapping[str, Any], bot: str) -> str:
    """The text of a message without the mentions of `bot`; those of others stay as their names."""
    text = activity.get("text")
    text = text if isinstance(text, str) else ""
    for mention in mentions(activity):
        if mentioned_id(mention) == bot and isinstance(mention.get("text"), str) and mention["text"]:
            text = text.replace(mention["text"], " ")
    if activity.get("textFormat") in ("xml", "html"):
        return html_text(text)
    return tidy(unescape(_MENTION.sub(r"\1", text)))


def mentions(activity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entities that are mentions."""
    entities = activity.get("entities")
    found = entities if isinstance(entities, Sequence) and not isinstance(entities, str) else ()
    return [each for each in found if isinstance(each, Mapping) and each.get("type") == "mention"]


def mentioned_id(mention: Mapping[str, Any]) -> str | None:
    """The account (28:…, 29:…) that a mention names."""
    mentioned = mention.get("mentioned")
    found = mentioned.get("id") if isinstance(mentioned, Mapping) else None
    return found if isinstance(found, str) else None


def html_text(html: str) -> str:
    """HTML as plain text: a line for each block, list items by a dash; what is not shown is left out."""
    reading = _Reading()
    reading.feed(html)
    reading.close()
    return tidy("".join(reading.parts))


def tidy(text: str) -> str:
    """Without NULs, trailing blanks and more than one empty line at a time; indents stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\xa0", " ")
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


class _Reading(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS and tag != "li":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(_BLANKS.sub(" ", data))
