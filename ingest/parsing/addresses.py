"""Addresses of a header field (RFC 5322), read leniently: groups, comments, quotes, bare and broken forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.parsing.headers import decode_words
from ingest.parsing.mail import MailAddress

_SIMPLE = re.compile(r'(?:"([^"\\]*)"|([^"<>,;:()@\\\[\]]*?))\s*<([^<>\s,;:"()@]+@[^<>\s,;:"()@]+)>')
_BARE = re.compile(r"[^<>\s,;:\"()@]+@[^<>\s,;:\"()@]+")
_TOKEN = re.compile(
    r"""=\?[^?\s]{1,60}\?[bqBQ]\?[^?]*\?=   # an encoded word may hold a comma
      | "(?:[^"\\]|\\.)*"?                  # a quoted string
      | <[^<>]*>?                           # an angle address
      | \[[^\[\]]*\]?                       # a domain literal
      | [(),;:>\]]                          # what separates
      | \\.                                 # an escaped character
      | [^"<(),;:>\\\[\]=]+ | .             # anything else""",
    re.VERBOSE | re.DOTALL,
)
_ROUTE = re.compile(r"^@[^:]*:")
_BLANKS = re.compile(r"\s+")
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_addresses(text: str, most: int) -> tuple[MailAddress, ...]:
    """The addresses in an unfolded, undecoded field value, at most `most`; entries without one are left out."""
    if not text:
        return ()
    # The quick pattern may backtrack: it is for fields of common length.
    simple = _SIMPLE.fullmatch(text) if len(text) < 500 else None
    if simple is not None and "=?" not in simple[3]:
        name = simple[1] if simple[1] is not None else simple[2]
        return (_address(name or "", simple[3]),)
    if _BARE.fullmatch(text):
        return (_address("", text),)
    found: list[MailAddress] = []
    for entry in _entries(text):
        found.append(entry)
        if len(found) >= most:
            break
    return tuple(found)


def _entries(text: str) -> Iterator[MailAddress]:
    words: list[str] = []
    comments: list[str] = []
    angle: str | None = None
    depth = 0
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == "(":
            depth += 1
        elif depth:
            if piece == ")":
                depth -= 1
            else:
                comments.append(piece)
        elif piece in (",", ";"):
            entry = _entry(words, comments, angle)
            if entry is not None:
                yield entry
            elif angle is None and words and piece == "," and len(words) < 50:
                words.append(", ")  # Doe, John <j@example.com> without quotes
                continue
            words, comments, angle = [], [], None
        elif piece == ":":
            if angle is None and not any("@" in word for word in words):
                words = []  # the name of a group
            else:
                words.append(piece)
        elif piece[0] == "<":
            if angle is None or "@" not in angle:
                angle = piece.strip("<> \t")
            else:
                entry = _entry(words, comments, angle)
                if entry is not None:
                    yield entry
                words, comments, angle = [], [], piece.strip("<> \t")
        elif piece != ">":
            words.append(piece)
    entry = _entry(words, comments, angle)
    if entry is not None:
        yield entry


def _entry(words: list[str], comments: list[str], angle: str | None) -> MailAddress | None:
    text = "".join(words).strip().rstrip(",").strip()
    if angle:
        address = _ROUTE.sub("", angle).strip()
        if "@" in address or not text:
            return _address(_name(text), address)
        # Name in angle brackets, address outside of them.
    comment = "".join(comments).strip()
    pieces = text.split()
    addresses = [piece for piece in pieces if "@" in piece]
    if len(addresses) == 1:
        rest = " ".join(piece for piece in pieces if "@" not in piece)
        return _address(_name(rest or comment), addresses[0].strip("'\"<>"))
    packed = "".join(pieces)
    if packed.count("@") == 1 and not packed.startswith('"'):
        return _address(_name(comment), packed)
    if len(addresses) > 1:
        return _address(_name(" ".join(pieces[:-1])), pieces[-1].strip("'\"<>"))
    return None


def _name(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') == 2:
        text = text[1:-1]
    elif '"' in text:
        text = text.replace('\\"', "\0").replace('"', "").replace("\0", '"')
    if "\\" in text:
        text = _UNESCAPE.sub(r"\1", text)
    return text


def _address(name: str, address: str) -> MailAddress:
    name = _BLANKS.sub(" ", decode_words(name)).strip().strip('"').strip()
    if len(name) > 1 and name[0] == name[-1] == "'":
        name = name[1:-1]
    address = decode_words(address).strip().strip("'\"")
    if address[:7].lower() == "mailto:":
        address = address[7:]
    local, at, domain = address.rpartition("@")
    return MailAddress(name, f"{local}@{domain.rstrip('.').lower()}" if at else address)
