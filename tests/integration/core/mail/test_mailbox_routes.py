"""Mailboxes, through their routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select

from core.audit.model import audit_log
from core.blobs.folder import FolderBlobs
from core.clock import SystemClock
from core.database.engine import Database
from core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from core.http.failures import RequestInvalid
from core.identity.roles import Role
from core.ids import MailboxId, new_uuid
from core.mail.http import routes
from core.mail.mailboxes import Mailboxes, MailboxSecret
from core.mail.model import mailboxes as mailbox_table
from core.mail.queries import MailRecords
from core.secrets import KEY_BYTES, Keyring
from tests.integration.core.calling import Api, user_of

ADMIN = user_of(Role.TENANT_ADMIN)
PATH = "/api/v1/mailboxes"
PASSWORD = " pass  word "
DESK = {"name": "Desk", "host": "imap.example.com", "username": "desk@example.com"}
TOKEN = {
    **DESK,
    "auth": "xoauth2_refresh_token",
    "client_id": "app",
    "client_secret": "client-secret-4711",
    "refresh_token": "refresh-token-4711",
    "token_url": "https://login.example.com/token",
}


@pytest.fixture
def mailboxes(database: Database) -> Mailboxes:
    return Mailboxes(database, Keyring(bytes(KEY_BYTES)))


@pytest.fixture
async def api(database: Database, mailboxes: Mailboxes, tmp_path: Path) -> AsyncIterator[Api]:
    blobs = FolderBlobs(tmp_path)
    yield Api(routes(MailRecords(database, blobs), mailboxes, SystemClock()))
    await blobs.aclose()


async def test_secrets_are_taken_as_they_are_and_never_given_back(
    api: Api, database: Database, mailboxes: Mailboxes
) -> None:
    made = await api.call(ADMIN, f"POST {PATH}", DESK | {"password": PASSWORD, "folders": ["INBOX", "Support"]})
    other = await api.call(ADMIN, f"POST {PATH}", TOKEN | {"name": "Modern"})
    listed = await api.call(ADMIN, f"GET {PATH}")
    assert listed["data"] == [made["data"], other["data"]]
    assert made["data"]["attributes"]["folders"] == ["INBOX", "Support"]
    assert (made["data"]["attributes"]["port"], made["data"]["attributes"]["is_enabled"]) == (993, True)
    assert await mailboxes.read_secret(MailboxId(UUID(made["data"]["id"]))) == MailboxSecret(password=PASSWORD)
    secret = await mailboxes.read_secret(MailboxId(UUID(other["data"]["id"])))
    assert (secret.client_secret, secret.refresh_token) == ("client-secret-4711", "refresh-token-4711")
    async with database.connect() as connection:
        stored = (await connection.execute(select(mailbox_table.c.secret_encrypted))).scalars().all()
        audited = (await connection.execute(select(audit_log.c.changes))).scalars().all()
    for told in (made, other, listed, audited):
        text = orjson.dumps(told).decode()
        assert "word " not in text
        assert "4711" not in text
        assert "secret" not in text.replace("xoauth2_client_secret", "")
        assert all(sealed not in text for sealed in stored)


async def test_a_mailbox_is_stopped_and_taken_up_again(api: Api) -> None:
    made = (await api.call(ADMIN, f"POST {PATH}", DESK | {"password": PASSWORD}))["data"]
    stopped = (await api.call(ADMIN, f"POST {PATH}/{made['id']}/disable"))["data"]["attributes"]
    assert (stopped["is_enabled"], stopped["version"]) == (False, 2)
    assert (await api.call(ADMIN, f"POST {PATH}/{made['id']}/enable"))["data"]["attributes"]["is_enabled"] is True
    for reference in (new_uuid(), "nonsense"):
        for action in ("enable", "disable"):
            with pytest.raises(NotFound):
                await api.call(ADMIN, f"POST {PATH}/{reference}/{action}")


async def test_a_mailbox_that_cannot_be_is_refused(api: Api) -> None:
    await api.call(ADMIN, f"POST {PATH}", DESK | {"password": PASSWORD})
    with pytest.raises(AlreadyExists):
        await api.call(ADMIN, f"POST {PATH}", DESK | {"password": PASSWORD})
    for wrong in ({}, {"password": PASSWORD, "tls": "none"}, TOKEN | {"token_url": "http://login.example.com/token"}):
        with pytest.raises(InvalidInput) as refused:
            await api.call(ADMIN, f"POST {PATH}", DESK | {"name": "Other"} | wrong)
        assert refused.value.field in ("secret", "tls", "token_url")
    malformed: tuple[dict[str, object], ...] = (
        {"password": ""},
        {"port": 0},
        {"folders": []},
        {"secret_encrypted": "x"},
    )
    for fields in malformed:
        with pytest.raises(RequestInvalid) as invalid:
            await api.call(ADMIN, f"POST {PATH}", {**DESK, "password": PASSWORD, **fields})
        assert PASSWORD.strip() not in repr(invalid.value.problems)


@pytest.mark.parametrize("role", [Role.TECHNICIAN_L1, Role.SECURITY_ADMIN, Role.CUSTOMER_ADMIN])
async def test_only_those_who_manage_mail_see_mailboxes(api: Api, role: Role) -> None:
    actor = user_of(role, new_uuid() if role.is_customer else None)
    for request in (f"GET {PATH}", f"POST {PATH}/{new_uuid()}/disable", f"POST {PATH}/{new_uuid()}/enable"):
        with pytest.raises(PermissionDenied):
            await api.call(actor, request)
    with pytest.raises(PermissionDenied):
        await api.call(actor, f"POST {PATH}", DESK | {"password": PASSWORD})
