"""Whom a machine may write to. Pure."""

from __future__ import annotations

import re

from core.mail.addresses import is_writable

_NOBODY = re.compile(
    r"(.*[-_.+=])?(no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer[-_.]?daemon|postmaster|bounces?)([-_.+=].*)?"
)


def is_answerable(address: str, desk_address: str) -> bool:
    """A machine may write there: the address does not say that nobody reads it."""
    local = address.lower().rpartition("@")[0]
    return is_writable(address, desk_address) and not _NOBODY.fullmatch(local)
