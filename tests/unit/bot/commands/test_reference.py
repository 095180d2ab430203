"""The command reference says what the specification says."""

from __future__ import annotations

import os
from pathlib import Path

from bot.commands.catalogue import COMMANDS
from bot.commands.documenting import command_reference

PAGE = Path(__file__).parents[4] / "bot" / "COMMANDS.md"


def test_the_page_is_the_specifications_own() -> None:
    """`PSA_WRITE_GOLDEN=1` writes it anew."""
    page = command_reference(COMMANDS)
    if os.environ.get("PSA_WRITE_GOLDEN") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
