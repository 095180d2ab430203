"""What keeps others out: cookies, the token against forged requests, and where a request came from. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

SESSION_COOKIE = "psa_session"
BEFORE_COOKIE = "psa_before"
"""Holds the log-in form's own secret, before there is a session."""

THEME_COOKIE = "psa_theme"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
HOME = "/console"

_OUR_PATH = re.compile(
    r"/console(?:/(?:tickets|quarantine|account|views)[A-Za-z0-9/_-]*)?(?:\?[A-Za-z0-9%&=+._~,:@/-]*)?"
)


class CsrfTokens:
    """Tokens that only our own pages carry: derived from the secret that a cookie holds, stored nowhere.

    `key` is at least 16 secret bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("a key of fewer than 16 bytes proves nothing")
        self._key = key

    def token_of(self, secret: str) -> str:
        """The token that belongs to a cookie's secret."""
        return hmac.new(self._key, secret.encode("utf-8", "replace"), sha256).hexdigest()

    def fits(self, token: str, secret: str) -> bool:
        return bool(secret) and hmac.compare_digest(token.encode("utf-8", "replace"), self.token_of(secret).encode())


def comes_from_us(headers: Mapping[str, str], host: str, public_url: str) -> bool:
    """Whether a browser says that one of our own pages sent this. What says nothing is left to the token.

    Fetch Metadata (https://www.w3.org/TR/fetch-metadata/) where there is one, else the Origin (RFC 6454 section 7).
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("Origin")
    if origin is None or (origin == "null" and site == "same-origin"):
        return True
    parts, public = urlsplit(origin), urlsplit(public_url)
    return parts.netloc == host or (parts.scheme, parts.netloc) == (public.scheme, public.netloc)


def own_path(wanted: str) -> str:
    """Where to go after the log-in: one of our own pages; the start page instead of anything else."""
    return wanted if len(wanted) <= 2000 and _OUR_PATH.fullmatch(wanted) else HOME
