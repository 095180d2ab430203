"""What the tests of mail out share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.blobs.folder import FolderBlobs


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[FolderBlobs]:
    opened = FolderBlobs(tmp_path / "blobs")
    yield opened
    await opened.aclose()
