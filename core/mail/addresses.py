"""Which addresses are ours, and where mail can go. Pure."""

from __future__ import annotations

from core.mail.compose import is_mailable


def is_desk(address: str, desk_address: str) -> bool:
    """Our own address, with or without a reply token."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == desk_address.lower()


def is_writable(address: str, desk_address: str) -> bool:
    """Mail can be sent there, and it does not come straight back to us."""
    return is_mailable(address) and not is_desk(address, desk_address)
