"""What a blob store promises, whatever keeps the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


def key_of(content: bytes) -> str:
    """The key under which this content is kept: 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenBlob:
    """A blob on its way out: its size, and its bytes in chunks to be read once."""

    size_bytes: int
    chunks: AsyncIterator[bytes]


class BlobStore(Protocol):
    """Content-addressed bytes. All methods raise Unavailable where the store is away."""

    async def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Keep the contents and return their keys in the same order.

        They are durable when this returns, so a transaction that refers to them may commit. Content that is there
        already is as young as if it were new.
        """
        ...

    async def put(self, content: bytes) -> str:
        """`put_many` of one."""
        ...

    async def get(self, key: str) -> bytes:
        """The content; raises NotFound."""
        ...

    async def open(self, key: str) -> OpenBlob:
        """The content piece by piece, for downloads; raises NotFound before the first byte."""
        ...

    async def exists(self, key: str) -> bool: ...

    async def delete(self, key: str) -> None:
        """Remove it; a key that is not there is fine."""
        ...

    async def delete_older(self, key: str, than: datetime) -> bool:
        """Remove it unless it was put at or after `than`; says whether it was removed."""
        ...

    def list_older(self, than: datetime) -> AsyncIterator[list[str]]:
        """The keys of all blobs last put before `than`, in batches of at most 500."""
        ...
