"""Folders that other users of the machine may enter, as the embedded PostgreSQL does when root runs the tests.

pytest closes its own temporary folders to others again whenever another session of it starts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def open_folder() -> Iterator[Path]:
    """A fresh folder, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="psa-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for the data of a server."""
    with open_folder() as folder:
        yield folder
