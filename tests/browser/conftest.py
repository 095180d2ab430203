from __future__ import annotations

from tests.services.chromium import chromium

__all__ = ["chromium"]
