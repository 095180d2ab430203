"""How a request came: its id, the address and program of the caller, the token it carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from core.actor import Actor, ActorKind
from core.errors import TokenInvalid
from core.ids import new_uuid

REQUEST_ID_HEADER = "X-Request-ID"
USER_AGENT_CHARACTERS = 300

Networks = Sequence[IPv4Network | IPv6Network]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class HowCalled:
    """Where a request came from. `ip_address` is without an IPv6 zone, so that the database can hold it."""

    request_id: str
    ip_address: str | None
    user_agent: str | None

    def as_caller(self, actor: Actor) -> Actor:
        """The actor, with the place it calls from."""
        return replace(actor, ip_address=self.ip_address, user_agent=self.user_agent, request_id=self.request_id)


HOW_CALLED = web.RequestKey("how_called", HowCalled)

NOBODY = Actor(kind=ActorKind.CONTACT)
"""Who calls an open route: not staff, no role, no permission."""


def how_called(request: web.Request, proxies: Networks) -> HowCalled:
    """A request id is taken over if it is 1 to 100 of `A-Z a-z 0-9 . _ -`; else it gets a fresh one.

    The address is the peer's; if that is one of our proxies, the last in `X-Forwarded-For` that is none of them.
    """
    sent = request.headers.get(REQUEST_ID_HEADER, "")
    agent = readable(request.headers.get("User-Agent", "")).strip()[:USER_AGENT_CHARACTERS]
    return HowCalled(
        request_id=sent if _REQUEST_ID.fullmatch(sent) else str(new_uuid()),
        ip_address=_address(request, proxies),
        user_agent=agent or None,
    )


def bearer_token(request: web.Request) -> str:
    """The token of `Authorization: Bearer` (RFC 6750 section 2.1); raises TokenInvalid where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii():
        raise TokenInvalid("Send an access token: Authorization: Bearer <token>.")
    return token


def readable(value: str) -> str:
    """A header's value with `?` for each byte that is not UTF-8, so that it can be stored."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _address(request: web.Request, proxies: Networks) -> str | None:
    address = _parsed(request.remote or "")
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while address is not None and hops and any(address in network for network in proxies):
        hop = _parsed(hops.pop())
        if hop is None:
            break
        address = hop
    return str(address) if address is not None else None


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
