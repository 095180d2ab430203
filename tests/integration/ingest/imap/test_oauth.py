"""Mailboxes that are read with access tokens: a real dovecot asks the same authorisation server as we do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from core.actor import SYSTEM
from core.database.engine import Database
from core.ids import MailboxId
from core.mail.mailbox_checks import check_mailboxes
from core.mail.mailboxes import MailboxSecret
from core.mail.model import MailboxAuth
from tests.integration.ingest.imap.desk import QUICK, Desk, eventually, mail
from tests.services.dovecot import Dovecot, private_dovecot
from tests.services.token_server import CLIENT_SECRET, TokenServer, token_server

pytestmark = pytest.mark.services

USER = "eva"
PATIENT = replace(QUICK, first_login_retry_seconds=300.0, longest_retry_seconds=300.0)
"""After a refused log-in nothing is tried again for longer than a test lasts."""


class Office(Desk):
    """A desk whose dovecot lets in who has a token of `tokens`."""

    def __init__(self, database: Database, dovecot: Dovecot, tokens: TokenServer) -> None:
        super().__init__(database, dovecot)
        self.tokens = tokens

    async def add_client_mailbox(self) -> MailboxId:
        """A mailbox of USER that is read by client credentials."""
        return await self._add(MailboxAuth.XOAUTH2_CLIENT_CREDENTIALS, MailboxSecret(client_secret=CLIENT_SECRET))

    async def add_personal_mailbox(self) -> MailboxId:
        """A mailbox of USER that a person has authorised."""
        return await self._add(MailboxAuth.XOAUTH2_REFRESH_TOKEN, self.personal_secret())

    def personal_secret(self) -> MailboxSecret:
        return MailboxSecret(client_secret=CLIENT_SECRET, refresh_token=self.tokens.authorize(USER))

    async def _add(self, auth: MailboxAuth, secret: MailboxSecret) -> MailboxId:
        return await self.add_mailbox(
            USER, auth=auth, secret=secret, token_url=self.tokens.token_url, client_id=USER, scope="imap"
        )

    async def needs_authorization(self, mailbox_id: MailboxId) -> bool:
        return (await self.get_mailbox(mailbox_id)).needs_authorization


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with token_server() as tokens:
        with private_dovecot(introspection_url=tokens.introspection_url) as dovecot:
            dovecot.add_user(USER)
            yield Office(database, dovecot, tokens)


async def test_client_credentials_let_us_in(office: Office) -> None:
    office.dovecot.deliver(USER, mail("Waiting"))
    mailbox_id = await office.add_client_mailbox()
    async with office.reading():
        await eventually(lambda: office.has_subjects("Waiting"), "the waiting mail is there")
        office.dovecot.deliver(USER, mail("Fresh"))
        await eventually(lambda: office.has_subjects("Waiting", "Fresh"), "the fresh one too")
        await eventually(lambda: office.is_well(mailbox_id), "the mailbox is well")
    assert office.tokens.grants == ["client_credentials"]


async def test_a_rotated_refresh_token_is_stored_before_use_and_survives_a_restart_zammad_3411(office: Office) -> None:
    mailbox_id = await office.add_personal_mailbox()
    for number in range(3):
        async with office.reading():
            office.dovecot.deliver(USER, mail(f"Mail {number}"))
            await eventually(partial(office.has_count, number + 1), "the mail is there")
            stored = await office.mailboxes.read_secret(mailbox_id)
            assert [stored.refresh_token] == office.tokens.refresh_tokens
    assert office.tokens.grants == ["refresh_token"] * 3


async def test_a_late_rotation_does_not_undo_a_new_authorization(office: Office) -> None:
    mailbox_id = await office.add_personal_mailbox()
    used = (await office.mailboxes.read_secret(mailbox_id)).refresh_token or ""
    new = office.personal_secret()
    await office.mailboxes.replace_secret(SYSTEM, mailbox_id, new)
    await office.mailboxes.store_rotated_refresh_token(mailbox_id, used, "rotated from the old one")
    assert await office.mailboxes.read_secret(mailbox_id) == new


async def test_a_kept_token_that_is_refused_is_replaced_at_once(office: Office) -> None:
    mailbox_id = await office.add_client_mailbox()
    async with office.reading(PATIENT):
        await eventually(lambda: office.is_well(mailbox_id), "the mailbox is read")
        office.tokens.revoke_access_tokens()
        office.dovecot.service.restart()
        office.dovecot.deliver(USER, mail("After"))
        await eventually(lambda: office.has_subjects("After"), "the mail is there")
    assert len(office.tokens.grants) == 2


async def test_a_fresh_token_that_is_refused_is_not_asked_for_again_at_once(office: Office) -> None:
    mailbox_id = await office.add_mailbox(
        USER,
        auth=MailboxAuth.XOAUTH2_CLIENT_CREDENTIALS,
        secret=MailboxSecret(client_secret=CLIENT_SECRET),
        token_url=office.tokens.token_url,
        client_id="somebody-else",
    )
    async with office.reading(PATIENT):
        await eventually(lambda: office.is_failing(mailbox_id), "the failure is noted")
    assert "refuses the login" in ((await office.get_mailbox(mailbox_id)).last_error or "")
    assert office.tokens.asked == 1


async def test_an_ended_authorization_is_told_and_mended_by_a_new_one(office: Office) -> None:
    mailbox_id = await office.add_personal_mailbox()
    office.tokens.revoke_refresh_tokens()
    office.dovecot.deliver(USER, mail("Waiting"))
    async with office.reading(PATIENT):
        await eventually(lambda: office.needs_authorization(mailbox_id), "a person is called for")
        (problem,) = await check_mailboxes(office.database, office.database.clock.now())
        assert (problem.mailbox, "invalid_grant" in problem.problem) == (USER, True)
        assert problem.mend.startswith("Authorise it anew")
        await office.mailboxes.replace_secret(SYSTEM, mailbox_id, office.personal_secret())
        await eventually(lambda: office.has_subjects("Waiting"), "the mail is there")
        await eventually(lambda: office.is_well(mailbox_id), "the mailbox is well")
    assert await check_mailboxes(office.database, office.database.clock.now()) == []


async def test_a_token_endpoint_that_is_down_holds_up_its_own_mailbox_only_zammad_3294(office: Office) -> None:
    office.tokens.is_down = True
    office.dovecot.add_user("otto")
    held_up = await office.add_client_mailbox()
    await office.add_mailbox("otto")
    office.dovecot.deliver(USER, mail("Held up"))
    async with office.reading():
        await eventually(lambda: office.is_failing(held_up), "the failure is noted")
        assert not await office.needs_authorization(held_up)
        office.dovecot.deliver("otto", mail("Gets in"))
        await eventually(lambda: office.has_subjects("Gets in"), "the other mailbox is read")
        asked = office.tokens.asked

        async def was_asked_again() -> bool:
            return office.tokens.asked > asked

        await eventually(was_asked_again, "it is tried again")
        office.tokens.is_down = False
        await eventually(lambda: office.has_subjects("Gets in", "Held up"), "it is read when the endpoint is back")
