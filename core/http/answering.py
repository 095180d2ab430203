"""Replies and failures as HTTP responses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel

from core.errors import LimitExceeded, NotAuthenticated, PsaError, TokenExpired, TokenInvalid, Unavailable
from core.http.failures import HTTP_CODES, error_body, problems_of, status_and_code
from core.http.route import FileReply, Reply

RETRY_AFTER_SECONDS = 5
"""When to come back after 503."""

WRITE_SECONDS = 60.0
"""How long a client may take to read one chunk of a download."""

log = structlog.get_logger(__name__)


def json_response(
    body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Instants in UTC with `Z`; raises TypeError for what JSON cannot say."""
    content = orjson.dumps(body, default=_plain, option=orjson.OPT_UTC_Z)
    return web.Response(body=content, status=status, headers=headers, content_type="application/json")


def reply_response(reply: Reply) -> web.Response:
    """A reply without a body has no Content-Type either."""
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return json_response(reply.body, reply.status, reply.headers)


async def send_file(request: web.Request, reply: FileReply) -> web.StreamResponse:
    """Send the bytes as they come. If they break off, so does the connection: nobody takes a part for the whole."""
    response = web.StreamResponse(headers=reply.headers)
    response.content_length = reply.size_bytes
    await response.prepare(request)
    sent_bytes = 0
    try:
        async for chunk in reply.chunks:
            async with asyncio.timeout(WRITE_SECONDS):
                await response.write(chunk)
            sent_bytes += len(chunk)
    except (ConnectionError, TimeoutError) as error:
        log.info("download_abandoned", sent_bytes=sent_bytes, size_bytes=reply.size_bytes, reason=str(error))
    except Exception:
        log.exception("download_broken", sent_bytes=sent_bytes, size_bytes=reply.size_bytes)
    if sent_bytes != reply.size_bytes and request.transport is not None:
        request.transport.close()
    return response


def failure_response(error: PsaError, request_id: str, at: datetime) -> web.Response:
    """A domain error in the error format. Of a fault of ours (500, 503) the text stays in the log."""
    status, code = status_and_code(error)
    if status == 500:
        log.error("request_failed", error=str(error), exc_info=error)
        return internal_error_response(request_id, at)
    headers: dict[str, str] = {}
    message = f"{error} {error.hint}" if error.hint else str(error)
    if isinstance(error, Unavailable):
        log.warning("request_postponed", error=str(error))
        message = "A part that this needs is not available at present; nothing was changed. Try again later."
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, LimitExceeded) and error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, NotAuthenticated):
        # RFC 6750 section 3: a token that was sent and refused is named as such.
        refused = isinstance(error, TokenExpired | TokenInvalid)
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if refused else "Bearer"
    return json_response(error_body(code, message, problems_of(error), request_id, at), status, headers)


def http_failure_response(error: web.HTTPException, request_id: str, at: datetime) -> web.Response:
    """What the HTTP layer itself refuses (no such path, wrong method, too large) in the error format."""
    code = HTTP_CODES.get(error.status, "INVALID_INPUT" if error.status < 500 else "INTERNAL_ERROR")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return json_response(
        error_body(code, _MESSAGES.get(error.status, error.reason), [], request_id, at), error.status, headers
    )


def internal_error_response(request_id: str, at: datetime) -> web.Response:
    """500, with nothing in it but the id to look up in the log."""
    message = "Something went wrong on our side. Name the request_id when you report it."
    return json_response(error_body("INTERNAL_ERROR", message, [], request_id, at), 500)


_MESSAGES = {
    404: "There is no such path.",
    405: "This path does not take this method.",
    408: "The body took too long to arrive.",
    413: "The body is larger than allowed.",
}


def _plain(value: object) -> object:
    """What orjson does not know by itself; the driver's UUIDs are a subclass."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON.")
