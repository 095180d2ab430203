"""The golden cards themselves are what the platforms take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.unit.bot.render.slack_limits import markup_in, problems_of_message, problems_of_view
from tests.unit.bot.render.teams_types import problems_of_card

GOLDEN = Path(__file__).parents[3] / "golden" / "cards"


def _files(*endings: str) -> list[Path]:
    return sorted(path for ending in endings for path in GOLDEN.glob(f"*.{ending}"))


def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


@pytest.mark.parametrize("path", _files("adaptive.json", "dialog.json"), ids=lambda path: path.name)
def test_an_adaptive_card_loads_into_the_typed_models_without_loss(path: Path) -> None:
    card = _read(path)
    assert card["version"] == "1.5"
    assert problems_of_card(card) == []


@pytest.mark.parametrize("path", _files("slack.json"), ids=lambda path: path.name)
def test_a_message_is_one_that_slack_takes(path: Path) -> None:
    content = _read(path)
    assert problems_of_message(content) == []
    assert markup_in(content["blocks"]) == []


@pytest.mark.parametrize("path", _files("modal.json", "home.json"), ids=lambda path: path.name)
def test_a_view_is_one_that_slack_takes(path: Path) -> None:
    view = _read(path)
    assert problems_of_view(view) == []
    assert markup_in(view["blocks"]) == []
