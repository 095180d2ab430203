"""Mails of our own making, one ugly habit each."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsing.folding import fold
from ingest.parsing.limits import ParsingLimits
from ingest.parsing.mail import AutomaticReason
from ingest.parsing.parse import NotAMail, parse_any, parse_mail
from ingest.parsing.presentation import as_json

HEAD = b"From: Anna <anna@kunde.example>\nTo: hilfe@msp.example\nSubject: Drucker\nMessage-ID: <1@kunde.example>\n"


def packed(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s+", "", text))


@pytest.mark.parametrize(
    ("attribution", "quote"),
    [
        ("Am 12.03.2026 um 10:00 schrieb Bert Huber <bert@msp.example>:", "> Bitte neu starten."),
        ("On Thu, Mar 12, 2026 at 10:00 AM Bert <bert@msp.example> wrote:", "> Please restart."),
        ("Le 12 mars 2026 à 10:00, Bert <bert@msp.example> a écrit :", "> Redémarrez."),
        ("On Mar 12, 2026, at 10:00, Bert Huber <\nbert@msp.example>\nwrote:", "> Please restart."),
        ("-----Ursprüngliche Nachricht-----", "Bitte neu starten."),
        (
            "Von: Bert <bert@msp.example>\nGesendet: Donnerstag, 12. März 2026 10:00\nAn: Anna\nBetreff: Drucker",
            "Hallo",
        ),
    ],
)
def test_history_below_an_answer_is_quoted(attribution: str, quote: str) -> None:
    folded = fold(f"Das hat geholfen.\n\n{attribution}\n\n{quote}\n")
    assert folded.text == "Das hat geholfen."
    assert quote in folded.quoted


def test_answers_between_quotes_stay_visible_with_their_context() -> None:
    folded = fold("> Geht der Drucker?\n\nJa.\n\n> Und der Scanner?\n\nNein.\n")
    assert folded.text == "> Geht der Drucker?\n\nJa.\n\n> Und der Scanner?\n\nNein."


def test_a_signature_is_folded_and_kept() -> None:
    folded = fold("Danke!\n\n-- \nAnna Muster\nKunde GmbH\n")
    assert (folded.text, folded.signature) == ("Danke!", "-- \nAnna Muster\nKunde GmbH")


def test_a_device_line_is_folded() -> None:
    assert fold("Passt.\n\nVon meinem iPhone gesendet").text == "Passt."


@pytest.mark.parametrize(
    ("charset", "declared"), [("iso-8859-1", True), ("windows-1252", True), ("iso-8859-1", False), ("utf-8", False)]
)
def test_eight_bit_mail_reads_right_where_peers_garble_or_reject_it(charset: str, declared: bool) -> None:
    kind = f"Content-Type: text/plain; charset={charset}\n".encode() if declared else b""
    text = "Der Drucker läuft wieder, schöne Grüße aus Österreich"
    mail = parse_mail(HEAD + kind + b"Content-Transfer-Encoding: 8bit\n\n" + text.encode(charset))
    assert mail.body.text == text


def test_an_unknown_charset_is_reported_and_the_text_read() -> None:
    mail = parse_mail(HEAD + b"Content-Type: text/plain; charset=klingon\n\nGr\xc3\xbc\xc3\x9fe")
    assert mail.body.text == "Grüße"
    assert mail.charset_problems


def test_outlook_history_in_html_is_quoted() -> None:
    html = '<div>Erledigt.</div><div id="divRplyFwdMsg"><b>Von:</b> Bert</div><div>Alt</div>'
    mail = parse_mail(HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + html.encode())
    assert mail.body.text == "Erledigt."
    assert "Alt" in mail.body.quoted


def test_bytes_that_are_no_mail_are_refused_and_yet_readable_for_intake() -> None:
    with pytest.raises(NotAMail):
        parse_mail(b"hello\nworld")
    assert parse_any(b"hello\nworld").body.text == "hello\nworld"


def test_a_delivery_report_names_recipient_and_original() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered\nContent-Type: multipart/report;"
        b" report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5.1.1\n"
        b"Diagnostic-Code: smtp; 550 no\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <o@msp.example>\n\nx\n--b--\n"
    )
    mail = parse_mail(raw)
    assert mail.bounce is not None
    assert mail.bounce.original_message_id == "o@msp.example"
    assert [(r.address, r.action, r.status) for r in mail.bounce.recipients] == [("x@y.example", "failed", "5.1.1")]
    assert mail.automatic is AutomaticReason.BOUNCE


def test_an_auto_submitted_mail_is_automatic() -> None:
    assert parse_mail(HEAD + b"Auto-Submitted: auto-replied\n\nx").automatic is AutomaticReason.AUTO_REPLIED
    assert parse_mail(HEAD + b"Auto-Submitted: no\n\nx").automatic is None


def test_a_thousand_nested_parts_are_bounded_and_reported() -> None:
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1_000))
    mail = parse_any(HEAD + parts + b"\ntext")
    assert mail.exceeded
    assert any(b"text" in attachment.payload for attachment in mail.attachments)


def test_a_huge_header_is_cut_and_the_mail_kept_whole() -> None:
    raw = HEAD + b"X-Big: " + b"a" * 100_000_000 + b"\n\nbody"
    started = time.perf_counter()
    mail = parse_any(raw)
    assert time.perf_counter() - started < 10
    assert mail.exceeded
    assert raw in [attachment.payload for attachment in mail.attachments]


@pytest.mark.parametrize(
    "unit", ["> a\n", "On ", "Am 1.1.2026 schrieb\n", "<div>", '<a "', "From: a\n", "-- \n", "> On a wrote:\n\nx\n"]
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_work_grows_in_line_with_length(unit: str, kind: str) -> None:
    def seconds(count: int) -> float:
        raw = HEAD + f"Content-Type: text/{kind}\n\n".encode() + b"Hi\n" + unit.encode() * count
        started = time.process_time()
        parse_any(raw)
        return time.process_time() - started

    assert seconds(16_000) < 20 * max(seconds(4_000), 0.05)


@given(
    st.binary(max_size=400), st.sampled_from([b"", HEAD, HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"])
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_parsed(tail: bytes, head: bytes) -> None:
    as_json(parse_any(head + tail, ParsingLimits(max_parts=5, max_header_bytes=300)))


LINES = st.sampled_from(
    ["", "Hallo", "> q", ">> qq", "-- ", "___", "On 1 May 2026 at 10:00, A <a@b.example> wrote:", "Von: a@b.example",
     "Gesendet: 1.5.2026", "An: x", "Betreff: y", "Sent from my iPhone", "-----Original Message-----", "a|b", "| c",
     "x On Mon, 1 May 2026, A <a@b.example> wrote:", "This e-mail is confidential and privileged."]
)  # fmt: skip


@given(st.lists(LINES, max_size=25))
@settings(max_examples=300, deadline=None)
def test_folding_loses_no_letter(lines: list[str]) -> None:
    folded = fold("\n".join(lines))
    assert packed(folded.full_text) == packed(folded.text + folded.quoted + folded.signature)


@pytest.mark.parametrize("unit", ["a,", " ", "<a", "a@", "(", '"', "=?a?q?", "a b ", "<  "])
@pytest.mark.parametrize("name", ["To", "From", "References", "Subject", "Content-Type", "X-Failed-Recipients"])
def test_a_header_of_any_shape_is_read_in_bounded_time(unit: str, name: str) -> None:
    started = time.process_time()
    parse_any(HEAD + name.encode() + b": x" + unit.encode() * (400_000 // len(unit)) + b"\n\nx")
    assert time.process_time() - started < 5
