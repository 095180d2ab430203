"""What mail programs and relays get wrong, through the listener and the real receiver into the ticket."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.customers.model import contacts
from core.tickets.model import tickets
from tests.integration.ingest.imap.desk import mail
from tests.scenario.reception import Reception, reception, settings_for

GREETING = "Grüße aus Köln: Tür & Schloß"


def eight_bit(declared: str | None, encoding: str, text: str) -> bytes:
    """A mail of bytes beyond ASCII in subject and body."""
    content_type = f'Content-Type: text/plain; charset="{declared}"\r\n' if declared else ""
    return (
        "From: Eva <eva@customer.example>\r\nTo: support@desk.example\r\n"
        f"Subject: {text}\r\nMessage-ID: <{encoding}@customer.example>\r\n"
        f"MIME-Version: 1.0\r\n{content_type}Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    ).encode(encoding)


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("iso-8859-1", "iso-8859-1", GREETING),
        ("windows-1252", "windows-1252", f"{GREETING} – 5 €"),
        ("iso-8859-1", "windows-1252", f"{GREETING} – 5 €"),
        ("us-ascii", "windows-1252", GREETING),
        ("us-ascii", "utf-8", GREETING),
        (None, "windows-1252", f"{GREETING} – 5 €"),
        (None, "iso-8859-1", GREETING),
        (None, "utf-8", f"{GREETING} – 5 €"),
    ],
)
async def test_umlauts_arrive_right_however_they_are_sent(
    desk: Reception, declared: str | None, encoding: str, text: str
) -> None:
    assert (await desk.deliver(eight_bit(declared, encoding, text))).startswith("250 2.0.0 ticket #")
    (message,) = await desk.messages()
    assert (message.title, message.text.strip()) == (text, text)


async def test_a_reply_finds_its_ticket_by_its_headers_alone(desk: Reception) -> None:
    await desk.deliver(mail("Printer on fire", message_id="<one@customer.example>"))
    reply = mail("Something else entirely", message_id="<two@customer.example>")
    told = await desk.deliver(b"In-Reply-To: <one@customer.example>\r\n" + reply)
    last = mail("And again", message_id="<three@customer.example>")
    assert await desk.deliver(b"References: <zero@x.example>\r\n <two@customer.example>\r\n" + last) == told
    assert len({message.number for message in await desk.messages()}) == 1
    assert await desk.outcomes() == ["ticket_opened", "reply_added", "reply_added"]


async def test_a_mail_that_is_sent_again_is_no_second_ticket(desk: Reception) -> None:
    raw = mail("Printer on fire")
    assert (await desk.deliver(raw)).startswith("250 2.0.0 ticket #")
    assert await desk.deliver(b"X-Relayed: again\r\n" + raw) == "250 2.0.0 duplicate"
    assert await desk.count(tickets) == 1
    assert [kept.endswith(raw) for kept in await desk.kept()] == [True, True]


async def test_the_same_mail_at_once_on_many_connections_is_one_ticket(desk: Reception) -> None:
    replies = await asyncio.gather(*(desk.deliver(mail("Printer on fire")) for _ in range(8)))
    assert sorted(replies)[:7] == ["250 2.0.0 duplicate"] * 7
    assert await desk.count(tickets) == 1


async def test_a_new_sender_at_once_through_two_receivers_is_one_contact(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        settings = settings_for(database_url, tmp_path)
        receptions = [await stack.enter_async_context(reception(settings)) for _ in range(2)]
        feeders = (
            receptions[number % 2].deliver(mail(f"Mail {number}", body=f"This is number {number}.\n"))
            for number in range(16)
        )
        replies = await asyncio.gather(*feeders)
        assert all(reply.startswith("250 2.0.0 ticket #") for reply in replies), replies
        assert len(set(replies)) == 16
        assert await receptions[0].count(tickets) == 16
        assert await receptions[0].count(contacts) == 1
        assert await receptions[0].outcomes() == ["ticket_opened"] * 16
