"""Which service URLs we post to: an activity names its own, and whoever could choose it freely would get our tokens."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from bot.teams.registration import is_loopback

TEAMS_SERVICE: Final = "https://smba.trafficmanager.net/teams/"
"""The worldwide entrance, where no conversation has told us a nearer one yet."""

_HOSTS = frozenset(
    {
        "smba.trafficmanager.net",
        "smba.infra.gcc.teams.microsoft.com",
        "api.botframework.com",
    }
)
"""Exactly these: anybody may register a name below trafficmanager.net."""


class ServiceUrls:
    """Knows the Teams service, or only this machine where `is_local`."""

    def __init__(self, *, is_local: bool) -> None:
        self._is_local = is_local

    def trusts(self, url: str) -> bool:
        """Whether we post there: https, a known host, no other port, nothing but a path after it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if any(each in url for each in "@?#\\") or not url.isprintable():
            return False
        if self._is_local:
            return parts.scheme == "http" and is_loopback(parts.hostname)
        return parts.scheme == "https" and parts.hostname in _HOSTS and port in (None, 443)
