"""Teams, as far as a bot sees it: the log-in, the published keys, and the connector, over HTTP on one port.

Strict: what the real one would refuse is refused here, and noted in `problems`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import jwt
from aiohttp import web
from aiohttp.typedefs import Handler
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from microsoft_teams.cards import AdaptiveCard

APP_ID = "5d0b3d4c-6f0e-4b52-9a51-2f6f1d8a4c11"
APP_PASSWORD = "streng-geheim"
TENANT = "0a1b2c3d-1111-4222-8333-944455556666"
BOT = f"28:{APP_ID}"
ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
CARD_BYTES = 28 * 1024
CARD_TYPE = "application/vnd.microsoft.card.adaptive"

Json = dict[str, Any]


@dataclass(slots=True)
class Shown:
    """A message of the bot. `cards` are all that it showed, the last one as it is now."""

    id: str
    conversation: str
    thread: str | None
    summary: str
    cards: list[Json]
    is_deleted: bool = False

    @property
    def card(self) -> Json:
        return self.cards[-1]


@dataclass(frozen=True, slots=True)
class Failure:
    """How the connector answers next, instead of doing what it is asked. `is_done`: it does it all the same."""

    status: int
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_done: bool = False


class FakeConnector:
    """`members` are the people by directory id; `conversations` those that the bot is in.

    Without `wants_tokens` it is a local client, which lets everybody in. `loads_cards` into Microsoft's typed models.
    """

    def __init__(self) -> None:
        self.port = 0
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = "key-1"
        self.endorsements = ["msteams"]
        self.members: dict[str, Json] = {}
        self.conversations: set[str] = set()
        self.shown: dict[str, Shown] = {}
        self.problems: list[str] = []
        self.failures: deque[Failure] = deque()
        self.logins = 0
        self.key_fetches = 0
        self.requests: list[tuple[str, str]] = []
        self.are_keys_away = False
        self.wants_tokens = True
        self.loads_cards = True
        self._tokens: set[str] = set()
        self._numbers = count(1_700_000_000_001)
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def service_url(self) -> str:
        return f"{self.url}/teams/"

    @property
    def openid_metadata_url(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    @property
    def messages(self) -> list[Shown]:
        """What is to be seen, oldest first."""
        return [each for each in self.shown.values() if not each.is_deleted]

    def new_id(self) -> str:
        """The id of a message, as Teams counts them."""
        return str(next(self._numbers))

    def revoke_tokens(self) -> None:
        """The bot must log in again."""
        self._tokens.clear()

    def token(self, *, key: Any = None, algorithm: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """A token of the Bot Framework for the bot; `claims` replace its own, None leaves one out."""
        now = datetime.now(UTC)
        body = {
            "iss": ISSUER,
            "aud": APP_ID,
            "serviceurl": self.service_url,
            "nbf": int((now - timedelta(minutes=1)).timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        } | claims
        kept = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(
            kept, self.key if key is None else key, algorithm=algorithm, headers={"kid": kid or self.key_id}
        )

    async def until(self, is_so: Callable[[], bool], seconds: float = 15) -> None:
        """Return when it is so; asked after each request that comes."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(is_so)

    async def give_metadata(self, request: web.Request) -> web.Response:
        self.key_fetches += 1
        if self.are_keys_away:
            return web.Response(status=503)
        return web.json_response(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{self.url}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def give_keys(self, request: web.Request) -> web.Response:
        key = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return web.json_response(
            {"keys": [{**key, "use": "sig", "kid": self.key_id, "endorsements": self.endorsements}]}
        )

    async def log_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = {
            "grant_type": "client_credentials",
            "client_id": APP_ID,
            "client_secret": APP_PASSWORD,
            "scope": SCOPE,
        }
        if request.match_info["tenant"] != TENANT or dict(form) != wanted:
            return web.json_response({"error": "invalid_client", "error_description": "AADSTS7000215"}, status=401)
        self.logins += 1
        token = f"connector-token-{self.logins}"
        self._tokens.add(token)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        people = [each.get("id") for each in body.get("members", [])]
        if body.get("bot", {}).get("id") != BOT or body.get("tenantId") != TENANT or len(people) != 1:
            return self._refuse(400, "BadArgument", f"no conversation can be made of {body}")
        if people[0] not in self.members:
            return _error(403, "BotNotInConversationRoster")
        conversation = f"a:{people[0]}"
        self.conversations.add(conversation)
        return web.json_response({"id": conversation}, status=201)

    async def member(self, request: web.Request) -> web.Response:
        found = self.members.get(request.match_info["member"])
        return web.json_response(found) if found else _error(404, "MemberNotFoundInConversation")

    async def send(self, request: web.Request) -> web.Response:
        conversation, _, thread = request.match_info["conversation"].partition(";messageid=")
        if conversation not in self.conversations:
            return _error(403, "BotNotInConversationRoster")
        card, problem = await self._card(request)
        if problem is not None:
            return problem
        activity = await request.json()
        message = Shown(self.new_id(), conversation, thread or None, activity["summary"], [card])
        self.shown[message.id] = message
        return web.json_response({"id": message.id}, status=201)

    async def change(self, request: web.Request) -> web.Response:
        message = self.shown.get(request.match_info["activity"])
        if message is None or message.is_deleted or message.conversation != request.match_info["conversation"]:
            return _error(404, "ActivityNotFoundInConversation")
        if request.method == "DELETE":
            message.is_deleted = True
            return web.Response(status=200)
        card, problem = await self._card(request)
        if problem is not None:
            return problem
        message.cards.append(card)
        return web.json_response({"id": message.id})

    async def _card(self, request: web.Request) -> tuple[Json, web.Response | None]:
        activity = await request.json()
        attachments = activity.get("attachments") or []
        if activity.get("type") != "message" or len(attachments) != 1 or not activity.get("summary"):
            return {}, self._refuse(400, "BadArgument", f"no message with a card and a summary: {str(activity)[:300]}")
        card = attachments[0].get("content")
        if attachments[0].get("contentType") != CARD_TYPE:
            return {}, self._refuse(400, "BadArgument", "no Adaptive Card")
        return card, self.card_problem(card)

    def card_problem(self, card: Json) -> web.Response | None:
        """What Teams has against a card, which is noted."""
        if card.get("type") != "AdaptiveCard" or card.get("version") not in ("1.2", "1.3", "1.4", "1.5"):
            return self._refuse(400, "BadArgument", "no Adaptive Card of a version that Teams takes from bots")
        if len(json.dumps(card, ensure_ascii=False).encode()) > CARD_BYTES:
            return self._refuse(413, "MessageSizeTooBig", "the card is larger than 28 KB")
        if not self.loads_cards:
            return None
        # Teams takes both "Full", as its pages write it, and "full", as its typed model does.
        host = {name: str(value).lower() for name, value in card.get("msteams", {}).items()}
        AdaptiveCard.model_validate({**card, "msteams": host})
        return None

    def _refuse(self, status: int, code: str, problem: str) -> web.Response:
        self.problems.append(problem)
        return _error(status, code)

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Who calls the connector must have logged in; scripted failures come first; who waits is told."""
        try:
            if not request.path.startswith("/teams/"):
                return await handler(request)
            self.requests.append((request.method, request.path))
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if self.wants_tokens and (scheme != "Bearer" or token not in self._tokens):
                return _error(401, "Unauthorized")
            if self.failures:
                failure = self.failures.popleft()
                if failure.is_done:
                    await handler(request)
                return _error(failure.status, failure.code, failure.headers)
            return await handler(request)
        except ValueError as error:
            return self._refuse(400, "BadArgument", f"{type(error).__name__}: {error}")
        finally:
            async with self._changed:
                self._changed.notify_all()


def _error(status: int, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"code": code, "message": f"{code}."}}, status=status, headers=headers)


@asynccontextmanager
async def fake_connector() -> AsyncIterator[FakeConnector]:
    """One on a free port of 127.0.0.1. At the end nothing may have been refused for its form."""
    fake = FakeConnector()
    application = web.Application(middlewares=[fake.watch])
    router = application.router
    router.add_get("/v1/.well-known/openidconfiguration", fake.give_metadata)
    router.add_get("/v1/.well-known/keys", fake.give_keys)
    router.add_post("/{tenant}/oauth2/v2.0/token", fake.log_in)
    router.add_post("/teams/v3/conversations", fake.create)
    router.add_post("/teams/v3/conversations/{conversation}/activities", fake.send)
    router.add_put("/teams/v3/conversations/{conversation}/activities/{activity}", fake.change)
    router.add_delete("/teams/v3/conversations/{conversation}/activities/{activity}", fake.change)
    router.add_get("/teams/v3/conversations/{conversation}/members/{member}", fake.member)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.port = runner.addresses[0][1]
        yield fake
    finally:
        await runner.cleanup()
    assert fake.problems == []
