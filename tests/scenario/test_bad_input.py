"""Mails that are broken, hostile or too much: what the sender hears, and what is kept."""

from __future__ import annotations

import io
import secrets
import zipfile
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from core.mail.model import raw_mails
from core.tickets.model import tickets
from tests.integration.ingest.imap.desk import mail
from tests.scenario.reception import DESK, Reception

OPENED = "250 2.0.0 ticket #"


async def test_a_mail_that_is_too_large_is_refused_and_nothing_is_kept(desk: Reception) -> None:
    largest = desk.parts.settings.smtp_max_message_bytes
    async with desk.client() as client:
        assert (await client.say(f"MAIL FROM:<eva@customer.example> SIZE={largest + 1}")).startswith("552 5.3.4")
        assert (await client.deliver(mail("Large", body="Wort\n" * (largest // 5)), DESK)).startswith("552 5.3.4")
        assert await desk.kept() == []
        assert (await client.deliver(mail("Small"), DESK)).startswith(OPENED)


async def test_recipients_past_the_limit_are_put_off_and_the_mail_is_taken_for_the_others(desk: Reception) -> None:
    async with desk.client() as client:
        assert (await client.say("MAIL FROM:<eva@customer.example>")).startswith("250 ")
        codes = []
        for start in range(0, 10_000, 500):
            numbers = range(start, start + 500)
            client.send("".join(f"RCPT TO:<r{number}@desk.example>\r\n" for number in numbers).encode())
            codes += [(await client.reply())[:9] for _ in numbers]
        assert codes == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 9_900
        assert (await client.say("DATA")).startswith("354 ")
        assert (await client.say(mail("To everybody") + b".")).startswith(OPENED)
    async with desk.parts.database.connect() as connection:
        (recipients,) = await connection.scalars(select(raw_mails.c.envelope_to))
    assert recipients == [f"r{number}@desk.example" for number in range(100)]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(mail("Nul", body="one\0two\n"), id="in the body"),
        pytest.param(
            b"From: E\0va <eva@customer.example>\r\nSubject: one\0two\r\nMessage-ID: <a\0b@c.example>\r\n"
            b"In-Reply-To: <d\0e@c.example>\r\nTo: x\0y@c.example\r\n\r\nText\r\n",
            id="in the header",
        ),
        pytest.param(
            b"From: eva@customer.example\r\nSubject: =?utf-8?q?one=00two?=\r\nMessage-ID: <nul@customer.example>\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>one=00two</p>\r\n"
            b"--b\r\nContent-Type: image/p\0ng\r\nContent-ID: <c\0d>\r\n"
            b'Content-Disposition: attachment; filename="=?utf-8?q?a=00b.png?="\r\n\r\n\0\0\r\n--b--\r\n',
            id="encoded and in files",
        ),
        pytest.param(b"From: =?utf-8?b?AAAA?= <=00@customer.example>\r\n\r\n=?utf-8?b?AAAA?=\r\n", id="in the sender"),
    ],
)
async def test_nul_bytes_do_not_keep_a_mail_from_its_ticket(desk: Reception, raw: bytes) -> None:
    assert (await desk.deliver(raw)).startswith(OPENED)
    await is_kept_as_sent(desk, raw)
    assert await desk.outcomes() == ["ticket_opened"]


async def test_a_mail_without_date_sender_and_id_is_a_ticket_of_triage_once(desk: Reception) -> None:
    raw = b"Subject: Nameless\r\n\r\nWho am I?\r\n"
    assert (await desk.deliver(raw)).startswith(OPENED)
    assert await desk.deliver(raw) == "250 2.0.0 duplicate"
    (message,) = await desk.messages()
    assert (message.title, message.author_address, message.sent_at) == ("Nameless", None, None)
    await is_kept_as_sent(desk, raw)


@pytest.mark.parametrize("raw", [b"\r\n", b"no mail at all\r\n", b"\xff\xfe\r\n\x80\r\n", b": : :\r\n\r\n"])
async def test_what_is_hardly_a_mail_is_taken_and_kept(desk: Reception, raw: bytes) -> None:
    assert (await desk.deliver(raw)).startswith("250 2.0.0 ")
    await is_kept_as_sent(desk, raw)


async def test_a_zip_bomb_is_kept_as_the_bytes_it_is(desk: Reception) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100_000_000))
    bomb = packed.getvalue()
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "eva@customer.example", "Offer", "<bomb@x.example>"
    message.set_content("See attached.\n")
    message.add_attachment(bomb, maintype="application", subtype="zip", filename="offer.zip")
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    assert (await desk.deliver(raw)).startswith(OPENED)
    (file,) = await desk.files()
    assert (file.filename, file.content_type, file.size_bytes) == ("offer.zip", "application/zip", len(bomb))
    assert await desk.parts.blobs.get(file.sha256) == bomb
    await is_kept_as_sent(desk, raw)


@pytest.mark.parametrize("charset", ["klingon", "", "\0", "utf-8; charset=x", "unicode-1-1-utf-7", "x" * 5000, "idna"])
async def test_an_invalid_charset_costs_no_text(desk: Reception, charset: str) -> None:
    raw = (
        "From: eva@customer.example\r\nSubject: Grüße\r\nMessage-ID: <charset@customer.example>\r\n"
        f'Content-Type: text/plain; charset="{charset}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Köln\r\n'
    ).encode()
    assert (await desk.deliver(raw)).startswith(OPENED)
    (message,) = await desk.messages()
    assert message.text.strip() == "Grüße aus Köln"
    await is_kept_as_sent(desk, raw)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("Message-ID: <{long}@x.example>", id="id"),
        pytest.param("In-Reply-To: <{long}@x.example>", id="in reply to"),
        pytest.param("References: <{long}@x.example>", id="references"),
        pytest.param("Subject: {long}", id="subject"),
        pytest.param("Cc: {long}@x.example", id="copied"),
        pytest.param("Sender: {long}@x.example", id="sender"),
        pytest.param("X-Long: {long}", id="other"),
    ],
)
async def test_a_field_without_measure_does_not_keep_a_mail_from_its_ticket(desk: Reception, field: str) -> None:
    """Random, so that it cannot be compressed: an index takes no entry over 2,700 bytes."""
    long = secrets.token_hex(15_000)
    raw = f"From: eva@customer.example\r\n{field.format(long=long)}\r\n\r\nText\r\n".encode()
    assert (await desk.deliver(raw)).startswith(OPENED)
    assert await desk.outcomes() == ["ticket_opened"]
    await is_kept_as_sent(desk, raw)


@pytest.mark.parametrize(
    "sender",
    [
        "root",
        "a@b",
        '"john doe"@customer.example',
        "ü@käse.example",
        "İSTANBUL@customer.example",
        "a@@b@c",
        "@",
        "\ud800@x",
        f"{secrets.token_hex(5000)}@x.example",
        f"{secrets.token_hex(5000)} <eva@customer.example>",
    ],
)
async def test_a_strange_sender_is_a_ticket(desk: Reception, sender: str) -> None:
    raw = f"From: {sender}\r\nSubject: Hello\r\n\r\nText\r\n".encode("utf-8", "surrogatepass")
    assert (await desk.deliver(raw)).startswith(OPENED)
    assert await desk.outcomes() == ["ticket_opened"]
    assert await desk.count(tickets) == 1
    await is_kept_as_sent(desk, raw)


async def is_kept_as_sent(desk: Reception, raw: bytes) -> None:
    """Below our own Received field, every byte."""
    kept = (await desk.kept())[0]
    assert kept.startswith(b"Received: from ")
    assert kept.endswith(b"\r\n" + raw)
