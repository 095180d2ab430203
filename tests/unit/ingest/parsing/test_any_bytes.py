"""Parsing never raises: CPython's own mails, and mails of usual shapes with bytes and boundaries damaged."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsing.limits import ParsingLimits
from ingest.parsing.mail import ParsedMail
from ingest.parsing.parse import parse_any
from ingest.parsing.presentation import as_json

PYTHON_TESTS = importlib.util.find_spec("test")
PYTHON_MAILS = sorted(
    path
    for folder in (PYTHON_TESTS.submodule_search_locations or () if PYTHON_TESTS is not None else ())
    for path in Path(folder).glob("test_email/data/*.txt")
)
SMALL = ParsingLimits(max_nesting=4, max_parts=8, max_header_bytes=2_000, max_header_fields=30, max_text_chars=2_000)


def packed(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s+", "", text))


def check(mail: ParsedMail) -> None:
    """What holds for any mail: it can be shown as JSON and stored in PostgreSQL, and folding lost nothing."""
    answer = orjson.loads(orjson.dumps(as_json(mail)))
    assert "\x00" not in answer["full_text"] + answer["subject"] + "".join(value for _, value in mail.headers)
    body = mail.body
    assert packed(body.full_text) == packed(body.text + body.quoted + body.signature)
    assert all(isinstance(attachment.payload, bytes) for attachment in mail.attachments)


@pytest.mark.skipif(
    not PYTHON_MAILS, reason="THIS PYTHON SHIPS WITHOUT test/test_email/data: its mails were NOT parsed"
)
def test_every_mail_in_the_test_data_of_cpython_is_parsed() -> None:
    assert len(PYTHON_MAILS) > 30
    for path in PYTHON_MAILS:
        raw = path.read_bytes()
        mail = parse_any(raw)
        check(mail)
        assert mail.headers or mail.exceeded, path


@pytest.mark.skipif(
    not PYTHON_MAILS, reason="THIS PYTHON SHIPS WITHOUT test/test_email/data: its mails were NOT parsed"
)
def test_a_mail_of_cpython_cut_anywhere_is_parsed() -> None:
    for path in PYTHON_MAILS:
        raw = path.read_bytes()
        for end in range(0, len(raw), max(1, len(raw) // 15)):
            check(parse_any(raw[:end], SMALL))
            check(parse_any(raw[end:], SMALL))


HEAD = (
    b"Return-Path: <anna@kunde.example>\r\nReceived: from mx.kunde.example (mx.kunde.example [192.0.2.1])\r\n"
    b"\tby mx.msp.example with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    b'From: =?utf-8?Q?J=C3=B6rg?= Huber <joerg@kunde.example>\r\nTo: "Hilfe, MSP" <hilfe@msp.example>,\r\n'
    b" zweite@msp.example\r\nSubject: =?iso-8859-1?B?RHJ1Y2tlciBs5HVmdA==?= nicht\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    b"Message-ID: <abc@kunde.example>\r\nIn-Reply-To: <t42@msp.example>\r\nReferences: <t41@msp.example>\r\n <t42@msp.example>\r\n"
    b"MIME-Version: 1.0\r\n"
)
SEEDS = (
    HEAD + "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "Grüße\r\n\r\nAm 1.3.2026 um 9:00 schrieb Hilfe <hilfe@msp.example>:\r\n> Läuft er?\r\n-- \r\nJörg\r\n".encode("latin-1"),
    HEAD + b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nEine lange =C3=A4 \r\nZeile.\r\n> Zitat \r\n> geht weiter\r\n",
    HEAD + b'Content-Type: multipart/mixed; boundary="=_out"\r\n\r\nPreamble\r\n--=_out\r\n'
    b'Content-Type: multipart/alternative; boundary="=_in"\r\n\r\n--=_in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
    b"Hallo\r\n--=_in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Hallo<br><blockquote type=cite>alt"
    b"</blockquote></p></body></html>\r\n--=_in--\r\n--=_out\r\nContent-Type: application/pdf;\r\n"
    b" name*0*=utf-8''B%C3%BC; name*1=cher.pdf\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment\r\n\r\nJVBERi0xLjQKJeLjz9MK\r\n--=_out--\r\nEpilogue\r\n",
    HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=rep\r\n\r\n--rep\r\n\r\nfailed\r\n--rep\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n--rep\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Message-ID: <o@msp.example>\r\nSubject: x\r\n\r\ny\r\n--rep--\r\n",
    b"From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: hilfe@msp.example\nSubject: failure notice\n\n"
    b"<x@y.example>:\nRemote host said: 550 5.1.1 no\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <o@m>\n",
    HEAD + b"Content-Type: text/html\r\n\r\n<div>Neu</div><div id=divRplyFwdMsg><b>Von:</b> a</div><table><tr><td>x</table>",
)  # fmt: skip
PIECES = [b"\r\n", b"\n", b"\r", b"\0", b"--=_out", b"--=_out--", b"\r\n--=_in\r\n", b"=?", b"?=", b"=", b"<", b">", b'"',
          b"\xff", b"\xe4", b";", b"boundary=", b"Content-Type: multipart/mixed; boundary=rep\r\n", b"{", b"> ", b"\x1b$B",
          b"charset=utf-7", b"Content-Transfer-Encoding: x-uuencode\r\n", b"begin 644 x\n", b"\xed\xa0\x80", b" "]  # fmt: skip


@st.composite
def damaged_mails(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.integers(1, 60)))
        match draw(st.sampled_from(["flip", "insert", "delete", "duplicate", "truncate", "move"])):
            case "flip" if at < len(raw):
                raw[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                raw[at:at] = draw(st.sampled_from(PIECES) | st.binary(min_size=1, max_size=4))
            case "delete":
                del raw[at:end]
            case "duplicate":
                raw[at:at] = raw[at:end] * draw(st.integers(1, 20))
            case "move":
                piece = raw[at:end]
                del raw[at:end]
                raw += piece
            case "truncate":
                del raw[max(at, 40) :]
    return bytes(raw)


@given(damaged_mails(), st.sampled_from([ParsingLimits(), SMALL]))
@settings(max_examples=600, deadline=None)
def test_a_damaged_mail_is_parsed(raw: bytes, limits: ParsingLimits) -> None:
    check(parse_any(raw, limits))


@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.integers(0, 900), st.integers(0, 900))
@settings(max_examples=200, deadline=None)
def test_two_halves_of_different_mails_are_parsed(first: bytes, second: bytes, end: int, start: int) -> None:
    check(parse_any(first[:end] + second[start:]))
