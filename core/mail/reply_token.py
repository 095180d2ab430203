"""The signed reply token: the mark by which an answer finds its ticket, wherever a mail program carries it.

It travels in three places: as address extension of Reply-To, in our own Message-IDs (an answer repeats them in
In-Reply-To and References) and as a line of the body, which alone survives forwarding. Each is an HMAC-SHA256 over the
place and the ticket's number, so that a token proves one ticket and cannot be moved to another place or number. It has
no expiry: people answer to old mails, and a token opens nothing but the way to write on this one ticket. Pure.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from uuid import UUID

from core.ids import TicketNumber

MAC_BYTES = 10
"""80 bits (RFC 2104 section 5 allows truncation to no less): 16 letters of base32 without padding."""

CANDIDATE_LIMIT = 100
"""How many look-alikes of one mail are checked; a mail full of forged marks costs no more than these."""

_NUMBER = r"([1-9][0-9]{0,17})"
_MAC = r"([a-z2-7]{16})"
# The token is looked for anywhere in a local part: SRS, BATV and VERP put their own words before and after it.
_IN_ADDRESS = re.compile(rf"(?<![a-z0-9])t{_NUMBER}\.{_MAC}(?![a-z0-9])", re.ASCII)
_IN_MESSAGE_ID = re.compile(rf"(?<![a-z0-9])t{_NUMBER}\.([0-9a-f]{{32}})\.{_MAC}(?![a-z0-9])", re.ASCII)
# A mail program may break the line after a colon, and quote what follows.
_IN_TEXT = re.compile(rf"\[ref:[\s>]{{0,8}}{_NUMBER}:[\s>]{{0,8}}{_MAC}[\s>]{{0,8}}\]", re.ASCII | re.IGNORECASE)


class ReplyTokens:
    """Makes and verifies reply tokens. `key` is a secret of at least 16 bytes; customers write to `desk_address`."""

    def __init__(self, key: bytes, desk_address: str) -> None:
        if len(key) < 16:
            raise ValueError("a key of fewer than 16 bytes signs nothing")
        self._key = key
        self._desk_local, _, self._desk_domain = desk_address.rpartition("@")

    def address_for(self, number: TicketNumber) -> str:
        """Our address with the ticket's token as extension: `support+t4711.<mac>@desk.example`."""
        return f"{self._desk_local}+t{number}.{self._mac('address', number)}@{self._desk_domain}"

    def message_id_for(self, number: TicketNumber, unique: UUID) -> str:
        """A Message-ID (without angle brackets) for a mail of ours: `t4711.<uuid>.<mac>@desk.example`."""
        return f"t{number}.{unique.hex}.{self._mac('message-id', number, unique.hex)}@{self._desk_domain}"

    def body_mark_for(self, number: TicketNumber) -> str:
        """A short mark for the body, `[ref:4711:<mac>]`: it is still there when the mail is forwarded."""
        return f"[ref:{number}:{self._mac('body', number)}]"

    def find_in_addresses(self, addresses: Iterable[str]) -> TicketNumber | None:
        """The ticket of the first address that carries a good token; the local part may have been rewritten."""
        candidates = (match for address in addresses for match in _IN_ADDRESS.finditer(address.lower()))
        return self._first_good("address", candidates)

    def find_in_message_ids(self, message_ids: Iterable[str]) -> TicketNumber | None:
        """The ticket of the first id, in the order given and with or without angle brackets, that is one of ours."""
        candidates = (match for one in message_ids for match in _IN_MESSAGE_ID.finditer(one.lower()))
        return self._first_good("message-id", candidates)

    def find_in_text(self, text: str) -> TicketNumber | None:
        """The ticket of the first good body mark."""
        return self._first_good("body", _IN_TEXT.finditer(text))

    def _first_good(self, place: str, candidates: Iterator[re.Match[str]]) -> TicketNumber | None:
        for match in islice(candidates, CANDIDATE_LIMIT):
            number, *unique, mac = match.groups()
            if hmac.compare_digest(self._mac(place, TicketNumber(int(number)), *unique), mac.lower()):
                return TicketNumber(int(number))
        return None

    def _mac(self, place: str, number: TicketNumber, *unique: str) -> str:
        signed = ":".join(("reply-token", place, str(number), *unique))
        digest = hmac.digest(self._key, signed.encode("ascii"), sha256)
        return b32encode(digest[:MAC_BYTES]).decode("ascii").lower()
