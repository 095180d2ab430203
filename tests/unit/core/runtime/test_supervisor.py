"""A stop drains all components; a crash is seen, stops the rest and is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.errors import Misconfigured
from core.runtime.supervisor import ComponentCrashed, supervise


class Scripted:
    """A component that does as it is told."""

    def __init__(self, name: str, script: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self.name = name
        self._script = script
        self.drained = False

    async def run(self, stop: asyncio.Event) -> None:
        await self._script(stop)
        self.drained = True


async def _until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(0)


async def _ends(stop: asyncio.Event) -> None:
    """Ends though nobody asked it to."""


async def _crashes(stop: asyncio.Event) -> None:
    raise ValueError("broken")


async def _is_misconfigured(stop: asyncio.Event) -> None:
    raise Misconfigured("The port is taken.")


async def _never_ends(stop: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def test_a_stop_lets_all_components_drain() -> None:
    stop = asyncio.Event()
    components = [Scripted("one", _until_stopped), Scripted("two", _until_stopped)]
    stop.set()
    await supervise(components, drain_seconds=5, stop=stop)
    assert all(component.drained for component in components)


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (_ends, ComponentCrashed, "ended by itself"),
        (_crashes, ComponentCrashed, "broken"),
        (_is_misconfigured, Misconfigured, "port is taken"),
    ],
)
async def test_one_that_fails_stops_the_rest_and_is_raised(
    script: Callable[[asyncio.Event], Awaitable[None]], error: type[Exception], words: str
) -> None:
    other = Scripted("other", _until_stopped)
    with pytest.raises(error, match=words):
        await supervise([Scripted("failing", script), other], drain_seconds=5)
    assert other.drained


async def test_one_that_does_not_drain_in_time_is_cut_off() -> None:
    stop = asyncio.Event()
    stop.set()
    stuck = Scripted("stuck", _never_ends)
    await supervise([stuck], drain_seconds=0.01, stop=stop)
    assert not stuck.drained
