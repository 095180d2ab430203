"""What our mails say, in the reader's language."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Final

LANGUAGES: Final = ("de", "en")


def language_of(wanted: str | None, default: str) -> str:
    """The language to write in: `wanted` (`de`, `en-GB`, …) if there are texts in it, else `default`."""
    spoken = (wanted or "").lower().replace("_", "-").partition("-")[0]
    return spoken if spoken in LANGUAGES else default


def wording(name: str, language: str, **values: object) -> str:
    """The text `name` in that language, with its values. Values are put in as they are, never read as text again."""
    text = files("notifier.templates").joinpath(f"{name}.{language}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)
