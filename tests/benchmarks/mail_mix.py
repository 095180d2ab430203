"""The realistic mix: 60 % plain, 15 % multipart/alternative, 10 % with a 50 KB attachment, 15 % replies."""

from __future__ import annotations

import base64
import quopri
import random
from dataclasses import dataclass

_WORDS = (
    *("Drucker", "Server", "Anmeldung", "Kennwort", "Netzwerk", "bitte", "dringend", "gestern", "funktioniert"),
    *("nicht", "Fehlermeldung", "Rechnung", "Büro", "Müller", "Größe", "über", "für", "können", "Straße", "Outlook"),
)

_CHARSETS = ("utf-8", "iso-8859-1", "windows-1252")
_ENCODINGS = ("quoted-printable", "base64", "8bit")


@dataclass(frozen=True, slots=True)
class MixedMail:
    """One mail of the mix: its envelope sender, its bytes with CRLF line ends, and its Message-ID."""

    sender: str
    raw: bytes
    message_id: str


def make_mix(count: int, seed: int, *, senders: int = 200) -> list[MixedMail]:
    """`count` mails, the same for the same seed. A reply answers an earlier mail of the mix by the same sender."""
    draw = random.Random(seed)
    mails: list[MixedMail] = []
    for number in range(count):
        sender = f"person{draw.randrange(senders)}@company{draw.randrange(20)}.example"
        message_id = f"{seed}.{number}.{draw.getrandbits(48):x}@mail.example"
        kind = draw.choices(("plain", "alternative", "attachment", "reply"), (60, 15, 10, 15))[0]
        if kind == "reply" and mails:
            answered = draw.choice(mails)
            raw = _reply(draw, answered, message_id, number)
            mails.append(MixedMail(answered.sender, raw, message_id))
            continue
        body = _text(draw, draw.randint(40, 160))
        headers = _headers(sender, message_id, f"{_text(draw, 5)} {number}")
        if kind == "alternative":
            content = _alternative(draw, body)
        elif kind == "attachment":
            content = _with_attachment(draw, body)
        else:
            content = _part(draw, "text/plain", body)
        mails.append(MixedMail(sender, headers + content, message_id))
    return mails


def _text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choice(_WORDS) for _ in range(words))


def _headers(sender: str, message_id: str, subject: str, extra: str = "") -> bytes:
    encoded = base64.b64encode(subject.encode()).decode()
    return (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from mail.example (mail.example [192.0.2.7]) by mx.desk.example with ESMTPS; "
        f"Tue, 24 Nov 2026 09:00:00 +0100\r\n"
        f"From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <{sender}>\r\n"
        f"To: Service Desk <support@desk.localhost>\r\n"
        f"Subject: =?utf-8?b?{encoded}?=\r\n"
        f"Date: Tue, 24 Nov 2026 09:00:00 +0100\r\n"
        f"Message-ID: <{message_id}>\r\n{extra}"
        f"MIME-Version: 1.0\r\nX-Mailer: Example Mail 16.0\r\n"
    ).encode()


def _part(draw: random.Random, content_type: str, text: str) -> bytes:
    charset, encoding = draw.choice(_CHARSETS), draw.choice(_ENCODINGS)
    raw = "\r\n".join(text[start : start + 70] for start in range(0, len(text), 70)).encode(charset) + b"\r\n"
    if encoding == "quoted-printable":
        raw = quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    elif encoding == "base64":
        raw = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    head = f"Content-Type: {content_type}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + raw


def _alternative(draw: random.Random, text: str) -> bytes:
    html = f"<html><body><p>{text}</p><p>Mit freundlichen Grüßen<br>Jürgen Müller</p></body></html>"
    return _multipart("alternative", [_part(draw, "text/plain", text), _part(draw, "text/html", html)])


def _with_attachment(draw: random.Random, text: str) -> bytes:
    payload = base64.encodebytes(draw.randbytes(50 * 1024)).replace(b"\n", b"\r\n")
    head = (
        b'Content-Type: application/pdf; name="Bericht.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="Bericht.pdf"\r\n\r\n'
    )
    return _multipart("mixed", [_part(draw, "text/plain", text), head + payload])


def _multipart(subtype: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{subtype}; boundary="=_b0"\r\n\r\n'.encode()
    return head + b"".join(b"--=_b0\r\n" + part + b"\r\n" for part in parts) + b"--=_b0--\r\n"


def _reply(draw: random.Random, answered: MixedMail, message_id: str, number: int) -> bytes:
    extra = f"In-Reply-To: <{answered.message_id}>\r\nReferences: <{answered.message_id}>\r\n"
    quoted = "\n".join(f"> {_text(draw, 10)}" for _ in range(12))
    charset = draw.choice(_CHARSETS)
    signed = "Mit freundlichen Grüßen\nJürgen Müller"
    body = f"{_text(draw, 25)}\n\n{signed}\n\nAm 24.11.2026 um 08:00 schrieb Support:\n{quoted}\n"
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    headers = _headers(answered.sender, message_id, f"AW: Anfrage {number}", extra)
    return headers + head + body.replace("\n", "\r\n").encode(charset)
