"""HTML to readable lines, each marked as new or as quoted by the mail program that wrote it.

A tokeniser of our own, not a document tree: a tree builder's time is quadratic in the depth of its elements, and a mail
may nest 200,000 of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from html import unescape


class Mark(IntEnum):
    """What the markup says of a line."""

    NEW = 0
    CITED = 1
    """Within a block of quotation: quoted where it stands at the end, context where an answer follows."""
    FOLDED = 2
    """Within what a mail program adds below an answer; never new text."""


@dataclass(frozen=True, slots=True)
class HtmlText:
    """Lines of text, and one mark for each."""

    lines: tuple[str, ...]
    marks: tuple[Mark, ...]


_TAG = re.compile(
    r"""<(/?)([a-zA-Z][^\s/<>"']{0,60})((?:[^<>"']|"[^"]{0,600}"|'[^']{0,600}'){0,120})>""",
)
_PLAIN_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,60})([^<>]*)>")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_BLANKS = re.compile(r"[ \t\n\r\f\xa0\u200b\ufeff]+")
_SKIPPED = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("style", "script", "title", "head", "noscript")
}
_BODY_START = re.compile(r"<body\b|</head\s*>", re.IGNORECASE)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_SPACED = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "hr", "pre"))
_TRACKED = frozenset(("div", "blockquote", "span", "section", "article", "table", "td", "tr", "p", "center", "pre"))
_LONELY = frozenset(("p", "td", "tr"))
_OUTLOOK_RULE = re.compile(r"border-top:\s*(?:[\d.]+pt\s+)?solid\s+(?:windowtext|#b5c4df|#e1e1e1|rgb\(181|rgb\(225)|"
                           r"border-top:\s*#b5c4df\s", re.IGNORECASE)  # fmt: skip
_FOLDED_NAMES = re.compile(
    r"moz-cite-prefix|gmail_attr|yahoo_quoted|yahooquoted|protonmail_quote|tutanota_quote|olk_src_body_section|zmail_extra|"
    r"moz-email-headers-table|x_moz-cite-prefix|gmail_extra_quote|ymail_android_signature_quote|qt-cite|aol_quoted|"
    r"ms-outlook-mobile-reference-message|mail-editor-reference-message-container|moz-forward-container",
    re.IGNORECASE,
)
_REST_NAMES = re.compile(r"divrplyfwdmsg|appendonsend|stopspelling|isforwardcontent|replyforwardmessage", re.IGNORECASE)


@dataclass(slots=True)
class _Lines:
    """The text so far."""

    lines: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    blank_wanted: bool = False

    def add(self, text: str, mark: Mark, preformatted: bool) -> None:
        if preformatted:
            first, *others = text.split("\n")
            self.words.append(first)
            for other in others:
                self.end_line(mark, force=True)
                self.words.append(other)
            return
        text = _BLANKS.sub(" ", text)
        if not self.words:
            text = text.lstrip(" ")
        elif text.startswith(" ") and self.words[-1].endswith(" "):
            text = text[1:]
        if text:
            self.words.append(text)

    def end_line(self, mark: Mark, force: bool = False) -> None:
        """Close the line; an empty one only where it is forced (a line break)."""
        line = "".join(self.words).rstrip()
        self.words.clear()
        if not line and not force:
            return
        if self.blank_wanted and self.lines and self.lines[-1]:
            self.lines.append("")
            self.marks.append(min(mark, self.marks[-1]))
        self.blank_wanted = False
        self.lines.append(line)
        self.marks.append(mark)


@dataclass(slots=True)
class _Open:
    """The open elements that matter, and what they make of the text within."""

    names: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def push(self, name: str, mark: Mark) -> None:
        self.names.append(name)
        self.marks.append(max(mark, self.mark))
        self.counts[name] = self.counts.get(name, 0) + 1

    def pop(self, name: str) -> None:
        if not self.counts.get(name):
            return
        while self.names:
            closed = self.names.pop()
            self.marks.pop()
            self.counts[closed] -= 1
            if closed == name:
                return

    @property
    def mark(self) -> Mark:
        return self.marks[-1] if self.marks else Mark.NEW


def read_html(html: str) -> HtmlText:
    """The visible text of a document, in lines as a reader sees them. Linear in its length, whatever it contains."""
    out = _Lines()
    opened = _Open()
    rest = Mark.NEW
    preformatted = 0
    unclosed: set[str] = set()  # what has no end here has none further on: it is not searched again
    position = _start_of_body(html)
    length = len(html)
    while position < length:
        start = html.find("<", position)
        text = html[position : start if start >= 0 else length]
        mark = max(rest, opened.mark)
        if text:
            out.add(unescape(text) if "&" in text else text, mark, preformatted > 0)
        if start < 0:
            break
        following = html[start + 1 : start + 2]
        if following in ("!", "?"):
            position = _after_declaration(html, start, unclosed)
            continue
        tag = _TAG.match(html, start) or _PLAIN_TAG.match(html, start)
        if tag is None:
            out.add("<", mark, preformatted > 0)
            position = start + 1
            continue
        position = tag.end()
        closing, name, attributes = bool(tag[1]), tag[2].lower(), tag[3]
        if name in _SKIPPED and not closing:
            end = None if name in unclosed else _SKIPPED[name].search(html, position)
            if end is None:
                unclosed.add(name)
            position = end.end() if end else (length if name in ("style", "script") else position)
        elif name == "br":
            out.end_line(mark, force=True)
        elif name in ("td", "th"):
            if out.words and not closing:
                out.words.append("  ")
        elif name in _BLOCKS or name == "span":
            if name != "span":
                out.end_line(mark)
                out.blank_wanted |= name in _SPACED
                if name == "pre":
                    preformatted = max(0, preformatted + (-1 if closing else 1))
            if closing:
                opened.pop(name)
                continue
            own = _mark_of(name, attributes) if "=" in attributes or name == "blockquote" else None
            if own is _REST:
                rest = Mark.FOLDED
            if name in _TRACKED and name not in _LONELY and not attributes.endswith("/"):
                opened.push(name, own if isinstance(own, Mark) else Mark.NEW)
            if name == "li":
                out.words.append("- ")
    out.end_line(max(rest, opened.mark))
    return HtmlText(tuple(out.lines), tuple(out.marks))


_REST = object()


def _mark_of(name: str, attributes: str) -> object:
    """A Mark for the text within the element, `_REST` where all that follows is quoted, or None."""
    lower = attributes.lower()
    if "class" in lower or "id" in lower:
        if _REST_NAMES.search(lower):
            return _REST
        if _FOLDED_NAMES.search(lower):
            return Mark.FOLDED
    if "border-top" in lower and _OUTLOOK_RULE.search(lower):
        return _REST
    return Mark.CITED if name == "blockquote" else None


def _start_of_body(html: str) -> int:
    body = _BODY_START.search(html)
    return body.start() if body is not None and body[0].lower() == "<body" else (body.end() if body is not None else 0)


def _after_declaration(html: str, start: int, unclosed: set[str]) -> int:
    """Where a comment, doctype or processing instruction ends."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 4) if "!--" not in unclosed else -1
        if end >= 0:
            return end + 3
        unclosed.add("!--")
        # A comment that is never closed hides nothing: only its opening is skipped.
        return start + 4
    end = html.find(">", start)
    return end + 1 if end >= 0 else len(html)
