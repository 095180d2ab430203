"""Passwords: what makes one good enough, and their hashes. Pure, but slow: call the hashing from a thread."""

from __future__ import annotations

import base64
import hashlib

import bcrypt

from core.errors import InvalidInput

SHORTEST_PASSWORD = 12
COST = 12
DUMMY_HASH = "$2b$12$uvZGWWMD.H7ijY81n2/O2OMUEtKnDdzA1wX0NvvLcBxbmuV5czsYW"
"""The hash of random bytes that nobody kept: checked where there is no real one, so that both take the same time."""


def check_password(password: str, *, email: str, first_name: str, last_name: str) -> None:
    """Raise InvalidInput for a password that is too short, or that is only its owner's name or address."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(f"A password has at least {SHORTEST_PASSWORD} characters.", field="password")
    own = (email, email.partition("@")[0], first_name, last_name, first_name + last_name, last_name + first_name)
    if _letters(password) in {_letters(text) for text in own}:
        raise InvalidInput("A password must not be one's own name or address.", field="password")


def hash_password(password: str) -> str:
    """The bcrypt hash to store, with a salt of its own. Takes about a quarter of a second."""
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(COST)).decode("ascii")


def verify_password(password: str, password_hash: str) -> bool:
    """Whether the hash was made from this password. Takes as long as making it, whatever the answer."""
    return bcrypt.checkpw(_digest(password), password_hash.encode("ascii"))


def _digest(password: str) -> bytes:
    """bcrypt reads 72 bytes at most and stops at NUL: a digest in base64 makes every character count."""
    return base64.b64encode(hashlib.sha256(password.encode()).digest())


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
