"""Header fields: where they end, how they are unfolded and decoded (RFC 5322, 2047, 2231, and what is sent)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ingest.parsing.charsets import clean_text, decode_text
from ingest.parsing.limits import ParsingLimits

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LIKELY_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}:(?:[ \t]|\r?\n|$)")
_BLANK_LINE = re.compile(rb"\n(?:\r?\n)")
_ENVELOPE_LINES = (b"From ", b">From ")
_LINE_ENDS = re.compile(r"[\r\n]+")
_PARAMETER_NAME = re.compile(r"[\s;]*([^\s=;*\"]+)(?:\*(\d{1,4}))?(\*)?\s*=\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CHARSET = re.compile(r"[A-Za-z0-9._:+-]{1,40}")
_MANY_PARAMETERS = 200
_PARAMETER_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class RawHeaders:
    """The header block of a mail or part: (lower-case name, raw value) in order."""

    fields: tuple[tuple[str, bytes], ...]

    def find(self, name: str) -> bytes | None:
        """The first field of this lower-case name, or None."""
        for key, value in self.fields:
            if key == name:
                return value
        return None

    def find_all(self, name: str) -> list[bytes]:
        """The values of all fields of this lower-case name, in order."""
        return [value for key, value in self.fields if key == name]


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Fields, where the body behind them starts, and whether a limit cut the block short there."""

    headers: RawHeaders
    body_start: int
    is_cut: bool


def split_headers(source: bytes, start: int, end: int, limits: ParsingLimits) -> HeaderBlock:
    """Read the header block at `start`. A line that is no field ends the block as a blank line would,

    unless another field follows at once: then it is a stray line within the block.
    """
    if source.startswith((b"\n", b"\r\n"), start, end):
        return HeaderBlock(RawHeaders(()), source.index(b"\n", start) + 1, False)
    last = min(end, start + limits.max_header_bytes)
    blank = _BLANK_LINE.search(source, start, last)
    is_cut = False
    if blank is not None:
        stop, body = blank.start() + 1, blank.end()
    elif last < end:
        stop = body = source.rfind(b"\n", start, last) + 1 or last
        is_cut = True
    else:
        stop = body = end
    lines = source[start:stop].split(b"\n")
    fields: list[tuple[str, bytes]] = []
    name, pieces = "", [b""]
    offset = start
    for index, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") and name:
            pieces.append(line)
        elif (field := _FIELD.match(line)) is not None:
            if name:
                fields.append((name, b"\n".join(pieces)))
                if len(fields) >= limits.max_header_fields:
                    name = ""
                    break
            name, pieces = field[1].decode("ascii").lower(), [line[field.end() :]]
        elif line.strip() and not line.startswith(_ENVELOPE_LINES):
            following = lines[index + 1] if index + 1 < len(lines) else b""
            if not _LIKELY_FIELD.match(following):
                body, is_cut = offset, False
                break
        offset += len(line) + 1
    if name:
        fields.append((name, b"\n".join(pieces)))
    return HeaderBlock(RawHeaders(tuple(fields)), body, is_cut)


def unfold(raw: bytes, charset: str | None) -> str:
    """The field's value on one line, undecoded: encoded words stay as they are, 8bit text is read."""
    text = raw.decode("ascii") if raw.isascii() else decode_text(raw, _header_charset(raw, charset))[0]
    if "\n" in text or "\r" in text:
        text = _LINE_ENDS.sub("", text)
    return clean_text(text).strip()


def decode_words(text: str) -> str:
    """The text with its encoded words (RFC 2047) decoded wherever they stand, also unlawfully within quotes.

    Neighbours of one charset are joined before decoding, as senders split multibyte letters.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pending: list[bytes] = []
    pending_charset = ""
    position = 0
    while True:
        start = text.find("=?", position)
        word = _read_word(text, start) if start >= 0 else None
        while start >= 0 and word is None:
            start = text.find("=?", start + 2)
            word = _read_word(text, start) if start >= 0 else None
        between = text[position : start if start >= 0 else len(text)]
        if pending and (word is None or between.strip() or word[0] != pending_charset):
            out.append(decode_text(b"".join(pending), pending_charset)[0])
            pending = []
            if word is not None and not between.strip():
                between = ""
        elif pending:
            between = ""
        out.append(between)
        if word is None:
            return clean_text("".join(out))
        pending_charset, payload, position = word
        pending.append(payload)


def _read_word(text: str, start: int) -> tuple[str, bytes, int] | None:
    """Charset, bytes and end of the encoded word at `start`, or None where there is none."""
    first = text.find("?", start + 2, start + 60)
    if first < 0 or text[first + 2 : first + 3] != "?":
        return None
    charset = text[start + 2 : first].partition("*")[0].lower()
    encoding = text[first + 1].lower()
    if encoding not in "bq" or not _CHARSET.fullmatch(charset):
        return None
    begin = first + 3
    # In Q a letter "=" may follow the second "?" at once: =?utf-8?q?=C3=A4?=
    end = text.find("?=", begin)
    if end < 0:
        return None
    encoded = text[begin:end]
    if encoding == "b":
        payload = decode_base64(encoded.encode("ascii", "ignore"))
    else:
        payload = binascii.a2b_qp(encoded.replace(" ", "_").encode("utf-8", "replace"), header=True)
    return charset, payload, end + 2


def decode_base64(raw: bytes) -> bytes:
    """The bytes of base64 text; foreign characters are skipped and missing padding is added."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parse_parameters(text: str) -> tuple[str, dict[str, str]]:
    """A value with parameters (Content-Type, Content-Disposition): lower-case value, and parameters decoded.

    Continuations and charsets of RFC 2231, encoded words, unquoted blanks and missing semicolons are understood.
    """
    value, _, rest = text[:_PARAMETER_CHARS].partition(";")
    value = value.strip().strip('"').lower()
    if not rest:
        return value, {}
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    position = 0
    for _ in range(_MANY_PARAMETERS):
        name = _PARAMETER_NAME.match(rest, position)
        if name is None:
            position = rest.find(";", position) + 1
            if position == 0:
                break
            continue
        key, section, extended = name[1].lower(), name[2], bool(name[3])
        content, position = _parameter_value(rest, name.end())
        if section is None and not extended:
            plain.setdefault(key, decode_words(content) if "=?" in content else content)
        else:
            sections.setdefault(key, {}).setdefault(int(section or 0), (content, extended))
    for key, parts in sections.items():
        plain[key] = _join_sections([parts[number] for number in sorted(parts)])
    return value, plain


def _parameter_value(text: str, start: int) -> tuple[str, int]:
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        content = quoted[1]
        return (_UNESCAPE.sub(r"\1", content) if "\\" in content else content), quoted.end()
    end = text.find(";", start)
    end = len(text) if end < 0 else end
    return text[start:end].strip(), end


def _join_sections(sections: list[tuple[str, bool]]) -> str:
    """RFC 2231: `utf-8''%C3%A4` in the first section, percent-encoded or plain text in those that follow."""
    charset: str | None = None
    raw = b""
    for index, (content, extended) in enumerate(sections):
        if extended and index == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        if extended:
            raw += unquote_to_bytes(content)
        else:
            raw += content.encode("utf-8", "replace")
    text = clean_text(decode_text(raw, charset)[0])
    return decode_words(text)


def _header_charset(raw: bytes, charset: str | None) -> str | None:
    # Headers may be UTF-8 (RFC 6532) whatever the body is in.
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return charset
    return "utf-8"
