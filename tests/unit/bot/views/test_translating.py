"""What the product says in English is told in German, with its values; nothing that chat can run into is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.views.german import GERMAN
from bot.views.translating import in_language

ROOT = Path(__file__).parents[4]
# Their errors and findings reach people in chat.
SPEAKERS = (
    *sorted((ROOT / "core" / "tickets").glob("*.py")),
    *sorted((ROOT / "core" / "chat").glob("*.py")),
    ROOT / "core" / "mail" / "quarantine.py",
    ROOT / "core" / "database" / "engine.py",
    ROOT / "core" / "actor.py",
    *sorted((ROOT / "ingest" / "deciding").glob("*.py")),
)
_ERRORS = frozenset(
    {"InvalidInput", "Conflict", "PermissionDenied", "LimitExceeded", "Unavailable", "NotAuthenticated"}
)
# The API alone says these.
_ELSEWHERE = ("Idempotency-Key",)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("This reply was sent already.", "Diese Antwort ist schon gesendet."),
        ("There is no ticket 4711.", "Ticket 4711 gibt es nicht."),
        (
            "A ticket that is closed cannot become resolved; possible: assigned, in_progress.",
            "Aus „geschlossen“ kann das nicht werden; möglich: zugewiesen, in Arbeit.",
        ),
        (
            "[#42] in the subject leads to #42, merged into #43.",
            "[#42] im Betreff führt zu #42, aufgegangen in #43.",
        ),
        ("Something nobody has said before.", "Something nobody has said before."),
    ],
)
def test_sentences_are_told_in_german(english: str, german: str) -> None:
    assert in_language(english, "de") == german
    assert in_language(english, "en") == english


def test_every_sentence_has_the_values_of_its_translation() -> None:
    for english, german in GERMAN.items():
        assert _holes(german) <= _holes(english), english


def test_everything_that_chat_can_run_into_is_translated() -> None:
    said = [sentence for path in SPEAKERS for sentence in _sentences(path)]
    assert len(said) > 40
    assert [sentence for sentence in said if in_language(sentence, "de") == sentence] == []


def _holes(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


def _sentences(path: Path) -> Iterator[str]:
    """What the module's errors and findings say, with `7` for each value."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        said = node.args[1] if node.func.id == "Finding" and len(node.args) == 2 else node.args[0]
        if node.func.id in _ERRORS or node.func.id == "Finding":
            for sentence in _texts(said):
                if not any(each in sentence for each in _ELSEWHERE):
                    yield sentence


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        case ast.IfExp():
            yield from _texts(node.body)
            yield from _texts(node.orelse)
