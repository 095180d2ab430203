"""Which recipient addresses are ours."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol


class RecipientVerdict(Enum):
    """Ours; at our domain but nobody; somewhere else, so that taking it would make us a relay."""

    ACCEPTED = auto()
    UNKNOWN = auto()
    FOREIGN = auto()


class RecipientPolicy(Protocol):
    """Decides about one recipient address; asked for every RCPT, so it must not wait."""

    def judge(self, address: str) -> RecipientVerdict: ...


class AcceptedRecipients:
    """A policy of single addresses ("help@msp.example", with any +extension) and whole domains ("@msp.example").

    The lone word "postmaster" is always accepted (RFC 5321 section 4.5.1).
    """

    def __init__(self, entries: Iterable[str]) -> None:
        lowered = {entry.strip().lower() for entry in entries}
        self._domains = frozenset(entry[1:] for entry in lowered if entry.startswith("@"))
        self._addresses = frozenset(entry for entry in lowered if not entry.startswith("@"))
        self._known_domains = frozenset(address.rpartition("@")[2] for address in self._addresses)

    def judge(self, address: str) -> RecipientVerdict:
        local_part, _, domain = address.lower().rpartition("@")
        if domain in self._domains or (not local_part and domain == "postmaster"):
            return RecipientVerdict.ACCEPTED
        if domain not in self._known_domains:
            return RecipientVerdict.FOREIGN
        known = f"{local_part.partition('+')[0]}@{domain}" in self._addresses or local_part == "postmaster"
        return RecipientVerdict.ACCEPTED if known else RecipientVerdict.UNKNOWN
