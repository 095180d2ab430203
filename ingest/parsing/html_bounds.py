"""May a document be given to an HTML parser? A tree builder's time is quadratic in the depth of its elements, and so is
its memory where formatting stays open (HTML standard, sections 13.2.4.3 and 13.2.6).

One pass over the tags, linear in the length. Where markup is broken, elements count rather as open than as closed: the
count is an upper bound, exact for well-formed documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_DEPTH = 400
"""Elements within elements. Mails have some dozens."""
MAX_COPIES = 1_000_000
"""Elements a parser may have to make again because formatting stayed open, over the whole document."""
MAX_ATTRIBUTE_CHARS = 2_000
"""Of one tag without quoted values: parsers compare each attribute with all others of its tag."""

_TAG = re.compile(
    r"""<(/?)([a-zA-Z][^\s/>]*+)"""
    r"""((?:[\s/]++|=?[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+|(?=>)))?+|=)*+)>"""
)
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')
_COMMENT_END = re.compile(r"--!?>")
_RAW_TEXT = re.compile(r"style|script|title|textarea|xmp|iframe|noembed|noframes", re.IGNORECASE)
_VOID = frozenset(
    ["area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input",
     "keygen", "link", "meta", "param", "source", "track", "wbr"]
)  # fmt: skip
_CLOSED_BY_OTHERS = frozenset(
    ["html", "head", "body", "p", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
     "caption", "option", "optgroup"]
)  # fmt: skip
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)  # fmt: skip
_BARRIERS = frozenset(["table", "select", "object", "applet", "marquee", "template", "button"])
_UNCLEAR = frozenset(("svg", "math", "noscript"))
"""Behind these it is open how end tags are read: none counts any more."""
_SCOPED = frozenset(
    ["address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl", "fieldset",
     "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "listing",
     "main", "menu", "nav", "ol", "pre", "search", "section", "summary", "ul"]
)  # fmt: skip
"""Their end tags close what stands open within; those of all others do not close these."""
_ALONE = _FORMATTING | {"form"}
"""Their end tags close nothing else."""
_ITEMS = {"li": ("li",), "dd": ("dd", "dt"), "dt": ("dt", "dd")}
"""They close one another, unless something else stands between."""
_WALLS = _SCOPED | _BARRIERS | {"form", *_ITEMS}
_NEAR = 8
_TAG_START = re.compile(r"</?[a-zA-Z]")


@dataclass(slots=True)
class _Open:
    """Names of the open elements, innermost last, and how many formatting elements outlived their parents."""

    names: list[str] = field(default_factory=list)
    left_over: int = 0
    formatting: int = 0
    copies: int = 0

    def push(self, name: str) -> None:
        self.names.append(name)
        self.formatting += name in _FORMATTING
        self.copies += self.formatting + self.left_over

    def pop(self, name: str) -> None:
        """Close the innermost element of this name, unless it stands far out or behind a barrier."""
        for index in range(len(self.names) - 1, max(-1, len(self.names) - 1 - _NEAR), -1):
            found = self.names[index]
            if found == name:
                if name in _ALONE:
                    del self.names[index]
                    self.formatting -= name in _FORMATTING
                    return
                if name not in _SCOPED and name not in _BARRIERS and not _WALLS.isdisjoint(self.names[index + 1 :]):
                    return
                torn = sum(1 for other in self.names[index + 1 :] if other in _FORMATTING)
                self.formatting -= torn
                self.left_over += torn
                del self.names[index:]
                return
            if found in _BARRIERS:
                return

    @property
    def is_bounded(self) -> bool:
        return len(self.names) + self.left_over <= MAX_DEPTH and self.copies <= MAX_COPIES


def is_bounded(html: str) -> bool:
    """Whether parsing this document takes time and memory in line with its length."""
    opened = _Open()
    is_unclear = False
    position = html.find("<")
    while position >= 0:
        if html.startswith(("<!", "<?"), position):
            position = html.find("<", _after_comment(html, position))
            continue
        tag = _TAG.match(html, position)
        if tag is None:
            if _TAG_START.match(html, position):
                return True  # cut within a tag: nothing behind it counts
            following = _after_comment(html, position) if html.startswith("</", position) else position + 1
            position = html.find("<", following)
            continue
        if tag.end() - position > MAX_ATTRIBUTE_CHARS and len(_QUOTED.sub("", tag[3])) > MAX_ATTRIBUTE_CHARS:
            return False
        name, following = tag[2].lower(), tag.end()
        is_unclear |= name in _UNCLEAR
        if tag[1]:
            if not is_unclear:
                opened.pop(name)
        elif name not in _VOID or is_unclear:
            if name in _CLOSED_BY_OTHERS and not is_unclear:
                opened.copies += opened.formatting + opened.left_over
            else:
                for item in () if is_unclear else _ITEMS.get(name, ()):
                    opened.pop(item)
                opened.push(name)
            if not opened.is_bounded:
                return False
            if not is_unclear and _RAW_TEXT.fullmatch(name):
                following = _raw_text_end(html, name, following)
        position = html.find("<", following)
    return True


def _after_comment(html: str, start: int) -> int:
    """Where a comment ends; doctypes, other declarations and nameless end tags end at the next bracket."""
    if not html.startswith("<!--", start):
        end = html.find(">", start)
        return end + 1 if end >= 0 else len(html)
    if html.startswith(("<!-->", "<!--->"), start):
        return html.index(">", start) + 1
    close = _COMMENT_END.search(html, start + 4)
    return close.end() if close is not None else len(html)


def _raw_text_end(html: str, name: str, start: int) -> int:
    close = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, start)
    return close.start() if close is not None else len(html)
