"""To whom a machine may write. Pure."""

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


def is_answerable(address: str, desk_address: str) -> bool:
    """A person may read what is sent there: it is neither ourselves nor an address that says it takes no answers."""
    local = address.lower().rpartition("@")[0]
    return is_mailable(address) and not is_desk(address, desk_address) and not _NOBODY.fullmatch(local)
