"""What is in a mailbox gets in: all of it, once, at once, whatever people do with it meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest

from core.actor import SYSTEM
from core.mail.mailboxes import Cursor
from core.mail.model import MailboxTls
from ingest.imap.fetched import FetchProblem
from ingest.imap.reading import BatchLimits
from tests.integration.ingest.imap.desk import QUICK, Desk, eventually, mail
from tests.services.dovecot import private_dovecot

pytestmark = pytest.mark.services


async def test_new_mail_is_there_by_idle_in_well_under_a_second(desk: Desk, user: str) -> None:
    mailbox_id = await desk.add_mailbox(user, tls=MailboxTls.TLS, port=desk.dovecot.tls_port)
    async with desk.reading():
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is read")
        delays = []
        for number in range(5):
            raw = mail(f"Printer {number}")
            delivered_at = time.monotonic()
            desk.dovecot.deliver(user, raw)
            await eventually(partial(desk.has_count, number + 1), "the mail is there")
            delays.append(desk.kept.kept_at[raw] - delivered_at)
    # Half a second of it is dovecot itself, which waits for more before it tells.
    assert sorted(delays)[2] < 0.9


async def test_500_mails_that_wait_at_the_first_start_come_in_order(desk: Desk, user: str) -> None:
    for number in range(500):
        desk.dovecot.deliver(user, mail(f"Mail {number}", body="Der Drucker druckt nicht.\n" * 100))
    await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.has_count(500), "all are there")
    uids = [fetched.uid for fetched in desk.kept.mails]
    assert uids == list(range(1, 501))
    assert len(desk.kept.batches) == 10


async def test_another_uidvalidity_brings_no_mail_twice_and_loses_none(desk: Desk, user: str) -> None:
    desk.dovecot.deliver(user, mail("One"))
    desk.dovecot.deliver(user, mail("Two"))
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.has_subjects("One", "Two"), "both are there")
        desk.dovecot.renumber(user, 4711)
        desk.dovecot.deliver(user, mail("Three"))
        await eventually(lambda: desk.has_subjects("One", "Two", "Three"), "the third is there")
    assert await desk.mailboxes.read_cursor(mailbox_id, "INBOX") == Cursor(4711, 3)
    assert len(desk.kept.mails) >= 5


async def test_a_mail_that_somebody_has_read_already_comes_in_freescout_3406(desk: Desk, user: str) -> None:
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is read")
        desk.dovecot.deliver(user, mail("Seen by a human"), seen=True)
        await eventually(lambda: desk.has_subjects("Seen by a human"), "it is there")


async def test_reading_changes_nothing_in_the_mailbox(desk: Desk, user: str) -> None:
    desk.dovecot.deliver(user, mail("Untouched"))
    await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.has_subjects("Untouched"), "it is there")
    flags = desk.dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX", "all")
    assert "Seen" not in flags


async def test_an_empty_message_id_does_not_stop_the_batch_freescout_4740(desk: Desk, user: str) -> None:
    desk.dovecot.deliver(user, mail("Before"))
    desk.dovecot.deliver(user, mail("Without", message_id=None))
    desk.dovecot.deliver(user, mail("Empty", message_id=None).replace(b"Subject:", b"Message-ID:\r\nSubject:"))
    desk.dovecot.deliver(user, b"\r\n")
    desk.dovecot.deliver(user, b"no mail at all \x00\xff")
    desk.dovecot.deliver(user, mail("After"))
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is read")
    assert len(desk.kept.mails) == 6
    assert {"Before", "Without", "Empty", "After"} < set(await desk.subjects())


async def test_a_mail_that_is_too_large_comes_as_its_header_and_holds_up_nobody(desk: Desk, user: str) -> None:
    limits = BatchLimits(largest_mail_bytes=10_000)
    desk.dovecot.deliver(user, mail("Small"))
    desk.dovecot.deliver(user, mail("Large", body="x" * 70 + "\n" + "y\n" * 20_000))
    desk.dovecot.deliver(user, mail("Next"))
    mailbox_id = await desk.add_mailbox(user, authserv_id="mx.customer.example")
    async with desk.reading(replace(QUICK, limits=limits)):
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is read")
    small, large, following = desk.kept.mails
    assert (small.problem, following.problem) == (None, None)
    assert large.problem is FetchProblem.TOO_LARGE
    assert large.size_bytes > 40_000
    assert large.raw.startswith(b"From: Eva")
    assert large.raw.endswith(b"\r\n\r\n")
    assert b"yy" not in large.raw
    assert large.authserv_id == "mx.customer.example"
    assert large.internal_date is not None
    assert large.internal_date.tzinfo is not None


async def test_a_poisonous_mail_is_parked_and_the_others_come_in(desk: Desk, user: str) -> None:
    for subject in ("First", "POISON", "Second", "DEADLY", "Third"):
        desk.dovecot.deliver(user, mail(subject))
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is read")
    assert await desk.subjects() == ["First", "POISON", "Second", "Third"]
    problems = {fetched.uid: fetched.problem for fetched in desk.kept.mails}
    assert problems == {1: None, 2: FetchProblem.POISONOUS, 3: None, 5: None}
    cursor = await desk.mailboxes.read_cursor(mailbox_id, "INBOX")
    assert cursor is not None
    assert cursor.last_uid == 5


async def test_a_mail_over_which_the_server_hangs_up_does_not_hold_up_the_others(desk: Desk, user: str) -> None:
    desk.dovecot.deliver(user, mail("Before"))
    desk.dovecot.deliver(user, mail("Broken on disk"), stated_size=5000)
    desk.dovecot.deliver(user, mail("After"))
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading(replace(QUICK, limits=BatchLimits(most_breaks=3))):
        await eventually(lambda: desk.has_kept(3), "all three are handed over")
        await eventually(lambda: desk.is_well(mailbox_id), "the mailbox is well again")
    assert "Before" in await desk.subjects()
    assert "After" in await desk.subjects()


async def test_gaps_and_mails_deleted_meanwhile_are_fine(desk: Desk, user: str) -> None:
    for number in range(1, 7):
        desk.dovecot.deliver(user, mail(f"Mail {number}"))
    desk.dovecot.expunge(user, "2,4,6")
    await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.has_subjects("Mail 1", "Mail 3", "Mail 5"), "what is left is there")
        desk.dovecot.expunge(user, "1:5")
        desk.dovecot.deliver(user, mail("Mail 7"))
        await eventually(lambda: desk.has_subjects("Mail 1", "Mail 3", "Mail 5", "Mail 7"), "the new one is there")


async def test_nothing_moves_on_while_mails_cannot_be_kept_freescout_5163(desk: Desk, user: str) -> None:
    desk.kept.away = True
    desk.dovecot.deliver(user, mail("Patient"))
    mailbox_id = await desk.add_mailbox(user)
    async with desk.reading():
        await eventually(lambda: desk.has_logged_in(user, 2), "it has been tried more than once")
        assert await desk.mailboxes.read_cursor(mailbox_id, "INBOX") is None
        assert not await desk.is_failing(mailbox_id)
        desk.kept.away = False
        await eventually(lambda: desk.has_subjects("Patient"), "it is there")


async def test_several_folders_are_read_and_a_missing_one_is_told(desk: Desk, user: str) -> None:
    desk.dovecot.doveadm("mailbox", "create", "-u", user, "Störungen")
    mailbox_id = await desk.add_mailbox(user, folders=("INBOX", "Störungen", "Nowhere"))
    async with desk.reading():
        desk.dovecot.deliver(user, mail("In the inbox"))
        await eventually(lambda: desk.has_subjects("In the inbox"), "the inbox is read")
        desk.dovecot.doveadm("move", "-u", user, "Störungen", "mailbox", "INBOX", "all")
        desk.dovecot.deliver(user, mail("Later"))
        await eventually(lambda: desk.has_subjects("In the inbox", "Later"), "the inbox is read again")
        await eventually(lambda: desk.has_kept(3), "the other folder is read as well")
        await eventually(lambda: desk.is_failing(mailbox_id), "the missing folder is told")
    assert "Nowhere" in ((await desk.get_mailbox(mailbox_id)).last_error or "")


async def test_a_server_without_idle_is_asked_again_and_again(desk: Desk) -> None:
    with private_dovecot(capability="IMAP4rev1 LITERAL+ UIDPLUS") as dovecot:
        poor = Desk(desk.database, dovecot)
        dovecot.add_user("eva")
        mailbox_id = await poor.add_mailbox("eva")
        async with poor.reading():
            await eventually(lambda: poor.is_well(mailbox_id), "the mailbox is read")
            dovecot.deliver("eva", mail("Polled"))
            await eventually(lambda: poor.has_subjects("Polled"), "it is there")


async def test_mailboxes_come_and_go_without_a_restart(desk: Desk, user: str) -> None:
    async with desk.reading():
        mailbox_id = await desk.add_mailbox(user, tls=MailboxTls.STARTTLS)
        desk.dovecot.deliver(user, mail("While it runs"))
        await eventually(lambda: desk.has_subjects("While it runs"), "the added mailbox is read")
        await desk.mailboxes.disable(SYSTEM, mailbox_id)
        await eventually(lambda: desk.has_no_session(user), "the disabled mailbox is left")
        desk.dovecot.deliver(user, mail("While disabled"))
        await desk.mailboxes.enable(SYSTEM, mailbox_id)
        await eventually(lambda: desk.has_subjects("While it runs", "While disabled"), "it goes on where it was left")
    assert len(desk.kept.mails) == 2
