"""The desk's mails, read back with the standard library."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest

from core.errors import InvalidInput
from core.ids import TicketNumber
from core.mail.compose import Desk, Draft, MailFile, compose, is_mailable
from core.mail.reply_token import ReplyTokens

TOKENS = ReplyTokens(b"a key of sixteen bytes", "support@desk.example")
DESK = Desk(TOKENS, "Müller, Söhne & Co.", "support@desk.example")
NUMBER = TicketNumber(4711)
UNIQUE = UUID("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)


def raw(draft: Draft) -> bytes:
    return compose(DESK, draft, UNIQUE, NOW).content.encode("ascii")


def parsed(draft: Draft) -> EmailMessage:
    mail = message_from_bytes(raw(draft), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {"number": NUMBER, "subject": "Drucker", "text": "Grüße", "to": ("a@b.example",)}
    return Draft(**(values | changes))  # type: ignore[arg-type]


def test_an_answer_finds_its_ticket_by_address_id_and_body() -> None:
    mail = parsed(draft())
    assert TOKENS.find_in_addresses([mail["Reply-To"]]) == NUMBER
    assert TOKENS.find_in_message_ids([mail["Message-ID"]]) == NUMBER
    body = mail.get_body()
    assert body is not None
    text: str = body.get_content()
    assert text.splitlines()[0] == "Grüße"
    assert text.rstrip().endswith("]")
    assert TOKENS.find_in_text(text) == NUMBER


def test_the_mail_says_from_whom_to_whom_and_when() -> None:
    mail = parsed(draft(to=("a@b.example", "c@d.example"), cc=("e@f.example",)))
    assert [(each.display_name, each.addr_spec) for each in mail["From"].addresses] == [(DESK.name, DESK.address)]
    assert [each.addr_spec for each in mail["To"].addresses] == ["a@b.example", "c@d.example"]
    assert [each.addr_spec for each in mail["Cc"].addresses] == ["e@f.example"]
    assert mail["Date"].datetime == NOW


@pytest.mark.parametrize(
    "subject", ["Drucker", "[#4711] Drucker", "Re: [#4711] AW: [#4711] Drucker", "Re: Über [#4711]"]
)
def test_the_number_is_in_the_subject_once(subject: str) -> None:
    assert parsed(draft(subject=subject))["Subject"].count("[#4711]") == 1


def test_only_what_a_machine_wrote_is_marked_as_such() -> None:
    automatic, written = parsed(draft(is_automatic=True)), parsed(draft())
    assert automatic["Auto-Submitted"] == "auto-replied"
    assert automatic["X-Auto-Response-Suppress"] == "All"
    assert automatic["Precedence"] is None
    assert written["Auto-Submitted"] is None
    assert written["X-Auto-Response-Suppress"] is None


def test_ids_longer_than_a_line_stay_as_they_are() -> None:
    ids = tuple(f"{'r' * 120}{number}@mail.example" for number in range(5))
    content = raw(draft(references=ids[:4], in_reply_to=ids[4]))
    assert b"=?" not in content.partition(b"References:")[2].partition(b"MIME-Version")[0]
    mail = message_from_bytes(content, policy=default)
    assert mail["References"].split() == [f"<{each}>" for each in ids]
    assert mail["In-Reply-To"].strip() == f"<{ids[4]}>"


def test_a_long_thread_keeps_its_first_id_and_its_newest() -> None:
    ids = tuple(f"{number}@mail.example" for number in range(100))
    references = parsed(draft(references=ids))["References"].split()
    assert references == ["<0@mail.example>", *(f"<{number}@mail.example>" for number in range(81, 100))]


def test_every_line_is_short_ascii_that_no_relay_must_touch() -> None:
    content = raw(draft(subject="ü" * 300, text="ß" * 5000 + "\nx" * 3 + "x" * 5000))
    assert max(len(line) for line in content.split(b"\r\n")) <= 100
    assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: v@x.example", "x\nBcc: v@x.example", "=?utf-8?q?x=0aBcc:_v@x.example?=", "x\u2028Bcc: v@x"]
)
def test_nothing_that_a_customer_wrote_becomes_a_header(evil: str) -> None:
    content = raw(
        draft(
            subject=evil,
            in_reply_to=evil,
            references=(evil, "good@x.example"),
            files=(MailFile(evil, f"text/plain\r\n{evil}", b""),),
        )
    )
    mail = message_from_bytes(content, policy=default)
    assert mail["Bcc"] is None
    assert b"\nBcc" not in content
    assert mail["References"] == "<good@x.example>"


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b", "a b@c.d", "a@b\r\nc", "ä@b.de", '"a b"@c.d', "a@b,c@d.e", ".a@b.c"]
)
def test_an_address_that_cannot_be_written_to_is_refused(address: str) -> None:
    assert not is_mailable(address)
    with pytest.raises(InvalidInput):
        raw(draft(to=(address,)))


def test_files_go_along_byte_for_byte() -> None:
    files = (
        MailFile("Übersicht, März.pdf", "application/pdf", bytes(range(256))),
        MailFile("original.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
        MailFile("", "no type", b""),
    )
    found = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in parsed(draft(files=files)).iter_attachments()
    ]
    assert found == [
        ("Übersicht, März.pdf", "application/pdf", bytes(range(256))),
        ("original.eml", "application/octet-stream", b"Subject: x\r\n\r\ny"),
        ("file", "application/octet-stream", b""),
    ]
