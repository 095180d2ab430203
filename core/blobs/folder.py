"""Blobs in a local folder, durable against a power cut.

obstore's local store does not fsync, so writing is done here, through a journal; everything else is obstore's.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

from core.blobs.journal import Segment, left_behind, sync_directory
from core.blobs.object_store import ObjectStoreBlobs, open_folder_store, path_of
from core.blobs.store import key_of
from core.errors import Unavailable
from core.ids import new_uuid

INCOMING = "incoming"
JOURNAL = "journal"
MOST_SYNCED_SINGLY = 64
"""A larger segment is settled by one sync of the whole machine, in the background, instead of one a file."""

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
        for name in (INCOMING, JOURNAL, *(f"{number:02x}" for number in range(256))):
            (folder / name).mkdir(exist_ok=True)
        sync_directory(folder)
        self._segment: Segment | None = None
        self._settling = ThreadPoolExecutor(1, thread_name_prefix="blobs-settling")
        self._incoming = f"{folder / INCOMING}/{new_uuid().hex}-"
        self._drafts = count()
        self._sweep_left_overs()
        self._recover()

    async def aclose(self) -> None:
        """Finish what is being written."""
        if self._writing:
            await self._writing
        self._thread.shutdown()
        if self._segment is not None:
            self._settling.submit(self._settle, self._segment)
        self._settling.shutdown()

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
        """Journal all with one fsync, then put each in its place: a reader sees all of a blob or nothing."""
        keys = [key_of(content) for content in contents]
        unique = dict(zip(keys, contents, strict=True))
        if self._segment is None or self._segment.is_full:
            full, self._segment = (
                self._segment,
                Segment(self._folder / JOURNAL, Path(f"{self._incoming}{next(self._drafts)}")),
            )
            if full is not None:
                self._settling.submit(self._settle, full)
        self._segment.append(unique)
        self._place(unique)
        return keys

    def _place(self, blobs: Mapping[str, bytes]) -> None:
        """Write the blobs' own files, not synced. Locked, so that the collector stays out."""
        for key, content in blobs.items():
            draft = f"{self._incoming}{next(self._drafts)}"
            target = self._folder / path_of(key)
            try:
                _write(draft, content)
                with _directory(target.parent) as opened:
                    fcntl.flock(opened, fcntl.LOCK_SH)
                    Path(draft).rename(target)
            except OSError:
                Path(draft).unlink(missing_ok=True)
                raise

    def _settle(self, segment: Segment) -> None:
        """Make a segment's blobs durable where they lie, then drop it. Who fails leaves it to the next start."""
        self._sync(segment.keys)
        segment.drop()

    def _sync(self, keys: Sequence[str]) -> None:
        if len(keys) > MOST_SYNCED_SINGLY:
            os.sync()
            return
        for key in keys:
            try:
                opened = os.open(self._folder / path_of(key), os.O_RDONLY)
            except FileNotFoundError:
                continue  # collected meanwhile
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
        for name in {key[:2] for key in keys}:
            sync_directory(self._folder / name)

    def _recover(self) -> None:
        """Put in place what processes that died had only in their journals."""
        for path, blobs in left_behind(self._folder / JOURNAL):
            self._place(dict(blobs))
            self._sync([key for key, _ in blobs])
            path.unlink(missing_ok=True)

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


def _write(path: str, content: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(opened, rest) :]
    finally:
        os.close(opened)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield opened
    finally:
        os.close(opened)
