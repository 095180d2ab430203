"""Blobs in a local folder, durable against a power cut.

obstore's local store does not fsync, so writing is done here; everything else is obstore's.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from core.blobs.object_store import ObjectStoreBlobs, open_folder_store, path_of
from core.blobs.store import key_of
from core.errors import Unavailable
from core.ids import new_uuid

INCOMING = "incoming"
LEFT_OVER_SECONDS = 24 * 3600


class FolderBlobs(ObjectStoreBlobs):
    """A blob store in a folder. Puts that wait while another writes are written together by one thread.

    `aclose` it at the end.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(open_folder_store(folder))
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="blobs")
        self._waiting: list[tuple[Sequence[bytes], asyncio.Future[list[str]]]] = []
        self._writing: asyncio.Task[None] | None = None
        for name in (INCOMING, *(f"{number:02x}" for number in range(256))):
            (folder / name).mkdir(exist_ok=True)
        with _directory(folder) as opened:
            os.fsync(opened)
        self._sweep_left_overs()

    async def aclose(self) -> None:
        """Finish what is being written."""
        if self._writing:
            await self._writing
        self._thread.shutdown()

    async def put_many(self, contents: Sequence[bytes]) -> list[str]:
        if not contents:
            return []
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[str]] = loop.create_future()
        self._waiting.append((contents, done))
        if self._writing is None:
            self._writing = loop.create_task(self._write_waiting())
        return await done

    async def put(self, content: bytes) -> str:
        return (await self.put_many([content]))[0]

    async def delete_older(self, key: str, than: datetime) -> bool:
        return await asyncio.to_thread(self._delete_older, path_of(key), than.timestamp())

    async def _write_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            contents = [content for wanted, _ in batch for content in wanted]
            try:
                keys = iter(await loop.run_in_executor(self._thread, self._write, contents))
            except OSError as error:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(Unavailable(f"The blob folder cannot be written: {error.strerror}."))
                continue
            for wanted, done in batch:
                own = [next(keys) for _ in wanted]
                if not done.done():
                    done.set_result(own)
        self._writing = None

    def _write(self, contents: Sequence[bytes]) -> list[str]:
        """Write, fsync, rename, fsync the folders: a reader sees all of a blob or nothing, also after a power cut."""
        keys = [key_of(content) for content in contents]
        unique = dict(zip(keys, contents, strict=True))
        written: dict[str, Path] = {}
        try:
            for key, content in unique.items():
                written[key] = self._folder / INCOMING / new_uuid().hex
                _write_durably(written[key], content)
            with ExitStack() as stack:
                folders = [stack.enter_context(_directory(self._folder / name)) for name in {key[:2] for key in unique}]
                for opened in folders:
                    fcntl.flock(opened, fcntl.LOCK_SH)
                for key in unique:
                    written[key].rename(self._folder / path_of(key))
                for opened in folders:
                    os.fsync(opened)
        except OSError:
            for path in written.values():
                path.unlink(missing_ok=True)
            raise
        return keys

    def _delete_older(self, path: str, than: float) -> bool:
        # The lock keeps a put of the same content out from between the look and the deed.
        target = self._folder / path
        with _directory(target.parent) as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            try:
                if target.stat().st_mtime >= than:
                    return False
                target.unlink()
            except FileNotFoundError:
                return False
        return True

    def _sweep_left_overs(self) -> None:
        """Remove what a killed process had begun to write."""
        for entry in os.scandir(self._folder / INCOMING):
            if entry.stat().st_mtime < time.time() - LEFT_OVER_SECONDS:
                Path(entry.path).unlink(missing_ok=True)


def _write_durably(path: Path, content: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(opened, rest) :]
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield opened
    finally:
        os.close(opened)
