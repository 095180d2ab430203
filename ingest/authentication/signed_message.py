"""A mail as signatures see it: header fields in order and the body, cut with bounds and never by decoding."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import getaddresses

from ingest.authentication.domains import find_ascii_domain
from ingest.authentication.settings import AuthenticationSettings

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_FROM_LIMIT_BYTES = 8192


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """`fields` are (name, value with its final CRLF), unfolded nowhere; `body` has CRLF line ends only.

    `defect` says why signatures cannot be checked at all: header or body too large, or a line that is no header field.
    """

    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)
    defect: str | None = None

    def get_values(self, name: bytes) -> list[bytes]:
        """The values of all fields of this (lower-case) name, top-most first."""
        return [value for field_name, value in self.fields if field_name.lower() == name]

    def find_from_domain(self) -> str | None:
        """The one domain (ASCII) of all author addresses; None without exactly one From and one domain."""
        values = self.get_values(b"from")
        if len(values) != 1 or len(values[0]) > _FROM_LIMIT_BYTES:
            return None
        text = re.sub(r"[\r\n]+", "", values[0].decode("utf-8", "replace"))
        addresses = [address for _, address in getaddresses([text])]
        domains = {find_ascii_domain(address.rpartition("@")[2]) if "@" in address else None for address in addresses}
        return domains.pop() if len(domains) == 1 else None


def cut_message(raw: bytes, settings: AuthenticationSettings) -> SignedMessage:
    """Cut any bytes into header fields and body in linear time."""
    if raw.startswith((b"\r\n", b"\n")):
        return SignedMessage((), b"", "the mail has no header")
    limit = settings.header_limit_bytes
    end = _BLANK_LINE.search(raw, 0, limit)
    if end is None and len(raw) > limit:
        return SignedMessage((), b"", f"the header is larger than {limit} bytes")
    header, body_start = (raw[: end.start()], end.end()) if end else (raw, len(raw))
    fields, defect = _cut_fields(header)
    if len(raw) - body_start > settings.body_limit_bytes:
        return SignedMessage(fields, b"", f"the body is larger than {settings.body_limit_bytes} bytes")
    body = raw[body_start:]
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return SignedMessage(fields, body, defect)


def _cut_fields(header: bytes) -> tuple[tuple[tuple[bytes, bytes], ...], str | None]:
    found: list[tuple[bytes, list[bytes]]] = []
    defect = None
    for number, line in enumerate(header.replace(b"\r\n", b"\n").split(b"\n"), start=1):
        match = _FIELD.match(line)
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif match is not None:
            found.append((match.group(1), [line[match.end() :]]))
        elif line and not (number == 1 and line.startswith(b"From ")):
            defect = f"header line {number} is no header field"
    return tuple((name, b"\r\n".join(lines) + b"\r\n") for name, lines in found), defect
