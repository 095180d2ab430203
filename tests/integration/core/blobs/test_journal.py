"""What was put is there after a power cut, though its own file was not synced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.blobs.folder import JOURNAL, FolderBlobs
from core.blobs.store import key_of

_PUT_AND_DIE = """
import asyncio, os, pathlib, sys
from core.blobs.folder import FolderBlobs
async def main():
    blobs = FolderBlobs(pathlib.Path(sys.argv[1]))
    await blobs.put_many([b"first", b"second"])
    os._exit(9)
asyncio.run(main())
"""


def put_and_die(folder: Path) -> None:
    """A process that puts two blobs and is killed."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", _PUT_AND_DIE, str(folder)], check=False)
    assert done.returncode == 9


def place(folder: Path, content: bytes) -> Path:
    key = key_of(content)
    return folder / key[:2] / key


async def test_blobs_whose_files_a_power_cut_took_come_back_from_the_journal(tmp_path: Path) -> None:
    put_and_die(tmp_path / "blobs")
    place(tmp_path / "blobs", b"first").unlink()
    place(tmp_path / "blobs", b"second").write_bytes(b"")
    blobs = FolderBlobs(tmp_path / "blobs")
    assert await blobs.get(key_of(b"first")) == b"first"
    assert await blobs.get(key_of(b"second")) == b"second"
    await blobs.aclose()
    assert list((tmp_path / "blobs" / JOURNAL).iterdir()) == []


async def test_a_record_that_was_cut_off_is_not_taken_for_a_blob(tmp_path: Path) -> None:
    put_and_die(tmp_path / "blobs")
    (segment,) = (tmp_path / "blobs" / JOURNAL).iterdir()
    segment.write_bytes(segment.read_bytes()[:-3])
    for content in (b"first", b"second"):
        place(tmp_path / "blobs", content).unlink()
    blobs = FolderBlobs(tmp_path / "blobs")
    assert await blobs.get(key_of(b"first")) == b"first"
    assert not await blobs.exists(key_of(b"second"))
    await blobs.aclose()


async def test_the_journal_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    living = FolderBlobs(tmp_path / "blobs")
    await living.put(b"mine")
    other = FolderBlobs(tmp_path / "blobs")
    await other.aclose()
    assert len(list((tmp_path / "blobs" / JOURNAL).iterdir())) == 1
    await living.aclose()
    assert list((tmp_path / "blobs" / JOURNAL).iterdir()) == []
