"""Opens the blob store that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.blobs.folder import FolderBlobs
from core.blobs.object_store import open_bucket
from core.blobs.store import BlobStore
from core.settings import Settings


@asynccontextmanager
async def open_blob_store(settings: Settings) -> AsyncIterator[BlobStore]:
    """The bucket of PSA_BLOB_URL, or the folder `blobs` in the data directory. Raises Misconfigured."""
    if settings.blob_url:
        yield open_bucket(settings.blob_url)
        return
    blobs = FolderBlobs(settings.data_dir.resolve() / "blobs")
    try:
        yield blobs
    finally:
        await blobs.aclose()
