"""Logging in and out."""

from __future__ import annotations

import secrets

from aiohttp import web

from bot.console.calling import THEMES, ConsoleCall, theme_of
from bot.console.gate import Gate, how_called_of, json_response, see_other
from bot.console.guarding import BEFORE_COOKIE, CSRF_FIELD, SESSION_COOKIE, THEME_COOKIE, CsrfTokens, own_path
from bot.console.live import LiveStreams
from bot.console.pages import Pages, html_response
from bot.console.transcript import Transcripts
from core.errors import InvalidInput
from core.identity.errors import InvalidCredentials
from core.identity.sessions import Sessions

A_YEAR_SECONDS = 365 * 24 * 3600


class Entering:
    """The log-in page, and the ways out."""

    def __init__(
        self,
        gate: Gate,
        sessions: Sessions,
        tokens: CsrfTokens,
        pages: Pages,
        transcripts: Transcripts,
        streams: LiveStreams,
    ) -> None:
        self._gate = gate
        self._sessions = sessions
        self._tokens = tokens
        self._pages = pages
        self._transcripts = transcripts
        self._streams = streams

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The log-in form; who is logged in already goes on."""
        token = request.cookies.get(SESSION_COOKIE, "")
        wanted = own_path(request.query.get("next", ""))
        if token and await self._sessions.find_session(token) is not None:
            return see_other(wanted)
        return self._form(request, wanted, left="left" in request.query)

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        """Begin a session under a new token. Whatever is wrong, the page says the same."""
        fields = await self._gate.read_form(request)
        wanted, email = own_path(fields.get("next", "")), fields.get("email", "").strip()[:254]
        if not self._tokens.fits(fields.get(CSRF_FIELD, ""), request.cookies.get(BEFORE_COOKIE, "")):
            return self._form(request, wanted, email=email, problem="log_in_stale", status=403)
        how = how_called_of(request)
        try:
            begun = await self._sessions.log_in(
                email, fields.get("password", "")[:1000], how.ip_address, how.user_agent
            )
        except InvalidCredentials:
            return self._form(request, wanted, email=email, problem="log_in_failed", status=401)
        await self._transcripts.open_own(begun.user)
        response = see_other(wanted)
        self._keep(response, SESSION_COOKIE, begun.token)
        response.del_cookie(BEFORE_COOKIE, path="/console")
        return response

    async def log_out(self, call: ConsoleCall) -> web.StreamResponse:
        await self._sessions.end_session(call.session.digest)
        await self._streams.check_everywhere(call.user.id)
        return self._left()

    async def log_out_everywhere(self, call: ConsoleCall) -> web.StreamResponse:
        await self._sessions.end_all_sessions(call.actor)
        await self._streams.check_everywhere(call.user.id)
        return self._left()

    async def choose_theme(self, call: ConsoleCall) -> web.StreamResponse:
        theme = call.fields.get("theme", "")
        if theme not in THEMES:
            raise InvalidInput("There is no such theme.", field="theme")
        done = {"theme": theme}
        response = json_response(done) if call.is_by_script else see_other(own_path(call.fields.get("next", "")))
        self._keep(response, THEME_COOKIE, theme, max_age=A_YEAR_SECONDS)
        return response

    def _form(
        self,
        request: web.Request,
        wanted: str,
        *,
        email: str = "",
        problem: str = "",
        left: bool = False,
        status: int = 200,
    ) -> web.Response:
        secret = request.cookies.get(BEFORE_COOKIE, "") or secrets.token_urlsafe(32)
        language = self._gate.language_of(request)
        page = self._pages.render(
            "login.html",
            language,
            theme=theme_of(request),
            csrf=self._tokens.token_of(secret),
            next=wanted,
            email=email,
            problem=problem,
            left=left,
        )
        response = html_response(page, status)
        self._keep(response, BEFORE_COOKIE, secret)
        return response

    def _left(self) -> web.Response:
        response = see_other("/console/login?left=1")
        response.del_cookie(SESSION_COOKIE, path="/console")
        return response

    def _keep(self, response: web.Response, name: str, value: str, *, max_age: int | None = None) -> None:
        response.set_cookie(
            name, value, path="/console", httponly=True, samesite="Lax", secure=self._gate.is_secure, max_age=max_age
        )
