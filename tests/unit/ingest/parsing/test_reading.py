"""What a reader sees of a mail: texts, attachments and their names, and the kinds of mail that machines send."""

from __future__ import annotations

import pytest

from ingest.parsing.mail import AutomaticReason, ParsedMail
from ingest.parsing.parse import parse_mail

HEAD = "From: Anna <anna@kunde.example>\nTo: hilfe@msp.example\nSubject: Drucker\nMessage-ID: <1@kunde.example>\nMIME-Version: 1.0\n"


def read(fields: str, body: str | bytes = b"") -> ParsedMail:
    raw = body if isinstance(body, bytes) else body.encode()
    return parse_mail((HEAD + fields).encode() + b"\n\n" + raw)


def parts(kind: str, *each: str) -> ParsedMail:
    return read(f"Content-Type: {kind}; boundary=b", "".join(f"--b\n{part}\n" for part in each) + "--b--\n")


def part(fields: str, body: str = "x") -> str:
    return f"{fields}\n\n{body}"


CALENDAR = "BEGIN:VCALENDAR\nMETHOD:{0}\nBEGIN:VEVENT\nSUMMARY:Wartung\nEND:VEVENT\nEND:VCALENDAR"


@pytest.mark.parametrize("method", ["REQUEST", "REPLY", "CANCEL", "COUNTER"])
def test_an_invitation_is_a_calendar_mail_with_its_text_and_its_file(method: str) -> None:
    mail = parts(
        "multipart/alternative",
        part("Content-Type: text/plain", "Wartung am Montag"),
        part("Content-Type: text/html", "<p>Wartung am Montag</p>"),
        part(f"Content-Type: text/calendar; method={method}; charset=utf-8", CALENDAR.format(method)),
    )
    assert mail.automatic is AutomaticReason.CALENDAR
    assert mail.body.text == "Wartung am Montag"
    assert [attachment.content_type for attachment in mail.attachments] == ["text/calendar"]
    assert b"SUMMARY:Wartung" in mail.attachments[0].payload


def test_an_invitation_that_is_nothing_else_is_a_calendar_mail() -> None:
    mail = read("Content-Type: text/calendar; method=REQUEST", CALENDAR.format("REQUEST"))
    assert mail.automatic is AutomaticReason.CALENDAR
    assert len(mail.attachments) == 1


def test_a_calendar_file_sent_by_a_person_is_an_attachment_of_a_persons_mail() -> None:
    mail = parts(
        "multipart/mixed",
        part("Content-Type: text/plain", "Anbei der Termin"),
        part(
            "Content-Type: text/calendar; name=termin.ics\nContent-Disposition: attachment; filename=termin.ics",
            "BEGIN",
        ),
    )
    assert mail.automatic is None
    assert [attachment.filename for attachment in mail.attachments] == ["termin.ics"]


def test_a_read_receipt_is_automatic_and_no_bounce() -> None:
    mail = parts(
        "multipart/report; report-type=disposition-notification",
        part("Content-Type: text/plain", "Die Nachricht wurde gelesen."),
        part(
            "Content-Type: message/disposition-notification",
            "Final-Recipient: rfc822;anna@kunde.example\nOriginal-Message-ID: <t1@msp.example>\n"
            "Disposition: manual-action/MDN-sent-manually; displayed",
        ),
    )
    assert (mail.automatic, mail.bounce) == (AutomaticReason.READ_RECEIPT, None)
    assert mail.body.text == "Die Nachricht wurde gelesen."


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("filename=bericht.pdf", "bericht.pdf"),
        ('filename="zwei Worte.pdf"', "zwei Worte.pdf"),
        ("filename=zwei Worte.pdf", "zwei Worte.pdf"),
        ("filename*=utf-8''%C3%9Cbersicht.pdf", "Übersicht.pdf"),
        ("filename*=iso-8859-1'de'%DCbersicht.pdf", "Übersicht.pdf"),
        ("filename*=windows-1252''%80uro.pdf", "€uro.pdf"),
        ("filename*0=sehr-lang; filename*1=er-name.pdf", "sehr-langer-name.pdf"),
        ("filename*0*=utf-8''%C3%9Cber; filename*1*=sicht%20; filename*2=2026.pdf", "Übersicht 2026.pdf"),
        ("filename*1*=sicht.pdf;\n filename*0*=utf-8''%C3%9Cber", "Übersicht.pdf"),
        ("filename*0*=utf-8''%C3; filename*1*=%9Cber.pdf", "Über.pdf"),
        ("filename=\"old.pdf\"; filename*=utf-8''n%C3%A4.pdf", "nä.pdf"),
        ('filename="=?utf-8?Q?=C3=9Cbersicht.pdf?="', "Übersicht.pdf"),
        ('filename="=?utf-8?B?w5xiZXI=?=\n =?utf-8?Q?sicht.pdf?="', "Übersicht.pdf"),
        ('filename="Übersicht.pdf"', "Übersicht.pdf"),
        ('filename="a\\"b.pdf"', 'a"b.pdf'),
    ],
)
def test_a_file_keeps_its_name(parameters: str, name: str) -> None:
    mail = parts(
        "multipart/mixed",
        part("Content-Type: text/plain", "Anbei"),
        part(f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameters}"),
    )
    assert [attachment.filename for attachment in mail.attachments] == [name]


