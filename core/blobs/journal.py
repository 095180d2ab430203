"""A journal of blobs: many small writes made durable by one fsync (infra/decisions/0005).

Puts that come together are appended to one file and synced once; the blobs' own files are written without. A segment is
dropped once what it holds is durable in its own place; segments of processes that died are read back by the next one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.blobs.store import key_of
from core.ids import new_uuid

SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_BLOBS = 2000
_KEY_CHARACTERS = 64
_LENGTH_CHARACTERS = 12
_HEAD_BYTES = _KEY_CHARACTERS + 1 + _LENGTH_CHARACTERS + 1


class Segment:
    """A journal file of this process, locked as long as it is open. Not for use by several threads at once."""

    def __init__(self, folder: Path, draft: Path) -> None:
        """`draft` is a free name on the same file system: the segment appears in `folder` locked already."""
        self.path = folder / new_uuid().hex
        self.keys: list[str] = []
        self._bytes = 0
        self._file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        draft.rename(self.path)
        sync_directory(folder)

    @property
    def is_full(self) -> bool:
        return self._bytes >= SEGMENT_BYTES or len(self.keys) >= SEGMENT_BLOBS

    def append(self, blobs: Mapping[str, bytes]) -> None:
        """Make the blobs durable; returns when they are."""
        record = b"".join(
            part for key, content in blobs.items() for part in (b"%s %012d\n" % (key.encode(), len(content)), content)
        )
        rest = memoryview(record)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)
        self.keys.extend(blobs)
        self._bytes += len(record)

    def drop(self) -> None:
        """Forget it: all its blobs are durable in their own places."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)


def left_behind(folder: Path) -> Iterator[tuple[Path, Sequence[tuple[str, bytes]]]]:
    """The segments of processes that died, with their blobs. Each is locked until the next is asked for.

    A record that was cut off, or whose bytes are not what its key says, was never acknowledged; nothing follows it.
    """
    for path in sorted(folder.iterdir()):
        try:
            opened = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its process lives
            yield path, list(_records(path.read_bytes()))
        finally:
            os.close(opened)


def _records(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + _HEAD_BYTES <= len(data):
        head = data[at : at + _HEAD_BYTES]
        length = head[_KEY_CHARACTERS + 1 : -1]
        if not length.isdigit():
            return
        content = data[at + _HEAD_BYTES : at + _HEAD_BYTES + int(length)]
        key = head[:_KEY_CHARACTERS].decode("ascii", "replace")
        if key_of(content) != key:
            return
        yield key, content
        at += _HEAD_BYTES + int(length)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
