"""Which parts of a MIME tree are the text to read, and which are attachments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.parsing.charsets import clean_text, decode_text
from ingest.parsing.folding import fold
from ingest.parsing.headers import decode_words, split_headers, unfold
from ingest.parsing.html import Mark, read_html
from ingest.parsing.limits import ParsingLimits
from ingest.parsing.mail import FoldedText, ParsedAttachment
from ingest.parsing.mime import Part, is_message

_TEXTS = ("text/plain", "text/html")
_MACHINE_PARTS = frozenset(("message/delivery-status", "message/feedback-report", "message/disposition-notification"))
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f]+")
_TAGS = re.compile(r"(?i)<(?:html|body|div|p|br|table|!doctype)[\s>/]")


@dataclass(slots=True)
class Contents:
    """What the tree holds, in the order of the mail."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[ParsedAttachment] = field(default_factory=list)
    charset_problems: list[str] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)


def read_contents(root: Part, limits: ParsingLimits) -> Contents:
    """Sort the leaves of the tree into texts and attachments and decode them."""
    contents = Contents()
    stack: list[tuple[Part, Part | None, bool]] = [(root, None, True)]
    while stack:
        part, parent, may_be_body = stack.pop()
        contents.exceeded.extend(part.problems)
        if part.children:
            stack.extend(_children(part, may_be_body))
            continue
        _read_leaf(part, parent, may_be_body, contents, limits)
    return contents


def _children(part: Part, may_be_body: bool) -> list[tuple[Part, Part, bool]]:
    """The children in reverse, as a stack wants them, each with whether it may hold text to read."""
    kind = part.content_type
    if kind == "multipart/alternative":
        return [(child, part, may_be_body) for child in reversed(part.children)]
    return [(child, part, may_be_body and not _is_behind_forward(part, index)) for index, child in
            reversed(list(enumerate(part.children)))]  # fmt: skip


def _is_behind_forward(part: Part, index: int) -> bool:
    return part.content_type == "multipart/report" and index > 0 and part.children[index].content_type not in _TEXTS


def _read_leaf(part: Part, parent: Part | None, may_be_body: bool, contents: Contents, limits: ParsingLimits) -> None:
    kind = part.content_type
    disposition, options = part.disposition()
    filename = _filename(part, options)
    if parent is None and part.start >= part.end:
        return
    is_text = kind in _TEXTS or (
        kind.startswith("text/") and kind in ("text/enriched", "text/x-amp-html", "text/flowed")
    )
    is_attached = disposition == "attachment" or (
        filename is not None and (disposition != "inline" or kind not in _TEXTS)
    )
    if is_text and may_be_body and not is_attached and kind != "text/x-amp-html":
        _read_text(part, parent, contents, limits)
        return
    if kind.startswith("multipart/") or (part.start >= part.end and filename is None and disposition != "attachment"):
        if part.start >= part.end:
            return
        kind = "application/octet-stream"
    if kind in ("text/plain", "text/html") and not is_attached and not part.raw.strip():
        return
    contents.attachments.append(_attachment(part, parent, kind, disposition, filename, limits))


def _attachment(
    part: Part, parent: Part | None, kind: str, disposition: str, filename: str | None, limits: ParsingLimits
) -> ParsedAttachment:
    raw_id = part.headers.find("content-id")
    content_id = unfold(raw_id, None).strip("<> ") or None if raw_id is not None else None
    if filename is None and is_message(kind):
        filename = _message_name(part, limits)
    elif filename is None and part.problems:
        filename = "raw"
    related = parent is not None and parent.content_type == "multipart/related"
    inline = disposition == "inline" or (disposition != "attachment" and content_id is not None and related)
    return ParsedAttachment(filename, kind, part.decode(), inline, content_id)


def _message_name(part: Part, limits: ParsingLimits) -> str:
    block = split_headers(part.source, part.start, part.end, limits)
    raw = block.headers.find("subject")
    subject = decode_words(unfold(raw, None)) if raw is not None else ""
    subject = " ".join(re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', " ", subject).split())[:100].strip()
    return f"{subject or 'message'}.eml"


def _filename(part: Part, options: dict[str, str]) -> str | None:
    name = options.get("filename") or part.parameters.get("name")
    if name is None:
        return None
    return _UNSAFE_NAME.sub("", name).strip() or None


def _read_text(part: Part, parent: Part | None, contents: Contents, limits: ParsingLimits) -> None:
    raw = part.decode()
    text, problem = decode_text(raw, part.charset)
    if problem is not None:
        contents.charset_problems.append(problem)
        if "\ufffd" in text:
            contents.attachments.append(ParsedAttachment("undecoded.txt", part.content_type, raw, False, None))
    text = clean_text(text)
    if len(text) > limits.max_text_chars:
        contents.exceeded.append(f"text longer than {limits.max_text_chars} characters")
        contents.attachments.append(ParsedAttachment("full-text.txt", part.content_type, raw, False, None))
        text = text[: limits.max_text_chars]
    kind = part.content_type
    if kind == "text/plain" and parent is None and _TAGS.match(text.lstrip()[:100]):
        kind = "text/html"
    if kind != "text/html":
        if part.parameters.get("format", "").lower() == "flowed":
            text = _unflow(text, part.parameters.get("delsp", "").lower() == "yes")
        kind = "text/plain"
    in_alternative = parent is not None and parent.content_type == "multipart/alternative"
    if in_alternative and contents.shown and contents.shown[-1][0] == "alternative":
        contents.shown.pop()
    contents.shown.append((kind, text))
    (contents.html if kind == "text/html" else contents.plain).append(text)


def readable(contents: Contents, limits: ParsingLimits) -> tuple[FoldedText, str | None]:
    """The folded body, from the plain texts where there are any, else from the HTML; and the HTML as sent."""
    html = "\n".join(contents.html) or None
    plain = "\n".join(text.strip("\n") for text in contents.plain if text.strip())
    if plain:
        if len(plain) > limits.max_folded_chars:
            return FoldedText(plain, plain, "", ""), html
        return fold(plain), html
    if html is None:
        return FoldedText("", "", "", ""), None
    read = read_html(html)
    text = "\n".join(read.lines)
    if len(text) > limits.max_folded_chars:
        return FoldedText(text, text, "", ""), html
    return fold(text, read.marks if text else [Mark.NEW]), html


def _unflow(text: str, delete_space: bool) -> str:
    """Join the lines of format=flowed (RFC 3676) that belong together; quotes stay apart by depth."""
    out: list[str] = []
    pieces: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]
        flows = content.endswith(" ") and content != "-- "
        if depth != open_depth or content == "-- ":
            if pieces:
                out.append("".join(pieces))
            pieces = [(">" * depth + " ") if depth else ""]
        pieces.append(content[:-1] if flows and delete_space else content)
        if flows:
            open_depth = depth
        else:
            out.append("".join(pieces))
            pieces, open_depth = [], -1
    if pieces:
        out.append("".join(pieces))
    return "\n".join(line.rstrip(" ") if line.startswith(">") else line for line in out)
