"""Folding: a body's lines are sorted into new text, quoted history and signature, each to exactly one of them.

Each line gets a kind from one look at it and its neighbours; the rules then work on kinds. Linear in their
number.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from enum import Enum

from ingest.parsing import attribution
from ingest.parsing.html import Mark
from ingest.parsing.mail import FoldedText
from ingest.parsing.wording import (
    DASHED_MARKER,
    FORWARD_LINE,
    HEADER_LABELS,
    LEGAL_START,
    LEGAL_WORDS,
    MOBILE_SIGNATURE,
    ORIGINAL_MESSAGE,
    REPLY_ABOVE,
)


class Kind(Enum):
    """What a line is."""

    BLANK = "blank"
    TEXT = "text"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    """Part of "On … wrote:"."""
    REPLY = "reply"
    """The first line of an embedded older mail: everything from here on is quoted."""
    FORWARD = "forward"
    """The first line of a forwarded mail."""
    DEVICE = "device"
    """\"Sent from my phone\"."""
    DELIMITER = "delimiter"
    FOLDED = "folded"
    """Quoted by the markup of an HTML mail."""


_QUOTE_PREFIX = re.compile(r"(?:\s{0,3}>)+\s?")
_QUOTE_LINE = re.compile(r"\s{0,3}(?:>|\|\s|\|$)")
_INITIALS_QUOTE = re.compile(r"[A-Z]{1,3}>")
_DELIMITER = re.compile(r"\s{0,4}(?:-{2,}|—{2,}|–{2,}|_{3,}|={3,}|~{3,}|\*{3,}|#{3,}|\+{3,}|ᐧ)\s*")
_RULE = re.compile(r"[\s>*]*(?:-{3,}|—{3,}|–{3,}|_{3,}|={3,}|\*{3,})[\s*]*")
_LABEL = re.compile(r"[\s>*_|]*([^\s:*：<>@][^:*：<>@]{0,24}?)\s*[*_]*\s*[:：][*_]*")
_LABEL_LINES = 16
_SHORT_ANSWER_LINES = 7
_SIGNATURE_LINES = 25
_LEGAL_LINES = 40
_LINE_HINTS = (
    "line",
    "eile",
    "ligne",
    "linea",
    "línea",
    "linha",
    "regel",
    "lijn",
    "riga",
    "raden",
    "linii",
    "řád",
    "строк",
)


def fold(text: str, marks: Sequence[Mark] | None = None) -> FoldedText:
    """Fold a text; `marks` (one per line) are given where it was made from HTML."""
    lines = text.split("\n")
    lines, kinds = _kinds(lines, marks)
    places = _sort_quotes(kinds, lines, is_html=marks is not None)
    _sort_signatures(kinds, places, lines)
    if all(place is _NEW for place in places):
        return FoldedText(text=text.strip("\n").rstrip(), full_text=text, quoted="", signature="")
    parts: dict[str, list[str]] = {_NEW: [], _QUOTED: [], _SIGNATURE: []}
    for line, place in zip(lines, places, strict=True):
        parts[place].append(line)
    return FoldedText(
        text="\n".join(parts[_NEW]).strip("\n").rstrip(),
        full_text=text,
        quoted="\n".join(parts[_QUOTED]).strip("\n"),
        signature="\n".join(parts[_SIGNATURE]).strip("\n"),
    )


_NEW, _QUOTED, _SIGNATURE = "new", "quoted", "signature"


