"""What every blob store must do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.blobs.folder import FolderBlobs
from core.blobs.object_store import ObjectStoreBlobs
from core.blobs.store import BlobStore
from core.errors import NotFound

ABSENT = "0" * 64
FUTURE = datetime.now(UTC) + timedelta(hours=1)
PAST = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(params=["folder", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BlobStore]:
    if request.param == "s3":
        yield ObjectStoreBlobs(request.getfixturevalue("s3_bucket"))
        return
    opened = FolderBlobs(tmp_path / "blobs")
    yield opened
    await opened.aclose()


async def test_contents_are_kept_under_their_sha256_in_the_order_given(blobs: BlobStore) -> None:
    contents = [b"one", b"", b"\x00\xff" * 300_000, b"one"]
    keys = await blobs.put_many(contents)
    assert keys == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [await blobs.get(key) for key in keys] == contents


async def test_a_large_blob_streams_in_chunks(blobs: BlobStore) -> None:
    content = bytes(range(256)) * 8192
    opened = await blobs.open(await blobs.put(content))
    chunks = [chunk async for chunk in opened.chunks]
    assert opened.size_bytes == len(content)
    assert b"".join(chunks) == content
    assert len(chunks) > 1


@pytest.mark.parametrize("key", [ABSENT, "../../etc/passwd", "", "no key"])
async def test_what_is_not_there_is_not_found(blobs: BlobStore, key: str) -> None:
    with pytest.raises(NotFound):
        await blobs.get(key)
    with pytest.raises(NotFound):
        await blobs.open(key)
    assert not await blobs.exists(key)


async def test_deleting_twice_is_fine(blobs: BlobStore) -> None:
    key = await blobs.put(b"short-lived")
    assert await blobs.exists(key)
    await blobs.delete(key)
    await blobs.delete(key)
    assert not await blobs.exists(key)


async def test_only_older_blobs_are_listed_and_deleted(blobs: BlobStore) -> None:
    keys = await blobs.put_many([b"a", b"b", b"c"])
    assert [key async for batch in blobs.list_older(PAST) for key in batch] == []
    assert sorted([key async for batch in blobs.list_older(FUTURE) for key in batch]) == sorted(keys)
    assert not await blobs.delete_older(keys[0], PAST)
    assert await blobs.delete_older(keys[0], FUTURE)
    assert not await blobs.delete_older(keys[0], FUTURE)


async def test_many_may_put_the_same_content_at_once(blobs: BlobStore) -> None:
    puts = await asyncio.gather(*(blobs.put_many([b"same", f"own {number}".encode()]) for number in range(40)))
    assert len({same for same, _ in puts}) == 1
    assert len({own for _, own in puts}) == 40
    assert await blobs.get(puts[0][0]) == b"same"
