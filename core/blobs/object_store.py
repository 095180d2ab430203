"""Blobs in an S3-compatible bucket, or anything else that obstore speaks to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from core.blobs.store import OpenBlob, key_of
from core.errors import Misconfigured, NotFound, Unavailable

LIST_BATCH = 500
STREAM_CHUNK_BYTES = 256 * 1024
PARALLEL_PUTS = 16
_PATH = re.compile(r"(?:[0-9a-f]{2}/)([0-9a-f]{64})")


def path_of(key: str) -> str:
    """Where a blob lies: in one of 256 folders, so that none grows too large. Raises NotFound if it is no key."""
    path = f"{key[:2]}/{key}"
    if not _PATH.fullmatch(path):
        raise NotFound("blob", key)
    return path


class ObjectStoreBlobs:
    """A blob store on an object store whose puts are atomic and durable, as S3's are."""

    def __init__(self, store: S3Store | LocalStore) -> None:
        self._store = store
        self._puts = asyncio.Semaphore(PARALLEL_PUTS)

    async def put_many(self, contents: Sequence[bytes]) -> list[str]:
        return list(await asyncio.gather(*(self.put(content) for content in contents)))

    async def put(self, content: bytes) -> str:
        key = key_of(content)
        with _translated(key):
            async with self._puts:
                await obstore.put_async(self._store, path_of(key), content)
        return key

    async def get(self, key: str) -> bytes:
        with _translated(key):
            found = await obstore.get_async(self._store, path_of(key))
            return bytes(await found.bytes_async())

    async def open(self, key: str) -> OpenBlob:
        with _translated(key):
            found = await obstore.get_async(self._store, path_of(key))
        return OpenBlob(found.meta["size"], _chunks(key, found))

    async def exists(self, key: str) -> bool:
        return await self._find_put_at(key) is not None

    async def delete(self, key: str) -> None:
        try:
            with _translated(key):
                await obstore.delete_async(self._store, path_of(key))
        except NotFound:
            return

    async def delete_older(self, key: str, than: datetime) -> bool:
        # S3 has no conditional delete: the age is read again as late as possible.
        put_at = await self._find_put_at(key)
        if put_at is None or put_at >= than:
            return False
        await self.delete(key)
        return True

    async def list_older(self, than: datetime) -> AsyncIterator[list[str]]:
        with _translated("*"):
            async for batch in obstore.list(self._store, chunk_size=LIST_BATCH):
                paths = (_PATH.fullmatch(meta["path"]) for meta in batch if meta["last_modified"] < than)
                keys = [path.group(1) for path in paths if path]
                if keys:
                    yield keys

    async def _find_put_at(self, key: str) -> datetime | None:
        try:
            with _translated(key):
                return (await obstore.head_async(self._store, path_of(key)))["last_modified"]
        except NotFound:
            return None


def open_bucket(url: str) -> ObjectStoreBlobs:
    """The store at `s3://bucket/prefix`; credentials, region and endpoint come from the usual `AWS_*` variables.

    A plain-HTTP `AWS_ENDPOINT_URL` needs `AWS_ALLOW_HTTP=true`.
    """
    if not url.startswith("s3://"):
        raise Misconfigured(f"PSA_BLOB_URL must start with s3://, not {url.partition(':')[0]}:.")
    try:
        return ObjectStoreBlobs(S3Store.from_url(url))
    except (BaseError, ValueError) as error:
        raise Misconfigured(f"PSA_BLOB_URL: {error}") from error


def open_folder_store(folder: Path) -> LocalStore:
    """obstore's view of a folder, which is made if need be."""
    return LocalStore(folder, mkdir=True)


async def _chunks(key: str, found: obstore.GetResult) -> AsyncIterator[bytes]:
    with _translated(key):
        async for chunk in found.stream(min_chunk_size=STREAM_CHUNK_BYTES):
            yield bytes(chunk)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise NotFound("blob", key) from error
    except (BaseError, OSError) as error:
        raise Unavailable("The blob store is away.") from error