def _kinds(lines: list[str], marks: Sequence[Mark] | None) -> tuple[list[str], list[Kind]]:
    """The kind of each line; a line to whose end an attribution was glued becomes two."""
    out: list[str] = []
    kinds: list[Kind] = []
    for index, line in enumerate(lines):
        mark = marks[index] if marks is not None else Mark.NEW
        stripped = line.strip()
        if not stripped:
            kind = Kind.BLANK
        elif mark is Mark.FOLDED:
            kind = Kind.FOLDED
        elif (
            mark is Mark.CITED
            or stripped[0] == ">"
            or (stripped[0] == "|" and _QUOTE_LINE.match(line))
            or (stripped[0] in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" and ">" in stripped[:4] and _INITIALS_QUOTE.match(stripped))
        ):
            kind = Kind.QUOTE
        else:
            kind = Kind.TEXT
            if stripped[-1] == ":" and len(stripped) > 30:
                cut = attribution.split_mid_line(stripped)
                if cut is not None:
                    at = line.index(stripped) + cut
                    out.append(line[:at])
                    kinds.append(Kind.TEXT)
                    line = line[at:]
        out.append(line)
        kinds.append(kind)
    bare = [_bare(line, kind) for line, kind in zip(out, kinds, strict=True)]
    _find_attributions(bare, kinds)
    _find_markers(bare, kinds)
    return out, kinds


def _bare(line: str, kind: Kind) -> str:
    if kind is Kind.QUOTE:
        prefix = _QUOTE_PREFIX.match(line)
        return line[prefix.end() :].strip() if prefix is not None else line.strip()
    return line.strip()


def _find_attributions(bare: list[str], kinds: list[Kind]) -> None:
    free = 0
    count = len(bare)
    for index, line in enumerate(bare):
        kind = kinds[index]
        if not line or kind in (Kind.BLANK, Kind.FOLDED) or not attribution.may_end(line):
            continue
        following = index + 1
        while (
            following < count and following < index + 4 and not bare[following] and kinds[following] is not Kind.QUOTE
        ):
            following += 1
        is_quote_next = kind is Kind.TEXT and following < count and kinds[following] is Kind.QUOTE
        start = attribution.find_start(bare, index, free, is_quote_next)
        if start is None:
            continue
        if kind is Kind.QUOTE:
            # Within a quote it only says that this quote is history.
            if any(kinds[line] is not Kind.QUOTE for line in range(start, index + 1)):
                start = index
            if all(
                kinds[line] in (Kind.BLANK, Kind.QUOTE, Kind.ATTRIBUTION) for line in range(max(0, start - 3), start)
            ):
                kinds[start] = Kind.ATTRIBUTION if start == 0 else Kind.QUOTE
            free = index + 1
            continue
        while kinds[start] is Kind.QUOTE:
            start += 1
        for attributed in range(start, index + 1):
            kinds[attributed] = Kind.ATTRIBUTION
        free = index + 1


def _find_markers(bare: list[str], kinds: list[Kind]) -> None:
    """Embedded mails, device lines and delimiters among the lines that are text so far."""
    labelled = 0
    for index, line in enumerate(bare):
        if kinds[index] is not Kind.TEXT:
            continue
        first = line[0]
        if first in "-–—_=*~#+ᐧ" and len(line) < 200:
            marker = DASHED_MARKER.fullmatch(line)
            if marker is not None:
                kinds[index] = Kind.FORWARD if marker["forward"] else Kind.REPLY
                continue
            if _DELIMITER.fullmatch(line):
                kinds[index] = Kind.DELIMITER
                continue
        if len(line) > 200:
            continue
        if ":" in line or "：" in line:
            if index >= labelled and _label(line) is not None:
                labelled = index + 1
                if _is_header_block(bare, kinds, index):
                    kinds[index] = Kind.REPLY
                    continue
            if len(line) < 100 and FORWARD_LINE.fullmatch(line):
                kinds[index] = Kind.FORWARD
                continue
        stands_free = index == 0 or kinds[index - 1] is not Kind.TEXT
        if stands_free and len(line) < 140 and _may_be_device(line):
            match = MOBILE_SIGNATURE.match(line)
            if match is not None and _is_device_rest(match["rest"]):
                kinds[index] = Kind.DEVICE
                continue
        if (len(line) < 60 and ORIGINAL_MESSAGE.fullmatch(line) and ("-" in line or ":" in line or "*" in line)) or (
            any(hint in line for hint in _LINE_HINTS) and len(line) < 140 and REPLY_ABOVE.fullmatch(line)
        ):
            kinds[index] = Kind.REPLY


_DEVICE_HINT = re.compile(
    r"sent|written|typed|composed|get |download|gesendet|verschickt|geschrieben|verfasst|versendet|envoy|écrit|"
    r"expédié|obten|inviat|scritt|spedit|scarica|ottieni|enviad|escrito|obter|verzonden|verstuur|sendt|skicka|sänt|hent|skaffa|"
    r"wysłan|odesl|odosl|poslan|lähet|hanki|отправлен|надіслано|послано|küldve|"
    r"gönderildi|trimis|发自|來自|から送信|에서 보냄",
    re.IGNORECASE,
)


def _may_be_device(line: str) -> bool:
    return _DEVICE_HINT.search(line) is not None


def _is_device_rest(rest: str) -> bool:
    """Behind the device may stand a link, a model or a full stop, but no clause."""
    rest = re.sub(r"<[^>]*>?|\([^)]*\)?|\[[^\]]*\]?|https?://\S+", "", rest).strip()
    return len(rest.split()) <= 5 and "," not in rest and not rest.endswith(("?", "!", ":"))


def _label(line: str) -> str | None:
    match = _LABEL.match(line)
    return HEADER_LABELS.get(match[1].lower().strip()) if match is not None else None


def _is_header_block(bare: list[str], kinds: list[Kind], start: int) -> bool:
    """Header lines of an older mail start here: who, and at least one of when, to whom, about what."""
    found: set[str] = set()
    strays = 0
    for index in range(start, min(start + _LABEL_LINES, len(bare))):
        if kinds[index] is Kind.QUOTE and index > start:
            break
        label = _label(bare[index]) if bare[index] else None
        if label is None:
            strays += 1
            if strays > 3:
                break
            continue
        strays = 0
        found.add(label)
    if "from" in found:
        return bool(found & {"date", "subject", "to"}) and (len(found) >= 3 or "date" in found or "@" in bare[start])
    return {"date", "to", "subject"} <= found


def _sort_quotes(kinds: list[Kind], lines: list[str], *, is_html: bool) -> list[str]:
    count = len(kinds)
    places = [_NEW] * count
    texts = [index for index, kind in enumerate(kinds) if kind is Kind.TEXT]
    if not any(kind not in _PLAIN for kind in kinds):
        return places
    end = _embedded_start(kinds, texts)
    if end < count:
        rule = end - 1
        while rule >= 0 and kinds[rule] is Kind.BLANK:
            rule -= 1
        if rule >= 0 and kinds[rule] is Kind.DELIMITER and _RULE.fullmatch(lines[rule]):
            end = rule
    places[end:] = [_QUOTED] * (count - end)
    texts = [index for index in texts if index < end]
    for index in range(end):
        if kinds[index] in (Kind.ATTRIBUTION, Kind.FOLDED):
            places[index] = _QUOTED
    if not texts:
        # Nothing but a quote: history when it says whose, else what the sender wanted to show.
        if end < count or any(kind in (Kind.ATTRIBUTION, Kind.FOLDED) for kind in kinds):
            places[:end] = [_QUOTED if kinds[i] is not Kind.DEVICE else _NEW for i in range(end)]
        return places
    quotes = [index for index in range(end) if kinds[index] is Kind.QUOTE]
    if not quotes:
        return places
    last_text = texts[-1]
    trailing = next((index for index in quotes if index > last_text), None)
    if trailing is not None:
        for index in range(trailing, end):
            if kinds[index] in (Kind.QUOTE, Kind.BLANK):
                places[index] = _QUOTED
    within = [index for index in quotes if index < last_text]
    if within and _is_one_history(kinds, texts, within, is_html):
        for index in within:
            places[index] = _QUOTED
    return places


_PLAIN = frozenset((Kind.BLANK, Kind.TEXT))


def _embedded_start(kinds: list[Kind], texts: list[int]) -> int:
    """Index of the line from which all is an older mail, or the number of lines."""
    first_text = texts[0] if texts else len(kinds)
    for index, kind in enumerate(kinds):
        if kind is Kind.REPLY:
            return index
        if kind is Kind.FORWARD:
            # A mail that is only forwarded shows what it forwards.
            return index if first_text < index else len(kinds)
        if kind is Kind.ATTRIBUTION and first_text < index and not _is_quote_next(kinds, index):
            start = index
            while start > 0 and kinds[start - 1] is Kind.ATTRIBUTION:
                start -= 1
            return start
    return len(kinds)


def _is_quote_next(kinds: list[Kind], index: int) -> bool:
    """Behind this attribution line stand more of it, quoted lines, or nothing that could be an unmarked quote."""
    for following in range(index + 1, len(kinds)):
        if kinds[following] in (Kind.QUOTE, Kind.ATTRIBUTION, Kind.FOLDED):
            return True
        if kinds[following] is not Kind.BLANK:
            return False
    return True


def _is_one_history(kinds: list[Kind], texts: list[int], quotes: list[int], is_html: bool) -> bool:
    """The quotes before the last text are one block of history rather than context for answers between them."""
    attributed = any(kinds[index] is Kind.ATTRIBUTION for index in range(quotes[0]))
    blocks = 1 + sum(
        1 for before, after in itertools.pairwise(quotes)
        if any(kinds[index] is Kind.TEXT for index in range(before + 1, after))
    )  # fmt: skip
    if blocks > 1:
        return False
    if texts[0] > quotes[-1]:
        return attributed
    below = sum(1 for index in texts if index > quotes[-1])
    return (attributed or is_html) and below < _SHORT_ANSWER_LINES


def _sort_signatures(kinds: list[Kind], places: list[str], lines: list[str]) -> None:
    for index, kind in enumerate(kinds):
        if kind is Kind.DEVICE and places[index] is _NEW:
            places[index] = _SIGNATURE
    for index, kind in enumerate(kinds):
        if kind is Kind.DELIMITER and places[index] is _NEW and _starts_signature(kinds, places, lines, index):
            for line in range(index, len(kinds)):
                if places[line] is _NEW and kinds[line] is not Kind.QUOTE:
                    places[line] = _SIGNATURE
                elif kinds[line] is Kind.QUOTE:
                    break
            break
    _fold_legal_footer(kinds, places, lines)


def _starts_signature(kinds: list[Kind], places: list[str], lines: list[str], index: int) -> bool:
    if lines[index].rstrip() == "--":
        return True
    if index and kinds[index - 1] is Kind.TEXT:
        return False  # an underlined heading or a table
    rest = sum(1 for line in range(index + 1, len(kinds)) if places[line] is _NEW and kinds[line] is Kind.TEXT)
    return rest <= _SIGNATURE_LINES


def _fold_legal_footer(kinds: list[Kind], places: list[str], lines: list[str]) -> None:
    """The last paragraph of the new text, where it is a legal notice and not all there is."""
    end = len(places)
    while end and (places[end - 1] is not _NEW or kinds[end - 1] is Kind.BLANK):
        end -= 1
    start = end
    while start and places[start - 1] is _NEW and kinds[start - 1] is Kind.TEXT:
        start -= 1
    if start in (0, end) or end - start > _LEGAL_LINES or not LEGAL_START.match(lines[start]):
        return
    text = " ".join(lines[start:end])[:4_000]
    if len({word.lower() for word in LEGAL_WORDS.findall(text)}) >= 2:
        places[start:end] = [_SIGNATURE] * (end - start)
