"""The HTTP application: every request gets an id, an actor, a time limit for its body, and an answer in one format."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict

from core.actor import Actor
from core.clock import Clock
from core.errors import PsaError
from core.http.answering import (
    failure_response,
    http_failure_response,
    internal_error_response,
    reply_response,
    send_file,
)
from core.http.calling import (
    HOW_CALLED,
    NOBODY,
    REQUEST_ID_HEADER,
    HowCalled,
    Networks,
    bearer_token,
    how_called,
    readable,
)
from core.http.documentation import add_documentation_routes
from core.http.failures import Malformed
from core.http.health import ReadinessCheck, add_health_routes
from core.http.route import Call, FileReply, Route
from core.runtime.metrics import Metrics

Authenticate = Callable[[str, HowCalled], Awaitable[Actor]]
"""From the bearer token to who it speaks for; raises NotAuthenticated."""

BODY_SECONDS = 30.0
"""How long a client may take to send a body."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On each answer, unless the route says otherwise."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})

log = structlog.get_logger(__name__)


def build_application(
    routes: Sequence[Route],
    *,
    authenticate: Authenticate,
    readiness: Sequence[ReadinessCheck],
    metrics: Metrics,
    clock: Clock,
    max_body_bytes: int,
    version: str,
    proxies: Networks = (),
    body_seconds: float = BODY_SECONDS,
) -> web.Application:
    """All routes, health, metrics and the API's pages. Holds no resources: those belong to who built the services.

    `proxies` are the networks of our own reverse proxies, whose `X-Forwarded-For` is believed.
    """
    application = web.Application(client_max_size=max_body_bytes, middlewares=[_answering(metrics, clock, proxies)])
    application.on_response_prepare.append(_add_headers)
    add_health_routes(application.router, readiness, metrics)
    add_documentation_routes(application.router, routes, version)
    for route in routes:
        endpoint = _endpoint(route, authenticate, body_seconds)
        if route.method == "GET" and not route.is_download:
            application.router.add_get(route.path, endpoint)
        else:
            application.router.add_route(route.method, route.path, endpoint)
    return application


def _endpoint(route: Route, authenticate: Authenticate, body_seconds: float) -> WebHandler:
    """Who calls comes first, then whether that may, then what was sent: nobody learns a schema by trying."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        how = request[HOW_CALLED]
        actor = NOBODY if route.permissions is None else await authenticate(bearer_token(request), how)
        actor = how.as_caller(actor)
        route.check(actor)
        if any("\x00" in part for part in request.match_info.values()):
            raise web.HTTPNotFound
        call = Call(
            actor=actor,
            path=dict(request.match_info),
            url=request.rel_url,
            headers=CIMultiDict((name, readable(value)) for name, value in request.headers.items()),
            query_model=route.parse_query(list(request.query.items())),
            body_model=route.parse_body(await _content(request, body_seconds)) if route.body else None,
        )
        reply = await route.handler(call)
        return await send_file(request, reply) if isinstance(reply, FileReply) else reply_response(reply)

    return endpoint


async def _content(request: web.Request, limit_seconds: float) -> bytes:
    if request.content_length is not None and request.content_length > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, request.content_length)
    try:
        async with asyncio.timeout(limit_seconds):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Malformed("The body cannot be read.") from error


def _answering(metrics: Metrics, clock: Clock, proxies: Networks) -> Middleware:
    @web.middleware
    async def answering(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        began = time.perf_counter()
        how = how_called(request, proxies)
        request[HOW_CALLED] = how
        with structlog.contextvars.bound_contextvars(request_id=how.request_id):
            response = await _answer(request, handler, how.request_id, clock)
            seconds = time.perf_counter() - began
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "unmatched"
            method = request.method if request.method in _METHODS else "OTHER"
            metrics.http_seconds.labels(route, method, str(response.status)).observe(seconds)
            (log.debug if route in _QUIET else log.info)(
                "http_request",
                method=request.method,
                path=request.path,
                route=route,
                status=response.status,
                seconds=round(seconds, 4),
                ip_address=how.ip_address,
            )
        return response

    return answering


async def _answer(request: web.Request, handler: WebHandler, request_id: str, clock: Clock) -> web.StreamResponse:
    try:
        return await handler(request)
    except PsaError as error:
        return failure_response(error, request_id, clock.now())
    except web.HTTPException as error:
        return http_failure_response(error, request_id, clock.now())
    except Exception:
        log.exception("request_crashed")
        return internal_error_response(request_id, clock.now())


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "PSA-Platform"
    how = request.get(HOW_CALLED)
    if how is not None:
        response.headers[REQUEST_ID_HEADER] = how.request_id
