"""A mailbox that fails holds up no other, is told once, and recovers by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.actor import SYSTEM
from core.database.engine import Database
from core.mail.mailbox_checks import check_mailboxes
from core.mail.mailboxes import MailboxSecret
from tests.integration.ingest.imap.desk import QUICK, Desk, KeptMails, eventually, mail
from tests.services.dovecot import PASSWORD, private_dovecot

pytestmark = pytest.mark.services


async def test_one_broken_mailbox_does_not_stop_the_others_zammad_3294(desk: Desk, user: str) -> None:
    broken = await desk.add_mailbox(user, name="A broken one", secret=MailboxSecret(password="wrong"))
    await desk.add_mailbox(user, name="B good one")
    desk.dovecot.deliver(user, mail("Gets in"))
    async with desk.reading(replace(QUICK, failing_seconds=0.0)):
        await eventually(lambda: desk.has_subjects("Gets in"), "the other is read")
        await eventually(lambda: desk.is_failing(broken), "the broken one is told")
        (problem,) = await check_mailboxes(desk.database, desk.database.clock.now())
        assert problem.mailbox == "A broken one"
        await eventually(lambda: desk.has_events("mailbox.failing"), "the failure is recorded")
        await desk.mailboxes.replace_secret(SYSTEM, broken, MailboxSecret(password=PASSWORD))
        await eventually(lambda: desk.has_events("mailbox.failing", "mailbox.recovered"), "it recovers")


async def test_a_killed_server_is_read_again_when_it_is_back(desk: Desk) -> None:
    with private_dovecot() as dovecot:
        alone = Desk(desk.database, dovecot)
        dovecot.add_user("eva")
        mailbox_id = await alone.add_mailbox("eva")
        async with alone.reading():
            await eventually(lambda: alone.is_well(mailbox_id), "the mailbox is read")
            dovecot.service.kill()
            dovecot.deliver("eva", mail("Meanwhile"))
            await eventually(lambda: alone.is_failing(mailbox_id), "the failure is noted")
            dovecot.service.start()
            await eventually(lambda: alone.has_subjects("Meanwhile"), "it is there")


async def test_two_pollers_do_not_read_one_mailbox_at_once_freescout_3186(desk: Desk, user: str) -> None:
    for number in range(100):
        desk.dovecot.deliver(user, mail(f"Mail {number}"))
    second = KeptMails(desk.database)
    other = Database(desk.database.url, desk.database.clock)
    await desk.add_mailbox(user)
    async with desk.reading(), desk.reading(kept=second, database=other):
        await eventually(lambda: desk.has_count(100), "all are there")
    assert {len(desk.kept.mails), len(second.mails)} == {0, 100}
    await other.aclose()
