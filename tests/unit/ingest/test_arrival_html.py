"""HTML of strangers is cleaned in bounded time and memory, or not at all: then the text is shown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.arrival import find_sanitised
from ingest.parsing.html_bounds import MAX_DEPTH, is_bounded

BOMBS = {
    "nested div": "<div>" * 200_000,
    "nested and closed": "<div>" * 200_000 + "</div>" * 200_000,
    "nested tables": "<table><tr><td>" * 50_000,
    "lists": "<ul><li>" * 100_000,
    "formatting left open": "".join(f"<font color=c{n}>" for n in range(5_000)) + "<p>x" * 20_000,
    "formatting torn apart": "".join(f"<div><font color=c{n}></div>" for n in range(5_000)) + "<p>x" * 20_000,
    "closed in a comment only": "<div><!--</div>-->" * 100_000,
    "closed in a style only": "<div><style></div></style>" * 100_000,
    "closed in a quote only": "<div><i title='</div>'></i>" * 100_000,
    "closed behind a table": "<div><table></div></table>" * 100_000,
    "closed by a span that closes nothing": "<span><div></span>" * 100_000,
    "closed by a form that closes nothing": "<form><div></form>" * 100_000,
    "closed by a nameless tag": "<div></ </div>" * 100_000,
    "attributes without end": "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x",
    "tags that are never closed": '<p>x</p><a href="' * 100_000,
    "items within items": "<li><dd>" * 100_000,
    "items behind a foreign element": "</svg>" + "</li><x><p><ruby><li>" * 50_000,
    "foreign elements": "<svg><g>" * 100_000,
}
HARMLESS = {
    "unclosed paragraphs": "<p>x" * 50_000,
    "unclosed cells": "<table>" + "<tr><td>x" * 50_000 + "</table>",
    "unclosed items": "<ul>" + "<li>x<dl><dt>y<dd>z</dl>" * 50_000 + "</ul>",
    "line breaks": "x<br>" * 100_000,
    "a huge attribute": '<p title="' + "x" * 4_000_000 + '">x</p>',
    "an inline image": '<img src="data:image/png;base64,' + "A" * 1_000_000 + '">',
    "a long newsletter": "<table><tr><td><div><b>x</b> <a href='https://x.example'>y</a></div></td></tr></table>" * 10_000,
    "conditional comments": "<!--[if mso]><table><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->" * 5_000,
    "text that is no tag": "a < b " * 200_000,
    "brackets": "<" * 500_000,
    "unclosed comments": "<!--" * 200_000,
}  # fmt: skip


def seconds(html: str) -> tuple[float, str | None]:
    started = time.process_time()
    cleaned = find_sanitised(html)
    return time.process_time() - started, cleaned


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS.keys())
def test_html_that_would_blow_up_a_parser_is_not_parsed(html: str) -> None:
    needed, cleaned = seconds(html)
    assert cleaned is None
    assert needed < 2


@pytest.mark.parametrize("html", HARMLESS.values(), ids=HARMLESS.keys())
def test_long_html_is_cleaned_in_line_with_its_length(html: str) -> None:
    needed, cleaned = seconds(html)
    assert cleaned is not None
    assert needed < 2


def test_scripts_and_remote_tricks_are_removed_and_inline_images_stay() -> None:
    html = '<p onclick="x()">Hallo <script>alert(1)</script><img src="cid:b@x"><a href="javascript:x()">y</a></p>'
    cleaned = find_sanitised(html)
    assert cleaned is not None
    assert '<img src="cid:b@x">' in cleaned
    assert not any(word in cleaned for word in ("script", "onclick", "alert"))


def test_elements_as_deep_as_the_limit_are_shown() -> None:
    assert is_bounded("<div>" * MAX_DEPTH + "x" + "</div>" * MAX_DEPTH)
    assert not is_bounded("<div>" * (MAX_DEPTH + 1))


NAMES = [
    "div",
    "span",
    "b",
    "font",
    "p",
    "li",
    "ul",
    "table",
    "td",
    "form",
    "select",
    "button",
    "h1",
    "object",
    "style",
    "svg",
]
TOKENS = (
    [f"<{name}>" for name in NAMES]
    + [f"</{name}>" for name in NAMES]
    + ["<font color={}>", "<!--", "-->", "x", "</", '"']
)


@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_what_passes_is_cleaned_fast_whatever_is_repeated(tokens: list[str]) -> None:
    html = "".join("".join(tokens).replace("{}", str(number)) for number in range(3_000))
    needed, cleaned = seconds(html)
    assert needed < 1
    assert len(cleaned or "") <= 100 * len(html)
