"""The way into every page: who is logged in, whether the request is ours, and what is shown when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, quote

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.console.calling import ConsoleCall, person_of, theme_of
from bot.console.guarding import (
    CSRF_FIELD,
    CSRF_HEADER,
    HOME,
    SESSION_COOKIE,
    CsrfTokens,
    comes_from_us,
    own_path,
)
from bot.console.pages import Pages, html_response
from bot.console.wording import say
from bot.views.notices import error_card
from bot.wording import LANGUAGES
from core.clock import Clock
from core.errors import NotAuthenticated, PermissionDenied, PsaError, Unavailable
from core.http.answering import RETRY_AFTER_SECONDS
from core.http.calling import HOW_CALLED, HowCalled
from core.http.failures import Malformed, status_and_code
from core.identity.sessions import Session, Sessions

BODY_BYTES = 200_000
BODY_SECONDS = 30.0
MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"

Page = Callable[[ConsoleCall], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class Gate:
    """Turns what pages do into handlers. `language` is for people whose own is unknown."""

    def __init__(
        self, sessions: Sessions, tokens: CsrfTokens, pages: Pages, clock: Clock, *, public_url: str, language: str
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._pages = pages
        self._clock = clock
        self._public_url = public_url
        self._language = language
        self.is_secure = public_url.startswith("https://")

    def page(self, show: Page) -> Handler:
        """A page for who is logged in; others are sent to the log-in first."""

        async def handler(request: web.Request) -> web.StreamResponse:
            return await show(await self._call(request, {}))

        return self.open(handler)

    def action(self, act: Page) -> Handler:
        """What changes something: only from our own pages, with the session's token."""

        async def handler(request: web.Request) -> web.StreamResponse:
            fields = await self.read_form(request)
            call = await self._call(request, fields)
            sent = request.headers.get(CSRF_HEADER) or fields.get(CSRF_FIELD, "")
            if not self._tokens.fits(sent, request.cookies.get(SESSION_COOKIE, "")):
                raise PermissionDenied("The token against forged requests is missing or wrong.")
            return await act(call)

        return self.open(handler)

    def open(self, answer: Handler) -> Handler:
        """A page for everyone; failures become pages, or JSON for our own script."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                if any("\x00" in each for each in (request.path, *request.query.values())):
                    raise web.HTTPNotFound
                return await answer(request)
            except NotAuthenticated:
                return self._to_log_in(request)
            except PsaError as error:
                return await self._failed(request, error)
            except web.HTTPException as error:
                return self._refused(request, error)
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception:
                log.exception("console_page_crashed", path=request.path)
                return self.problem(request, 500, "broken", self.language_of(request))

        return handler

    async def read_form(self, request: web.Request) -> dict[str, str]:
        """The fields of a form that one of our own pages sent; of several of a name the last."""
        if not comes_from_us(request.headers, request.host, self._public_url):
            raise PermissionDenied("This request does not come from one of our pages.")
        if request.content_type != FORM:
            raise web.HTTPUnsupportedMediaType
        if (request.content_length or 0) > BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(BODY_BYTES, request.content_length or 0)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        if len(body) > BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(BODY_BYTES, len(body))
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise Malformed("The form cannot be read.") from error
        fields = {name: value.replace("\r\n", "\n") for name, value in pairs}
        if any("\x00" in part for pair in fields.items() for part in pair):
            raise Malformed("A form has no NUL.")
        return fields

    def language_of(self, request: web.Request) -> str:
        """The language of somebody who did not say who they are: as the browser wants it."""
        asked = request.query.get("language", "")
        if asked in LANGUAGES:
            return asked
        for part in request.headers.get("Accept-Language", "").split(","):
            code = part.partition(";")[0].strip().lower()[:2]
            if code in LANGUAGES:
                return code
        return self._language

    def problem(self, request: web.Request, status: int, name: str, language: str, text: str = "") -> web.Response:
        """What went wrong, as a page or as JSON; `name` is that of its heading in the texts."""
        heading, text = say(name, language), text or say(f"{name}_text", language)
        how = request.get(HOW_CALLED)
        if request.headers.get("X-Console") == "1":
            return json_response({"problem": heading, "text": text}, status)
        page = self._pages.render(
            "problem.html",
            language,
            heading=heading,
            text=text,
            theme=theme_of(request),
            request_id=how.request_id if how is not None and status >= 500 else "",
        )
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
        return html_response(page, status, headers=headers)

    async def _call(self, request: web.Request, fields: Mapping[str, str]) -> ConsoleCall:
        token = request.cookies.get(SESSION_COOKIE, "")
        session = await self._sessions.find_session(token) if token else None
        if session is None:
            raise NotAuthenticated("Log in first.")
        how = how_called_of(request)
        return ConsoleCall(
            request=request,
            how=how,
            session=session,
            person=person_of(session.user, how),
            csrf=self._tokens.token_of(token),
            now=self._clock.now(),
            fields=fields,
        )

    def _to_log_in(self, request: web.Request) -> web.Response:
        wanted = own_path(request.path_qs) if request.method in ("GET", "HEAD") else HOME
        address = "/console/login" if wanted == HOME else f"/console/login?next={quote(wanted, safe='')}"
        if request.headers.get("X-Console") == "1":
            return json_response({"log_in": "/console/login"}, 401)
        return web.Response(status=303, headers={"Location": address})

    async def _failed(self, request: web.Request, error: PsaError) -> web.Response:
        status, _ = status_and_code(error)
        # While the database is away, nobody's language can be found out.
        is_away = isinstance(error, Unavailable)
        language = self.language_of(request) if is_away else await self._language_in(request)
        if status == 500:
            log.error("console_page_failed", path=request.path, error=str(error), exc_info=error)
            return self.problem(request, 500, "broken", language)
        if isinstance(error, Malformed):
            return self.problem(request, status, "unreadable", language)
        if status == 404:
            return self.problem(request, 404, "not_found", language)
        if status == 403:
            return self.problem(request, 403, "forbidden", language)
        card = error_card(error, language)
        text = card.summary.removeprefix(f"{card.heading}: ")
        return self.problem(request, status, "failed", language, text=text)

    def _refused(self, request: web.Request, error: web.HTTPException) -> web.Response:
        name = {404: "not_found", 405: "not_found", 413: "too_large"}.get(error.status, "unreadable")
        return self.problem(request, error.status, name, self.language_of(request))

    async def _language_in(self, request: web.Request) -> str:
        """The language of who is logged in, as far as that can be found out while something fails."""
        try:
            session = await self._session_of(request)
        except Unavailable:
            session = None
        return session.user.language if session is not None else self.language_of(request)

    async def _session_of(self, request: web.Request) -> Session | None:
        token = request.cookies.get(SESSION_COOKIE, "")
        return await self._sessions.find_session(token) if token else None


def how_called_of(request: web.Request) -> HowCalled:
    """Where a request came from, as the application found out."""
    return request[HOW_CALLED]


def json_response(body: Mapping[str, object], status: int = 200) -> web.Response:
    """An answer for our own script."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def see_other(address: str) -> web.Response:
    """Go there by GET."""
    return web.Response(status=303, headers={"Location": address, "Referrer-Policy": "same-origin"})
