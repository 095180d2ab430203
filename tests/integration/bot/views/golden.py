"""Golden files: what was drawn must be, character for character, what is in the repository."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import orjson

from bot.buttons import Buttons
from bot.render.adaptive import adaptive_card
from bot.render.blockkit import home, message, modal
from bot.render.html import html_card, mail_html
from bot.render.plain import plain_text
from bot.views.card import Card

FOLDER = Path(__file__).parents[3] / "golden" / "cards"
BUTTONS = Buttons(b"the key of the golden files")

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def renderings(card: Card, language: str) -> dict[str, str]:
    """The card as each renderer draws it, by the ending of the file."""
    slack = message(card, BUTTONS, language)
    drawn = {
        "adaptive.json": _json(adaptive_card(card, BUTTONS, language)),
        "slack.json": _json({"text": slack.text, "blocks": slack.blocks}),
        "html": f"{html_card(card, BUTTONS, language)}\n",
        "mail.html": f"{mail_html(card, language)}\n",
        "txt": plain_text(card),
    }
    if card.inputs:
        drawn["dialog.json"] = _json(adaptive_card(card, BUTTONS, language, in_dialog=True))
        drawn["modal.json"] = _json(modal(card, BUTTONS, language, private_metadata="C1"))
    return drawn


def home_rendering(card: Card, language: str) -> dict[str, str]:
    """The card as Slack's home."""
    return {"home.json": _json(home([card], BUTTONS, language))}


def differences(name: str, language: str, drawn: dict[str, str]) -> list[str]:
    """How the drawings differ from the files. With PSA_WRITE_GOLDEN=1 the files are written instead."""
    found = []
    for ending, text in drawn.items():
        path = FOLDER / f"{name}.{language}.{ending}"
        if os.environ.get("PSA_WRITE_GOLDEN") == "1":
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            continue
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        if known != text:
            found += list(difflib.unified_diff(known.splitlines(), text.splitlines(), path.name, "drawn", lineterm=""))
    return found


def _json(content: object) -> str:
    return orjson.dumps(content, option=_PRETTY).decode()
