"""Orphans are collected, nothing else is."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.actor import SYSTEM
from core.blobs.folder import FolderBlobs
from core.blobs.orphans import collect_orphans
from core.database.engine import Database
from core.errors import Unavailable
from core.ids import new_uuid
from core.mail.model import MailChannel, raw_mails

GRACE = timedelta(hours=24)


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[FolderBlobs]:
    opened = FolderBlobs(tmp_path)
    yield opened
    await opened.aclose()


def make_old(folder: Path, key: str) -> None:
    old = time.time() - 2 * GRACE.total_seconds()
    os.utime(folder / key[:2] / key, (old, old))


async def test_old_blobs_that_no_row_refers_to_are_deleted(
    database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    referred, orphan, young, put_again = await blobs.put_many([b"referred", b"orphan", b"young", b"put again"])
    async with database.begin(SYSTEM) as work:
        work.insert(
            raw_mails,
            {
                "id": new_uuid(),
                "sha256": referred,
                "size_bytes": 8,
                "channel": MailChannel.PIPE.value,
                "received_at": work.now,
            },
        )
    for key in (referred, orphan, put_again):
        make_old(tmp_path, key)
    await blobs.put(b"put again")
    assert await collect_orphans(database, blobs, grace=GRACE) == 1
    assert [await blobs.exists(key) for key in (referred, orphan, young, put_again)] == [True, False, True, True]


async def test_what_a_killed_process_had_begun_to_write_is_no_blob_and_goes_away(tmp_path: Path) -> None:
    first = FolderBlobs(tmp_path)
    half = tmp_path / "incoming" / "half"
    half.write_bytes(b"half a bl")
    os.utime(half, (0, 0))
    assert [batch async for batch in first.list_older(datetime.now(UTC))] == []
    await first.aclose()
    await FolderBlobs(tmp_path).aclose()
    assert not half.exists()


async def test_a_folder_that_cannot_be_written_is_unavailable_and_works_again_after(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "incoming").rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        await blobs.put(b"lost?")
    (tmp_path / "away").rename(tmp_path / "incoming")
    assert await blobs.get(await blobs.put(b"lost?")) == b"lost?"
    await blobs.aclose()
