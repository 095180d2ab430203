"""The syntax of SMTP commands (RFC 5321 section 4.1.2), lenient where printers and scanners are."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HELO = re.compile(r"[\w.:\-\[\]]{1,255}\Z")
# An optional source route is dropped; a quoted local part may hold anything but control characters.
_PATH = re.compile(
    r"""\s*(?:
        <(?:@[^:>\s]+:)?
            (?P<bracketed>(?:"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"|[^\s<>"@,;:\x00-\x1f\x7f]+)(?:@[^\s<>@]+)?|)
        >
        |(?P<bare>[^\s<>"@,;:\x00-\x1f\x7f]+@[^\s<>@]+)
    )(?:\s+(?P<parameters>.*))?\s*\Z""",
    re.VERBOSE,
)
_DOMAIN = re.compile(r"(?:[\w\-]{1,63}(?:\.[\w\-]{1,63})*|\[[\w.:]{1,50}\])\Z")
_MAX_ADDRESS_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class MailPath:
    """The argument of MAIL FROM or RCPT TO: an address, empty for <>, and parameters with upper-case names."""

    address: str
    parameters: dict[str, str | None]


def is_helo_name(text: str) -> bool:
    """Whether a client may call itself so: a host name, also with underscores, or an address literal."""
    return _HELO.match(text) is not None


def find_path(argument: str | None, keyword: str) -> str | None:
    """What follows "FROM:" or "TO:" in a command's argument; None when the keyword is not there."""
    if argument is None or argument[: len(keyword)].upper() != keyword:
        return None
    return argument[len(keyword) :]


def parse_path(text: str) -> MailPath | None:
    """An address with or without angle brackets and its parameters; None when it is malformed."""
    match = _PATH.match(text)
    if match is None:
        return None
    address = match["bracketed"] if match["bracketed"] is not None else match["bare"]
    _, at, domain = address.rpartition("@")
    if len(address) > _MAX_ADDRESS_CHARACTERS or (at and not _DOMAIN.match(domain)):
        return None
    if not address.isascii() and _has_surrogate(address):
        return None
    parameters: dict[str, str | None] = {}
    for word in (match["parameters"] or "").split():
        name, equals, value = word.partition("=")
        parameters[name.upper()] = value if equals else None
    return MailPath(address, parameters)


def _has_surrogate(text: str) -> bool:
    """Whether the text holds bytes that were no UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in text)
