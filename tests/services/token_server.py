"""A small authorisation server: a token endpoint that rotates refresh tokens, and introspection (RFC 6749, 7662)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from aiohttp import web

CLIENT_SECRET = "streng-geheim"


class TokenServer:
    """Client ids are the user names that their tokens are good for. A refresh token is good for one use.

    `grants` are the grant types that tokens were given for. While `is_down`, every answer is 503.
    """

    def __init__(self) -> None:
        self.port = 0
        self.is_down = False
        self.asked = 0
        self.grants: list[str] = []
        self._numbers = count(1)
        self._users_by_access_token: dict[str, str] = {}
        self._users_by_refresh_token: dict[str, str] = {}

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def introspection_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/introspect?token="

    def authorize(self, user: str) -> str:
        """A refresh token, as after a person said yes."""
        token = f"refresh-{next(self._numbers)}"
        self._users_by_refresh_token[token] = user
        return token

    def revoke_access_tokens(self) -> None:
        """The access tokens are good no longer, though their time is not over."""
        self._users_by_access_token.clear()

    def revoke_refresh_tokens(self) -> None:
        self._users_by_refresh_token.clear()

    @property
    def refresh_tokens(self) -> list[str]:
        """Those that are good now."""
        return list(self._users_by_refresh_token)

    async def give_token(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.is_down:
            return web.Response(status=503, text="<h1>Be right back</h1>", content_type="text/html")
        form = await request.post()
        if form.get("client_secret") != CLIENT_SECRET:
            return web.json_response({"error": "invalid_client"}, status=401)
        answer = {"token_type": "Bearer", "expires_in": 3600}
        if form.get("grant_type") == "client_credentials":
            user = str(form["client_id"])
        elif form.get("grant_type") == "refresh_token":
            known = self._users_by_refresh_token.pop(str(form["refresh_token"]), None)
            if known is None:
                return web.json_response(
                    {"error": "invalid_grant", "error_description": "The token has expired."}, status=400
                )
            user = known
            answer["refresh_token"] = self.authorize(user)
        else:
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        access_token = f"access-{next(self._numbers)}"
        self._users_by_access_token[access_token] = user
        self.grants.append(str(form["grant_type"]))
        return web.json_response(answer | {"access_token": access_token})

    async def introspect(self, request: web.Request) -> web.Response:
        user = self._users_by_access_token.get(request.query["token"])
        return web.json_response({"active": user is not None} | ({"email": user} if user else {}))


@asynccontextmanager
async def token_server() -> AsyncIterator[TokenServer]:
    """A server on a free port of 127.0.0.1."""
    server = TokenServer()
    application = web.Application()
    application.router.add_post("/token", server.give_token)
    application.router.add_get("/introspect", server.introspect)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.port = runner.addresses[0][1]
        yield server
    finally:
        await runner.cleanup()
