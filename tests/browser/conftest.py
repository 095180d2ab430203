from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.product import Product, running_product
from tests.services.chromium import chromium
from tests.services.folders import open_folder

__all__ = ["chromium"]


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """The running product, for all tests of a file."""
    with open_folder() as folder, running_product(folder) as started:
        yield started
