"""Mails come the ways they come in production and are tickets: by a real postfix, and from a real dovecot."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.actor import SYSTEM
from core.customers.model import contacts
from core.ids import MailboxId
from core.mail.mailboxes import Cursor, MailboxSecret, NewMailbox
from core.mail.model import MailboxTls, mailbox_cursors, raw_mails
from core.tickets.model import tickets
from tests.integration.ingest.imap.desk import eventually, mail
from tests.scenario.reception import DESK, Reception, reception, settings_for
from tests.services.dovecot import PASSWORD, Dovecot, private_dovecot
from tests.services.postfix import postfix_delivering_to, wait_for_log
from tests.services.postgres import StoppablePostgres
from tests.services.service import Service

pytestmark = pytest.mark.services

CURSOR_AND_TICKETS = select(
    select(func.coalesce(func.max(mailbox_cursors.c.last_uid), 0)).scalar_subquery().label("last_uid"),
    select(func.count()).select_from(tickets).scalar_subquery().label("opened"),
)
"""Both as of one instant."""


async def send(postfix: Service, raw: bytes) -> None:
    """Give a mail to postfix."""

    def submit() -> None:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=10) as client:
            client.sendmail("eva@customer.example", [DESK], raw)

    await asyncio.to_thread(submit)


async def log_has(postfix: Service, text: str, count: int = 1) -> None:
    await asyncio.to_thread(wait_for_log, postfix, text, count)


@pytest.mark.parametrize("channel", ["smtp", "lmtp"])
async def test_what_postfix_delivers_is_a_ticket_and_the_same_again_a_duplicate(desk: Reception, channel: str) -> None:
    port = desk.smtp_port if channel == "smtp" else desk.lmtp_port
    with postfix_delivering_to(channel, port) as postfix:
        await send(postfix, mail("Printer on fire"))
        await log_has(postfix, "status=sent")
        assert await desk.has_tickets(1)
        await send(postfix, mail("Printer on fire"))
        await log_has(postfix, "status=sent", 2)
        await log_has(postfix, "2.0.0 duplicate")
    assert await desk.outcomes() == ["ticket_opened", "duplicate"]
    (message,) = await desk.messages()
    assert (message.title, message.text.strip(), message.author_address) == (
        "Printer on fire",
        "Guten Tag",
        "eva@customer.example",
    )
    assert await desk.count(raw_mails, raw_mails.c.channel == channel) == 2
    assert await desk.count(contacts) == 1


async def test_while_postgres_is_stopped_mails_wait_in_postfix(
    stoppable_postgres: StoppablePostgres, tmp_path: Path
) -> None:
    async with reception(settings_for(stoppable_postgres.url, tmp_path / "data")) as desk:
        with postfix_delivering_to("smtp", desk.smtp_port) as postfix:
            await send(postfix, mail("Before"))
            await log_has(postfix, "status=sent")
            await asyncio.to_thread(stoppable_postgres.stop)
            assert await desk.deliver(mail("Direct")) == "451 4.3.0 The mail cannot be kept now, try again"
            await send(postfix, mail("Meanwhile"))
            await log_has(postfix, "status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.3.0")
            await asyncio.to_thread(stoppable_postgres.start)
            await log_has(postfix, "status=sent", 2)
        assert [message.title for message in await desk.messages()] == ["Before", "Meanwhile"]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with private_dovecot() as running:
        running.add_user("eva")
        yield running


async def test_what_is_in_a_mailbox_is_a_ticket_once_whatever_its_numbers(desk: Reception, dovecot: Dovecot) -> None:
    dovecot.deliver("eva", mail("Waiting"))
    mailbox_id = await add_mailbox(desk, dovecot)
    await eventually(partial(desk.has_tickets, 1), "the waiting mail is a ticket")
    dovecot.deliver("eva", mail("By idle"))
    await eventually(partial(desk.has_tickets, 2), "the fresh one too")
    before = await desk.parts.mailboxes.read_cursor(mailbox_id, "INBOX")
    assert before is not None
    assert before.last_uid == 2
    dovecot.renumber("eva", before.uidvalidity + 1)
    dovecot.deliver("eva", mail("Renumbered"))
    await eventually(partial(desk.has_tickets, 3), "the third one too")
    assert await desk.parts.mailboxes.read_cursor(mailbox_id, "INBOX") == Cursor(before.uidvalidity + 1, 3)
    assert await desk.outcomes() == ["ticket_opened"] * 2 + ["duplicate"] * 2 + ["ticket_opened"]


async def test_mails_and_cursor_move_in_one_transaction(desk: Reception, dovecot: Dovecot) -> None:
    """Watched from outside: whenever the cursor stands at a mail, that mail's ticket is there."""
    dovecot.add_user("otto")
    await add_mailbox(desk, dovecot, "otto")
    seen: set[tuple[int, int]] = set()

    async def is_consistent_to_the_end() -> bool:
        async with desk.parts.database.begin(SYSTEM) as work:
            found = (await work.execute(CURSOR_AND_TICKETS)).one()
            seen.add((found.last_uid, found.opened))
        return (20, 20) in seen

    for number in range(20):
        dovecot.deliver("otto", mail(f"Mail {number}"))
    await eventually(is_consistent_to_the_end, "all are tickets")
    assert all(uid == opened for uid, opened in seen)


async def add_mailbox(desk: Reception, dovecot: Dovecot, user: str = "eva") -> MailboxId:
    return await desk.parts.mailboxes.add_mailbox(
        SYSTEM,
        NewMailbox(
            name=user,
            host="127.0.0.1",
            port=dovecot.port,
            tls=MailboxTls.NONE,
            username=user,
            secret=MailboxSecret(password=PASSWORD),
        ),
    )
