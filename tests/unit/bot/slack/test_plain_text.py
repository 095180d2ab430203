from __future__ import annotations

import pytest

from bot.slack.plain_text import mentioned, plain_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@U0DESK> show #42", "show #42"),
        ("show #42 <@U0DESK>", "show #42"),
        ("assign #42 <@U0ANNA>", "assign #42 @Anna Huber"),
        ("assign #42 <@U0ANNA|anna.huber>", "assign #42 @anna.huber"),
        ("ask <@U0OTHER>", "ask @U0OTHER"),
        ("in <#C0TRIAGE|triage>", "in #triage"),
        ("in <#C0TRIAGE>", "in #C0TRIAGE"),
        ("<!channel> and <!here> and <!subteam^S0IT|@it>", "@channel and @here and @it"),
        ("<!date^1392734382^{date}|February 18>", "February 18"),
        ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
        ("<http://example.com|example.com>", "example.com"),
        ("<https://example.com/x|the page>", "the page (https://example.com/x)"),
        ("<mailto:anna@hofer.example|anna@hofer.example>", "anna@hofer.example"),
        ("<mailto:anna@hofer.example|write her>", "anna@hofer.example"),
        ("<tel:+4312345|01 2345>", "+4312345"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("a < b", "a < b"),
    ],
)
def test_text_reads_as_people_see_it(text: str, read: str) -> None:
    assert plain_text(text, names={"U0ANNA": "Anna Huber"}, without=["U0DESK"]) == read


def test_what_people_type_is_no_mention() -> None:
    # Slack escapes the brackets that are typed.
    assert mentioned("&lt;@U0ANNA&gt; <@U0BERT> <@U0CARL|carl> <!channel>") == ["U0BERT", "U0CARL"]
