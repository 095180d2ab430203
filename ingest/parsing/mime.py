"""The MIME tree of a mail (RFC 2045-2049), taken apart on bytes: bodies are decoded late.

A byte is scanned once per level of nesting, and nesting is limited: the cost is linear in the size.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.parsing.headers import HeaderBlock, RawHeaders, decode_base64, parse_parameters, split_headers, unfold
from ingest.parsing.limits import ParsingLimits

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_MESSAGES = frozenset(("message/rfc822", "message/global", "message/news"))


@dataclass(slots=True)
class Part:
    """A node of the tree: fields, content type, and the range of its raw body in the source."""

    headers: RawHeaders
    content_type: str
    parameters: dict[str, str]
    source: bytes = field(repr=False)
    start: int
    end: int
    children: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        """The body as it came, still in its transfer encoding."""
        return self.source[self.start : self.end]

    @property
    def charset(self) -> str | None:
        return self.parameters.get("charset")

    def disposition(self) -> tuple[str, dict[str, str]]:
        """Content-Disposition: lower-case kind ("" without) and parameters."""
        raw = self.headers.find("content-disposition")
        return parse_parameters(unfold(raw, None)) if raw is not None else ("", {})

    def decode(self) -> bytes:
        """The body without its transfer encoding; what cannot be decoded comes as it is."""
        raw = self.raw
        encoding = self.headers.find("content-transfer-encoding")
        if encoding is None:
            return raw
        name = unfold(encoding, None).lower()
        if "base64" in name:
            return _decode_base64_body(raw)
        if "quoted" in name:
            return binascii.a2b_qp(raw)
        if "uue" in name or name in ("x-uu", "uu"):
            return _decode_uu(raw)
        return raw

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in the order of the mail."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


def read_mail(source: bytes, limits: ParsingLimits) -> tuple[Part, HeaderBlock]:
    """The whole mail as a tree, and its top header block."""
    if b"\n" not in source[:2_000] and b"\r" in source[:2_000]:
        source = source.replace(b"\r", b"\n")  # line ends of old Macs
    start = len(source) - len(source.lstrip(b"\r\n"))
    start = 0 if start == len(source) else start
    block = split_headers(source, start, len(source), limits)
    budget = _Budget(limits.max_parts)
    root = _new_part(source, block, len(source), "text/plain")
    if block.is_cut:
        # What follows a cut header block is no body one could read.
        root.content_type, root.parameters = "application/octet-stream", {}
        root.problems.append(f"header block longer than {limits.max_header_bytes} bytes")
        return root, block
    stack: list[tuple[Part, int]] = [(root, 0)]
    while stack:
        part, depth = stack.pop()
        if not part.content_type.startswith("multipart/"):
            continue
        if depth >= limits.max_nesting:
            part.problems.append(f"nested deeper than {limits.max_nesting} levels")
            part.content_type = "application/octet-stream"
            continue
        _split(part, limits, budget)
        stack.extend((child, depth + 1) for child in reversed(part.children))
    return root, block


@dataclass(slots=True)
class _Budget:
    left: int


def _new_part(source: bytes, block: HeaderBlock, end: int, default_type: str) -> Part:
    raw = block.headers.find("content-type")
    content_type, parameters = default_type, dict[str, str]()
    if raw is not None:
        content_type, parameters = parse_parameters(unfold(raw, None))
        main, slash, sub = content_type.partition("/")
        if not slash or not main or not sub:
            content_type = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}.get(
                content_type, default_type if not slash else "text/plain"
            )
        content_type = content_type.split()[0]
    return Part(block.headers, content_type, parameters, source, min(block.body_start, end), end)


def _split(part: Part, limits: ParsingLimits, budget: _Budget) -> None:
    """Find the children of a multipart; without any boundary line its body is text."""
    boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
    source = part.source
    marks = list(_boundary_lines(source, part.start, part.end, boundary)) if boundary else []
    if not marks:
        part.problems.append("multipart without its boundary")
        part.content_type = "text/plain" if part.content_type != "multipart/encrypted" else "application/octet-stream"
        return
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    for index, (_, after, closing) in enumerate(marks):
        if closing:
            break
        end = marks[index + 1][0] if index + 1 < len(marks) else part.end
        if budget.left <= 0:
            rest = HeaderBlock(RawHeaders(()), after, False)
            child = _new_part(source, rest, part.end, "application/octet-stream")
            child.problems.append(f"more than {limits.max_parts} parts")
            part.children.append(child)
            return
        budget.left -= 1
        block = split_headers(source, after, end, limits)
        child = _new_part(source, block, end, default)
        if block.is_cut:
            child.content_type = "application/octet-stream"
            child.problems.append(f"header block longer than {limits.max_header_bytes} bytes")
        part.children.append(child)


def _boundary_lines(source: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """(end of the content before, start of the content after, is the closing one) of each boundary line."""
    mark = b"--" + boundary
    position = source.find(mark, start, end)
    while position >= 0:
        after = position + len(mark)
        line_end = source.find(b"\n", after, end)
        following = end if line_end < 0 else line_end + 1
        if position == start or source[position - 1] == 10:
            tail = source[after : min(following, after + 200)]
            closing = tail.startswith(b"--")
            if not tail.strip() or (closing and not tail[2:].strip(b"- \t\r\n")):
                before = position
                if before > start:
                    before -= 1
                    if before > start and source[before - 1] == 13:
                        before -= 1
                yield before, following, closing
        position = source.find(mark, after, end)


def _decode_base64_body(raw: bytes) -> bytes:
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        if len(_NOT_BASE64.findall(raw[:400])) * 4 > len(raw[:400]):
            return raw  # declared base64, sent as plain text
        return decode_base64(raw)


def _decode_uu(raw: bytes) -> bytes:
    out: list[bytes] = []
    within = False
    for line in raw.splitlines():
        if line.startswith(b"begin "):
            within = True
        elif within and line.strip() == b"end":
            break
        elif within:
            try:
                out.append(binascii.a2b_uu(line))
            except binascii.Error:
                count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
                try:
                    out.append(binascii.a2b_uu(line[:count]))
                except binascii.Error:
                    return raw
    return b"".join(out) if within else raw


def is_message(content_type: str) -> bool:
    """A whole mail within a mail."""
    return content_type in _MESSAGES