def test_a_name_in_the_content_type_alone_makes_an_attachment() -> None:
    mail = parts("multipart/mixed", part("", "Text"), part("Content-Type: image/png; name*=utf-8''b%C3%A4r.png", "x"))
    assert [attachment.filename for attachment in mail.attachments] == ["bär.png"]


@pytest.mark.parametrize(
    ("delsp", "flowed", "text"),
    [
        ("no", "Das ist ein \nlanger Satz.\n\nNeuer Absatz", "Das ist ein langer Satz.\n\nNeuer Absatz"),
        ("yes", "Donau \ndampf \nschiff", "Donaudampfschiff"),
        ("yes", "Zwei  \nWorte", "Zwei Worte"),
        ("no", " >kein Zitat\n From hier", ">kein Zitat\nFrom hier"),
    ],
)
def test_flowed_lines_are_joined(delsp: str, flowed: str, text: str) -> None:
    mail = read(f"Content-Type: text/plain; charset=utf-8; format=flowed; delsp={delsp}", flowed)
    assert mail.body.full_text == text


def test_flowed_quotes_of_different_depth_stay_apart_and_signatures_end_a_paragraph() -> None:
    mail = read("Content-Type: text/plain; format=flowed", ">> alt \n>> er\n> neu \n> er\nJa \nklar.\n-- \nAnna\n")
    assert mail.body.full_text == ">> alt er\n> neu er\nJa klar.\n-- \nAnna"
    assert mail.body.signature == "-- \nAnna"


def test_a_winmail_dat_is_kept_as_a_file() -> None:
    mail = parts(
        "multipart/mixed",
        part("Content-Type: text/plain", "Hallo"),
        part("Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64", "eJ8+IgEA"),
    )
    assert mail.body.text == "Hallo"
    assert [(a.filename, a.content_type, a.payload) for a in mail.attachments] == [
        ("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22\x01\x00")
    ]


def test_a_signed_mail_shows_its_text_and_keeps_the_signature() -> None:
    mail = parts(
        'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256',
        part("Content-Type: text/plain", "Unterschrieben"),
        part("Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64", "MIAG"),
    )
    assert mail.body.text == "Unterschrieben"
    assert [attachment.filename for attachment in mail.attachments] == ["smime.p7s"]


def test_an_encrypted_mail_is_kept_as_a_file() -> None:
    mail = read(
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n"
        "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7m",
        "MIAGCSqGSIb3DQEHA6CA",
    )
    assert mail.body.text == ""
    assert [(a.filename, a.content_type) for a in mail.attachments] == [("smime.p7m", "application/pkcs7-mime")]
    assert mail.attachments[0].payload.startswith(b"0\x80")


def test_a_mail_within_a_mail_is_one_attachment_named_by_its_subject() -> None:
    inner = "From: x@y.example\nSubject: =?utf-8?Q?Fehler_=C3=A4?=: A/B\nMessage-ID: <in@y.example>\n\nInnen"
    mail = parts(
        "multipart/mixed", part("Content-Type: text/plain", "Siehe Anhang"), part("Content-Type: message/rfc822", inner)
    )
    assert mail.body.text == "Siehe Anhang"
    assert [(a.filename, a.content_type) for a in mail.attachments] == [("Fehler ä A B.eml", "message/rfc822")]
    assert mail.attachments[0].payload.strip() == inner.encode()
    assert mail.message_id == "1@kunde.example"


def test_an_image_within_the_text_is_inline_and_a_file_beside_it_is_not() -> None:
    mail = parts(
        "multipart/related",
        part("Content-Type: text/html", '<p>Bild: <img src="cid:bild@x"></p>'),
        part("Content-Type: image/png\nContent-ID: <bild@x>", "p"),
        part("Content-Type: image/png; name=b.png\nContent-Disposition: attachment", "q"),
    )
    assert [(a.content_id, a.inline) for a in mail.attachments] == [("bild@x", True), (None, False)]
    assert mail.html is not None
