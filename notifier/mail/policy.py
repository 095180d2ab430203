"""Who may be written to. Pure."""

from __future__ import annotations

import re

from core.mail.compose import is_mailable

_NOBODY = re.compile(
    r"(.*[-_.+=])?(no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer[-_.]?daemon|postmaster|bounces?)([-_.+=].*)?"
)


def is_desk(address: str, desk_address: str) -> bool:
    """Our own address, with or without a reply token."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == desk_address.lower()


def is_writable(address: str, desk_address: str) -> bool:
    """Mail can be sent there, and it does not come straight back to us."""
    return is_mailable(address) and not is_desk(address, desk_address)


def is_answerable(address: str, desk_address: str) -> bool:
    """A machine may write there: the address does not say that nobody reads it."""
    local = address.lower().rpartition("@")[0]
    return is_writable(address, desk_address) and not _NOBODY.fullmatch(local)
