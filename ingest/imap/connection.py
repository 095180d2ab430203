"""An IMAP session in a thread of its own: a slow server holds up nobody but its own mailbox."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ingest.imap.client import ImapSession, Server

_T = TypeVar("_T")


class ImapConnection:
    """Runs the calls of one session one after the other in its thread.

    `aclose` always: it ends the thread. A call that is cancelled cuts the connection, so that its thread ends soon.
    """

    def __init__(self, server: Server, ssl_context: ssl.SSLContext) -> None:
        self._server = server
        self._ssl_context = ssl_context
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"imap-{server.host}")
        self._session: ImapSession | None = None
        self._is_cut = False

    async def connect(self) -> None:
        await self._in_thread(self._connect)

    async def call(self, ask: Callable[[ImapSession], _T]) -> _T:
        """What `ask` answers when it is given the session, in its thread."""
        session = self._session
        if session is None:
            raise RuntimeError("call before connect")
        return await self._in_thread(lambda: ask(session))

    async def wait_for_change(self, timeout_seconds: float, stop: asyncio.Event) -> None:
        """IDLE until the server tells something, `stop` is set, or the time is over."""
        waiting = asyncio.create_task(self.call(lambda session: session.wait_for_change(timeout_seconds)))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done() and self._session is not None:
                self._session.wake()
            await waiting
        finally:
            stopping.cancel()
            waiting.cancel()

    async def aclose(self) -> None:
        """Log out and end the thread; does not wait for a thread that hangs, its time limits end it."""
        if self._session is not None:
            # Behind whatever the thread still does; that is brief, or has been cut short.
            self._thread.submit(self._session.close)
        self._thread.shutdown(wait=False)

    def _connect(self) -> None:
        session = ImapSession(self._server, self._ssl_context)
        self._session = session
        if self._is_cut:
            session.close()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except asyncio.CancelledError:
            self._is_cut = True
            if self._session is not None:
                self._session.abort()
            raise
