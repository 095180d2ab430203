"""Is the process alive, is it ready, and what does it count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import PsaError
from core.http.answering import json_response
from core.runtime.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """A part without which requests fail. `check` raises while the part is away, or takes too long."""

    name: str
    check: Callable[[], Awaitable[object]]
    limit_seconds: float = 3.0


def add_health_routes(router: web.UrlDispatcher, readiness: Sequence[ReadinessCheck], metrics: Metrics) -> None:
    """`/health/live`, `/health/ready` and `/metrics`: without a token, not in the envelope."""

    async def live(_: web.Request) -> web.StreamResponse:
        return json_response({"status": "live"})

    async def ready(_: web.Request) -> web.StreamResponse:
        passed = await asyncio.gather(*(_passes(check) for check in readiness))
        checks = {check.name: "ok" if good else "failed" for check, good in zip(readiness, passed, strict=True)}
        if all(passed):
            return json_response({"status": "ready", "checks": checks})
        return json_response({"status": "not ready", "checks": checks}, 503)

    async def counted(_: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    router.add_get("/health/live", live)
    router.add_get("/health/ready", ready)
    router.add_get("/metrics", counted)


async def _passes(check: ReadinessCheck) -> bool:
    try:
        async with asyncio.timeout(check.limit_seconds):
            await check.check()
    except (PsaError, OSError, TimeoutError) as error:
        log.warning("not_ready", part=check.name, error=str(error) or type(error).__name__)
        return False
    except Exception:
        log.exception("readiness_check_failed", part=check.name)
        return False
    return True
