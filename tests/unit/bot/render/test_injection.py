"""What customers write is text and nothing else: no markup, mention, link or command, on any surface."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import orjson
import pytest

from bot.buttons import Buttons
from bot.render.adaptive import adaptive_card
from bot.render.blockkit import message, modal
from bot.render.html import html_card, mail_html
from bot.render.plain import plain_text
from bot.views.card import (
    Action,
    Bar,
    Card,
    Chart,
    ChoiceInput,
    Fact,
    Facts,
    FlagInput,
    Image,
    Link,
    LookupInput,
    LookupSource,
    Option,
    Progress,
    Row,
    Table,
    Text,
    TextInput,
    TextStyle,
)
from tests.unit.bot.render.slack_limits import markup_in

BUTTONS = Buttons(b"a key for these tests alone")
URL = "https://desk.example/console/tickets/1001"

HOSTILE = (
    "<!channel> <!everyone> <!here> <@U024BE7LH> <#C024BE7LR|general>",
    "<https://evil.example|Click> https://evil.example/x",
    "@everyone @channel @here",
    "*bold* _italic_ ~strike~ `code` ```block``` > quote",
    "**bold** [Click](https://evil.example) ![x](https://evil.example/i.png) # heading",
    "<at>Toni Leitner</at> <at id='0'>all</at>",
    "{{DATE(2026-11-24T00:00:00Z,SHORT)}} {{TIME(2026-11-24T00:00:00Z)}} {{{DATE(x)}}}",
    "${$root.secret} ${if(true,'a','b')} $${x}",
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>",
    "\"><script>alert(1)</script> ' onmouseover='alert(1)",
    "</textarea></title></style><style>*{display:none}</style>",
    "javascript:alert(1) data:text/html,<script>alert(1)</script>",
    "&lt;script&gt; &amp;amp; &#60;b&#62;",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "a\x00b\x07c\x1bd\x85e\u2028f\ufeffg\ud800h",
    "\U000e0041\U000e0042 invisible",
    ":tada: :skull_and_crossbones:",
    "/psa close 1001\n/invite @evil\n=cmd|'/c calc'!A1",
    "%s %(name)s {0} {name} {{",
)

_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\U000e0000-\U000e0fff\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def hostile_card(text: str) -> Card:
    """The text in every place of a card that takes one; what leads somewhere leads nowhere else."""
    action = Action(label=text, command="show", arguments={"ticket": "1001"}, confirm=text)
    return Card(
        heading=text,
        summary=text,
        note=text,
        url=URL,
        elements=(
            *(Text(text=text, style=style) for style in TextStyle),
            Facts(facts=(Fact(label=text, value=text),)),
            Progress(label=text, share=0.5, text=text),
            Table(columns=(text, text), rows=(Row(cells=(text, text), action=action, url=URL),)),
            Table(columns=(text, text), rows=(Row(cells=(text, text)),)),
            Chart(title=text, bars=(Bar(label=text, value=1, text=text),)),
            Image(url="https://desk.example/a.png", alt=text),
            TextInput(name="line", label=text, value=text, hint=text),
            TextInput(name="lines", label=text, value=text, hint=text, is_multiline=True),
            ChoiceInput(name="choice", label=text, options=(Option(value="a", label=text),), value="a"),
            LookupInput(
                name="lookup", label=text, source=LookupSource.TICKETS, chosen=Option(value="1001", label=text)
            ),
            FlagInput(name="flag", label=text),
        ),
        actions=(
            action,
            action.model_copy(update={"is_more": True, "confirm": None}),
            action.model_copy(update={"is_more": True, "confirm": None, "arguments": {"ticket": "1002"}}),
            Link(label=text, url=URL),
        ),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_slack_reads_no_markup(text: str) -> None:
    drawn = message(hostile_card(text), BUTTONS, "de")
    view = modal(hostile_card(text), BUTTONS, "de")
    for blocks in (drawn.blocks, view["blocks"]):
        assert markup_in(blocks) == []
        assert {run["type"] for run in _parts(blocks, "type") if run["type"] in _SLACK_RUNS} <= {"text", "link"}
        assert not any(part["emoji"] for part in _parts(blocks, "emoji"))
        assert {part["url"] for part in _parts(blocks, "url")} <= {URL}
    assert "<" not in drawn.text
    assert ">" not in drawn.text
    _check_unseen(orjson.dumps([drawn.text, drawn.blocks, view]).decode())


_SLACK_RUNS = {"text", "link", "user", "usergroup", "channel", "broadcast", "emoji", "team", "date"}


@pytest.mark.parametrize("text", HOSTILE)
def test_teams_reads_no_markdown_template_or_mention(text: str) -> None:
    card = adaptive_card(hostile_card(text), BUTTONS, "de")
    types = {part["type"] for part in _parts(card, "type")}
    assert not types & {"TextBlock", "FactSet"}, "these know Markdown"
    assert "entities" not in card["msteams"]
    shown = [value for part in _parts(card, "type") for key, value in part.items() if key in _SHOWN]
    shown += [inline for part in _parts(card, "inlines") for inline in part["inlines"] if isinstance(inline, str)]
    assert not [each for each in shown if isinstance(each, str) and ("{{" in each or "${" in each)]
    assert {part["url"] for part in _parts(card, "url")} <= {URL, "https://desk.example/a.png"}
    _check_unseen(orjson.dumps(card).decode())


_SHOWN = {"text", "title", "label", "placeholder", "altText", "fallbackText", "errorMessage"}


class _Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action")}


@pytest.mark.parametrize("text", HOSTILE)
def test_html_is_escaped(text: str) -> None:
    console, mail = str(html_card(hostile_card(text), BUTTONS, "de")), mail_html(hostile_card(text), "de")
    plain = hostile_card("two\nlines")
    for drawn, harmless in (
        (console, str(html_card(plain, BUTTONS, "de"))),
        (mail, mail_html(plain, "de")),
    ):
        seen, known = _Tags(), _Tags()
        seen.feed(drawn)
        known.feed(harmless)
        assert seen.tags <= known.tags
        assert seen.attributes <= known.attributes
        assert seen.addresses == known.addresses
        _check_unseen(drawn)
    assert "style" not in _attributes(console)
    assert not [name for name in _attributes(console) if name.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_has_nothing_unseen(text: str) -> None:
    _check_unseen(plain_text(hostile_card(text)))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/console",
        'https://desk.example/"><script>',
        "https://desk.example/\nx",
        "https://desk.example/a|b",
    ],
)
def test_addresses_that_are_no_pages_are_not_linked(url: str) -> None:
    card = Card(
        heading="H",
        summary="S",
        url=url,
        elements=(
            Table(columns=("a",), rows=(Row(cells=("x",), url=url),)),
            Text(text="t"),
            Image(url=url, alt="an image"),
        ),
        actions=(Link(label="L", url=url),),
    )
    drawn = [orjson.dumps(message(card, BUTTONS, "de").blocks).decode()]
    drawn += [orjson.dumps(adaptive_card(card, BUTTONS, "de")).decode()]
    drawn += [str(html_card(card, BUTTONS, "de")), mail_html(card, "de")]
    assert not [each for each in drawn if "alert(1)" in each or "evil" in each or "script" in each]
    assert not [each for each in drawn if 'href="' in each or "OpenUrl" in each or '"url"' in each]


def _attributes(drawn: str) -> set[str]:
    seen = _Tags()
    seen.feed(drawn)
    return seen.attributes


def _check_unseen(drawn: str) -> None:
    assert not _DIRECTIONS.search(drawn)
    assert not _CONTROLS.search(drawn)


def _parts(part: Any, key: str) -> list[dict[str, Any]]:
    """Every object that has this key, however deep."""
    if isinstance(part, dict):
        return ([part] if key in part else []) + [each for value in part.values() for each in _parts(value, key)]
    return [each for value in part for each in _parts(value, key)] if isinstance(part, list) else []
