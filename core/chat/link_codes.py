"""One-time codes by which a person says in chat who they are. They live minutes, so a plain digest keeps them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.errors import LimitExceeded

LIFETIME = timedelta(minutes=10)
TRIES = 5
TRIES_WINDOW = timedelta(minutes=15)
"""An account that sent so many wrong codes within the window sends no more until it is over."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 and O, 1, I and L."""

_LENGTH = 8


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A code as it is shown: XXXX-XXXX."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WrongCodes:
    """How many wrong codes an account sent, and since when."""

    count: int
    since: datetime | None

    def check(self, now: datetime) -> None:
        """Raise LimitExceeded while the account may not try again."""
        if self.count < TRIES or self.since is None or now >= self.since + TRIES_WINDOW:
            return
        seconds = max(1, round((self.since + TRIES_WINDOW - now).total_seconds()))
        raise LimitExceeded("That were too many wrong codes; wait a while.", retry_after_seconds=seconds)

    def one_more(self, now: datetime) -> WrongCodes:
        """After another wrong code; the count begins anew when the window is over."""
        if self.since is None or now >= self.since + TRIES_WINDOW:
            return WrongCodes(1, now)
        return WrongCodes(self.count + 1, self.since)


def new_code(now: datetime) -> LinkCode:
    """A fresh code of about 40 bits."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return LinkCode(f"{code[:4]}-{code[4:]}", now + LIFETIME)


def digest_of(code: str) -> str:
    """What is stored of a code, however it was typed: in lower case, with blanks, without the dash."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return hashlib.sha256(f"psa link code {plain}".encode()).hexdigest()
