"""Attachments are checked by ClamAV where PSA_CLAMAV_HOST names a clamd.

The INSTREAM command of clamd(8): chunks with a four-byte length, an empty one at the end, one line of answer.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

CHUNK_BYTES = 64 * 1024
SCAN_SECONDS = 30.0
_FOUND = re.compile(rb"stream: (.{1,200}) FOUND")


@dataclass(frozen=True, slots=True)
class ClamAv:
    """A clamd on a TCP port."""

    host: str
    port: int

    async def find_reasons(self, files: Sequence[bytes]) -> tuple[str | None, ...]:
        """For each file why it is to be set aside, None for a clean one. A scanner that is away sets all aside."""
        return tuple([await self._find_reason(content) for content in files])

    async def _find_reason(self, content: bytes) -> str | None:
        try:
            async with asyncio.timeout(SCAN_SECONDS):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.warning("scanner_away", host=self.host, port=self.port, error=repr(error))
            return "not checked, the virus scanner is away"
        found = _FOUND.match(answer)
        if found is not None:
            return f"infected with {found[1].decode('utf-8', 'replace')}"
        if answer.startswith(b"stream: OK"):
            return None
        log.warning("scanner_refused", answer=answer.decode("utf-8", "replace"))
        return "not checked, the virus scanner refused it"

    async def _ask(self, content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK_BYTES):
                chunk = content[start : start + CHUNK_BYTES]
                writer.write(struct.pack("!L", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0"))[:-1]
        finally:
            writer.close()
