"""Input meant to break a parser: each test states what is still read and what was kept."""

from __future__ import annotations

import base64
import io
import time
import zipfile

import pytest

from ingest.parsing.limits import DEFAULT_LIMITS
from ingest.parsing.mail import ParsedMail
from ingest.parsing.parse import parse_any, parse_mail

HEAD = b"From: Anna <anna@kunde.example>\nTo: hilfe@msp.example\nSubject: Drucker\nMessage-ID: <1@kunde.example>\n"


def timed(raw: bytes) -> tuple[float, ParsedMail]:
    started = time.process_time()
    mail = parse_any(raw)
    return time.process_time() - started, mail


def nested(count: int) -> bytes:
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(count))
    return HEAD + opening + b"Content-Type: text/plain\n\nganz innen\n"


def test_of_a_thousand_nested_parts_thirty_are_opened_and_the_rest_is_one_attachment() -> None:
    mail = parse_mail(nested(1_000))
    assert mail.exceeded == (f"nested deeper than {DEFAULT_LIMITS.max_nesting} levels",)
    assert mail.subject == "Drucker"
    (rest,) = mail.attachments
    assert (rest.filename, rest.content_type) == ("raw", "application/octet-stream")
    assert rest.payload.endswith(b"ganz innen\n")


def test_of_a_thousand_nested_mails_the_outermost_is_an_attachment() -> None:
    inner = b"Subject: innen\nContent-Type: message/rfc822\n\n" * 1_000 + b"Subject: zuletzt\n\nText"
    mail = parse_mail(HEAD + b"Content-Type: message/rfc822\n\n" + inner)
    assert [(a.filename, a.payload) for a in mail.attachments] == [("innen.eml", inner)]


def test_of_five_thousand_parts_a_thousand_are_read_and_the_rest_is_one_attachment() -> None:
    parts = b"".join(b"--b\nContent-Type: image/png; name=%d.png\n\n%d\n" % (n, n) for n in range(5_000))
    mail = parse_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + b"--b--\n")
    assert len(mail.attachments) == DEFAULT_LIMITS.max_parts + 1
    assert mail.attachments[-1].payload.count(b"Content-Type") >= 5_000 - DEFAULT_LIMITS.max_parts - 1
    assert b"4999" in mail.attachments[-1].payload
    assert mail.exceeded == (f"more than {DEFAULT_LIMITS.max_parts} parts",)


@pytest.mark.parametrize(
    "header",
    [b"X-Big: " + b"a" * 100_000_000, b"X-Big: a" + b"\n a" * 33_000_000, b"X-Small: a\n" * 9_000_000],
    ids=["one line", "folded", "many fields"],
)
def test_of_a_header_of_a_hundred_megabytes_the_first_fields_are_read_and_the_mail_is_an_attachment(
    header: bytes,
) -> None:
    raw = HEAD + header + b"\n\nText"
    seconds, mail = timed(raw)
    assert seconds < 5
    assert mail.subject == "Drucker"
    assert mail.message_id == "1@kunde.example"
    assert mail.exceeded == (f"header block longer than {DEFAULT_LIMITS.max_header_bytes} bytes",)
    assert mail.attachments[0].payload == raw


def test_a_zip_bomb_is_kept_as_it_came_and_never_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 50_000_000)
    bomb = packed.getvalue()
    body = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/zip; name=b.zip\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(bomb) + b"--b--\n"
    )
    seconds, mail = timed(HEAD + body)
    assert [(a.filename, a.payload) for a in mail.attachments] == [("b.zip", bomb)]
    assert seconds < 1


def test_nul_bytes_are_dropped_from_texts_and_kept_in_files() -> None:
    raw = (
        HEAD.replace(b"Drucker", b"Dru\0cker") + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHal\0lo\n--b\n"
        b"Content-Type: application/x; name=a\0b\n\nx\0y\n--b--\n"
    )
    mail = parse_mail(raw)
    assert "\0" not in mail.subject + mail.body.full_text + (mail.attachments[0].filename or "")
    assert mail.body.text.replace("\ufffd", "") == "Hallo"
    assert mail.attachments[0].payload == b"x\0y"


@pytest.mark.parametrize(
    "charset",
    ["klingon", "utf-99", "", "=?utf-8?q?x?=", "a" * 500, "../../etc", "idna", "rot13", "hex", "unicode_escape"],
)
def test_text_in_a_charset_nobody_knows_is_read_and_reported(charset: str) -> None:
    mail = parse_mail(HEAD + b'Content-Type: text/plain; charset="' + charset.encode() + b'"\n\n' + "Grüße".encode())
    assert mail.body.text == "Grüße"
    assert bool(mail.charset_problems) is bool(charset)


