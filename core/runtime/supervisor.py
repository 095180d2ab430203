"""Runs components together: a signal or a crash stops them all, each drains under a time limit."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import structlog

from core.errors import PsaError
from core.runtime.component import Component

log = structlog.get_logger(__name__)


class ComponentCrashed(Exception):
    """A component raised, or ended though nobody asked it to."""


async def supervise(
    components: Sequence[Component], *, drain_seconds: float, stop: asyncio.Event | None = None
) -> None:
    """Run all components until SIGTERM, SIGINT or `stop`; then let them drain for at most `drain_seconds`.

    Raises what stopped them: a component's own error of the product (a port that is taken), or ComponentCrashed if one
    raised anything else or ended by itself. A crash is logged before the others drain.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    crashed: list[Exception] = []
    tasks = [asyncio.create_task(_watch(component, stop, crashed), name=component.name) for component in components]
    try:
        await stop.wait()
        _, late = await asyncio.wait(tasks, timeout=drain_seconds)
        for task in late:
            log.warning("component_drain_timed_out", component=task.get_name(), drain_seconds=drain_seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if crashed:
        raise crashed[0]


async def _watch(component: Component, stop: asyncio.Event, crashed: list[Exception]) -> None:
    try:
        await component.run(stop)
        if not stop.is_set():
            crashed.append(ComponentCrashed(f"The {component.name} ended by itself."))
            log.error("component_ended", component=component.name)
    except PsaError as error:
        crashed.append(error)
        log.error("component_stopped", component=component.name, error=str(error))
    except Exception as error:
        crashed.append(ComponentCrashed(f"The {component.name} crashed: {error!r}."))
        log.exception("component_crashed", component=component.name)
    finally:
        stop.set()
