"""Text for people, in each language that the product speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LANGUAGES: Final = ("de", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """The same in German and in English. Values are put in by `{name}`, as they are."""

    de: str
    en: str

    def in_(self, language: str, **values: object) -> str:
        """The text in `language` (`de`, `en`)."""
        text = self.en if language == "en" else self.de
        return text.format(**values) if values else text
