"""Each view, in each language, by each renderer, is what its golden file says (PSA_WRITE_GOLDEN=1 writes them)."""

from __future__ import annotations

import pytest

from bot.views.living import Views
from tests.integration.bot.views.cards import LANGUAGES, golden_cards
from tests.integration.bot.views.golden import FOLDER, differences, home_rendering, renderings
from tests.integration.bot.views.showcase import Showcase


@pytest.mark.parametrize("language", LANGUAGES)
async def test_cards_are_drawn_as_their_golden_files_say(showcase: Showcase, views: Views, language: str) -> None:
    cards = await golden_cards(showcase, views, language)
    found = []
    for name, card in cards.items():
        found += differences(name, language, renderings(card, language))
    found += differences("my_day", language, home_rendering(cards["my_day"], language))
    assert not found, "\n".join(found)


async def test_no_golden_file_is_left_over(showcase: Showcase, views: Views) -> None:
    expected = set()
    for language in LANGUAGES:
        cards = await golden_cards(showcase, views, language)
        expected |= {f"{name}.{language}.{end}" for name, card in cards.items() for end in renderings(card, language)}
        expected |= {f"my_day.{language}.home.json"}
    assert {path.name for path in FOLDER.iterdir()} == expected