def test_text_that_is_not_in_its_charset_is_read_and_reported() -> None:
    mail = parse_mail(HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + "Schöne Grüße".encode("latin-1"))
    assert mail.body.text == "Schöne Grüße"
    assert mail.charset_problems


@pytest.mark.parametrize("missing", ["From", "To", "Subject", "Message-ID"])
def test_a_mail_without_a_field_is_read_for_the_rest(missing: str) -> None:
    fields = [line for line in HEAD.decode().splitlines() if not line.startswith(f"{missing}:")]
    mail = parse_mail("\n".join([*fields, "", "Text"]).encode())
    assert mail.body.text == "Text"
    assert mail.date is None
    assert (mail.sender is None) is (missing == "From")
    assert (mail.message_id is None) is (missing == "Message-ID")
    assert mail.subject == ("" if missing == "Subject" else "Drucker")


@pytest.mark.parametrize(
    "date", ["", "gestern", "Mon, 99 Foo 2026 99:99:99 +9999", "1" * 5_000, "Mon, 2 Mar 99999 10:00:00 +0100"]
)
def test_a_date_that_is_none_is_no_date(date: str) -> None:
    assert parse_mail(HEAD + f"Date: {date}\n\nText".encode()).date is None


PART = b"--b\nContent-Type: text/plain\n\nx\n"
GROWING = {
    "parts": (b"Content-Type: multipart/mixed; boundary=b\n\n", PART),
    "quotes": (b"\n", b"> zitiert\nAntwort\n\n"),
    "deep quotes": (b"\n", b">"),
    "attributions": (b"\n", b"Am 1.1.2026 um 10:00 schrieb A <a@b.example>:\n> x\n\ny\n"),
    "headers of outlook": (b"\n", b"Von: a@b.example\nGesendet: 1.1.2026\nAn: c\nBetreff: d\n\nx\n"),
    "folds": (b"X-Folded: a", b"\n b"),
    "fields": (b"", b"X-Field: b\n"),
    "encoded words": (b"Subject: ", b"=?utf-8?Q?=C3=A4?= "),
    "addresses": (b"Cc: ", b'"A, B" <a@b.example>, '),
    "references": (b"References: ", b"<a@b.example> "),
    "parameters": (b"Content-Type: text/plain", b"; a*0*=utf-8''x"),
    "boundaries that are none": (b"Content-Type: multipart/mixed; boundary=b\n\n", b"--bb\n--b x\n"),
    "elements": (b"Content-Type: text/html\n\n", b"<div><blockquote>x"),
    "open tags": (b"Content-Type: text/html\n\n", b"<a href='x"),
    "comments": (b"Content-Type: text/html\n\n", b"<!-- x"),
    "heads": (b"Content-Type: text/html\n\n", b"<noscript><title>x<head>"),
    "entities": (b"Content-Type: text/html\n\n", b"&amp&lt;&"),
    "base64 with rubbish": (b"Content-Transfer-Encoding: base64\n\n", b"QUJD*\n"),
    "quoted-printable": (b"Content-Transfer-Encoding: quoted-printable\n\n", b"=C3=A4=\n=\n"),
    "addresses in a bounce": (b"From: MAILER-DAEMON@mx.example\n\nfailed\n", b"<a@b.example>:\n550 5.1.1 no\n\n"),
    "groups of a report": (
        b"Content-Type: message/delivery-status\n\n", b"Final-Recipient: rfc822; a@b.example\nAction: failed\n\n"
    ),
    "blanks": (b"\n", b" " * 10),
    "words without end": (b"\n", b"schrieb "),
    "flowed": (b"Content-Type: text/plain; format=flowed; delsp=yes\n\n", b"> a \n"),
}  # fmt: skip


@pytest.mark.parametrize(("start", "unit"), GROWING.values(), ids=GROWING.keys())
def test_four_times_the_input_takes_about_four_times_as_long(start: bytes, unit: bytes) -> None:
    small, large = (HEAD + start + unit * (size // len(unit)) + b"\n\nText" for size in (250_000, 1_000_000))
    before = min(timed(small)[0] for _ in range(2))
    assert min(timed(large)[0] for _ in range(2)) < 8 * max(before, 0.05)
