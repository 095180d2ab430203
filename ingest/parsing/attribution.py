"""Attribution lines in one line or several: "On … wrote:", "Am … schrieb …:", "2017-02-05 13:29 GMT+02:00 A <a@b>:".

An attribution is recognised by what it must contain, not by a pattern for each language: it ends in a colon or in a
word for writing, and names a date, an address, or both.
"""

from __future__ import annotations

import re

from ingest.parsing.wording import LEADS, WROTE

_LONGEST_CHARS = 700
_MOST_LINES = 6
_ENDS_IN_WROTE = re.compile(rf"(?:^|[\s>)\]\"'”»,，:]|(?<=[^\x00-\x7f]))(?:{WROTE})[^\w@]{{0,6}}$", re.IGNORECASE)
_ENDS_GLUED = re.compile(r">(?:wrote|schrieb|skrev)\W{0,4}$", re.IGNORECASE)
_WROTE_THEN_DATE = re.compile(rf"[\s>)\"'](?:{WROTE})\b.{{0,40}}\d", re.IGNORECASE)
_WROTE_THEN_NAME = re.compile(rf"[\s,](?:{WROTE})\s[^:<>@]{{1,80}}[:：]$", re.IGNORECASE)
_FULL_DATE = re.compile(
    r"(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}(?!\d)|\d{4}\s?年|\d{1,2}[- ]\w{3,9}\.?[- ]\d{4}"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h]\s?\d\d(?!\d)")
_DAY = re.compile(r"(?<![\d:.])\d{1,2}(?![\d:])")
_STARTS_WITH_DATE = re.compile(
    r"[^\w<]*(?:\d{4}[-/.年]\s?\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}\.?\s\w{3,10}\.?\s\d{4})"
)
_FIRST_WORD = re.compile(r"[^\w]*(\w+)")
_ENDS = (":", "：", ">", "-", "*", "_", ")")
_MID_LINE = re.compile(
    r"(?<=\S)(?P<gap>\s*-{2,}\s*|\s+)(?=(?:On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? |Am \d|"
    r"Am (?:Mo|Di|Mi|Do|Fr|Sa|So)[a-z]*,? |"
    r"Le (?:lun|mar|mer|jeu|ven|sam|dim)).{5,300}$)"
)
_DASHED_WROTE = re.compile(rf"\W*-{{2,}}\s*.{{1,120}}\b(?:{WROTE})\W*-{{2,}}\W*$", re.IGNORECASE)


def may_end(line: str) -> bool:
    """A cheap check that a stripped, non-empty line may be the last one of an attribution."""
    if line[-1] in _ENDS:
        return True
    if line[-1] in ".!?,;":
        return False
    return _ENDS_IN_WROTE.search(line[-40:]) is not None if len(line) < 400 else False


def find_start(lines: list[str], last: int, first: int, is_quote_next: bool) -> int | None:
    """Index of the line where the attribution ending at `last` starts, not before `first`, or None where there is none.

    `lines` are stripped of quote marks and blanks. `is_quote_next` says that quoted lines follow at once.
    """
    joined = lines[last]
    if _DASHED_WROTE.match(joined):
        return last
    found: int | None = None
    index = last
    for _ in range(_MOST_LINES):
        if len(joined) > _LONGEST_CHARS:
            break
        verdict = _judge(joined, is_quote_next)
        if verdict == "dated" and (index == last or _may_start(lines[index])):
            return index
        if verdict is not None and found is None:
            found = index
        index -= 1
        blanks = 0
        while index >= first and not lines[index] and blanks < 2 and lines[index + 1][:1] in ("<", ">", "m", "w"):
            index -= 1
            blanks += 1
        if index < first or not lines[index] or lines[index][-1] in ".!?:":
            break
        joined = f"{lines[index]} {joined}"
    return found


def split_mid_line(line: str) -> int | None:
    """Where an attribution starts that was glued to the end of a line of new text, or None."""
    if not _ENDS_IN_WROTE.search(line[-40:]) or len(line) > _LONGEST_CHARS:
        return None
    match = _MID_LINE.search(line)
    if match is None or not has_date(line[match.end() :]):
        return None
    return match.start("gap")


def has_date(text: str) -> bool:
    """A day and a year, a day and a time, or a full date stand in the text."""
    if _FULL_DATE.search(text):
        return True
    if _YEAR.search(text):
        return _DAY.search(text) is not None
    return _TIME.search(text) is not None and _DAY.search(text) is not None


def _judge(joined: str, is_quote_next: bool) -> str | None:
    """`dated`, `named` (a writer, no date), or None."""
    end = joined.rstrip(" *_")
    if _ENDS_IN_WROTE.search(end[-40:]) or _ENDS_GLUED.search(end[-20:]):
        if has_date(joined):
            return "dated"
        return "named" if "@" in joined or (is_quote_next and len(joined) < 120) else None
    has_address = "@" in joined
    if end.endswith((":", "：")):
        if _WROTE_THEN_DATE.search(joined) and has_date(joined) and len(joined) < 300:
            return "dated"
        if is_quote_next and _WROTE_THEN_NAME.search(end[-160:]) and has_date(joined) and _may_start(joined):
            return "dated"
        return "dated" if has_address and has_date(joined) and len(joined) < 300 and _may_start(joined) else None
    if has_address and end.endswith(">") and _STARTS_WITH_DATE.match(joined) and len(joined) < 300:
        return "dated"
    return None


def _may_start(line: str) -> bool:
    """An attribution starts with a date, with a word that leads to one, or with a name that a date follows."""
    if _STARTS_WITH_DATE.match(line):
        return True
    word = _FIRST_WORD.match(line)
    if word is None:
        return False
    return word[1].lower() in LEADS or has_date(line[:80])
