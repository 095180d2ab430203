"""Use cases on mailboxes: set them up, keep their secrets and cursors, note how fetching goes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core.actor import SYSTEM, Actor
from core.audit.model import AuditAction
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput, NotFound
from core.identity.roles import Permission
from core.ids import MailboxId, new_uuid
from core.mail.events import MailboxFailing, MailboxRecovered
from core.mail.model import MailboxAuth, MailboxTls, mailbox_cursors, mailboxes

LONGEST_ERROR = 500


class Keyring(Protocol):
    """Encrypts secrets at rest. A token opens only with the context that it was made with."""

    def encrypt(self, text: str, context: str) -> str: ...

    def decrypt(self, token: str, context: str) -> str: ...


@dataclass(frozen=True, slots=True)
class MailboxSecret:
    """What proves to the mail server, or to the token endpoint, that we may read the mailbox."""

    password: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox to set up. `authserv_id` names the server whose Authentication-Results are believed, if any."""

    name: str
    host: str
    username: str
    secret: MailboxSecret
    port: int = 993
    tls: MailboxTls = MailboxTls.TLS
    auth: MailboxAuth = MailboxAuth.PASSWORD
    token_url: str | None = None
    client_id: str | None = None
    scope: str | None = None
    folders: tuple[str, ...] = ("INBOX",)
    authserv_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as stored, without its secret. `version` changes with its configuration, not with its health."""

    id: MailboxId
    name: str
    host: str
    port: int
    tls: MailboxTls
    username: str
    auth: MailboxAuth
    token_url: str | None
    client_id: str | None
    scope: str | None
    folders: tuple[str, ...]
    authserv_id: str | None
    is_enabled: bool
    last_success_at: datetime | None
    failing_since: datetime | None
    failures: int
    last_error: str | None
    needs_authorization: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read: all mails up to `last_uid` are committed, under this UIDVALIDITY (RFC 3501)."""

    uidvalidity: int
    last_uid: int


class Mailboxes:
    """The mailboxes of the desk."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def add_mailbox(self, actor: Actor, new: NewMailbox) -> MailboxId:
        """Set up a mailbox; it is fetched from then on, beginning with the oldest mail in its folders.

        Raises InvalidInput naming the field, AlreadyExists for a name in use, PermissionDenied.
        """
        actor.require(Permission.MAIL_MANAGE)
        _check(new)
        mailbox_id = MailboxId(new_uuid())
        async with self._database.begin(actor) as work:
            work.insert(
                mailboxes,
                {
                    "id": mailbox_id,
                    **_plain(new),
                    "secret_encrypted": self._seal(mailbox_id, new.secret),
                    "is_enabled": True,
                    "failures": 0,
                    "needs_authorization": False,
                    "version": 1,
                    "created_at": work.now,
                    "updated_at": work.now,
                },
            )
            work.audit(AuditAction.CREATE, "mailbox", mailbox_id, new=_plain(new))
        return mailbox_id

    async def replace_secret(self, actor: Actor, mailbox_id: MailboxId, secret: MailboxSecret) -> None:
        """Give the mailbox a new password or authorisation; it is tried at once. Raises NotFound."""
        actor.require(Permission.MAIL_MANAGE)
        async with self._database.begin(actor) as work:
            changed = await work.execute(
                update(mailboxes)
                .where(mailboxes.c.id == mailbox_id)
                .values(
                    secret_encrypted=self._seal(mailbox_id, secret),
                    needs_authorization=False,
                    version=mailboxes.c.version + 1,
                    updated_at=work.now,
                )
            )
            if not changed.rowcount:
                raise NotFound("mailbox", mailbox_id)
            work.audit(AuditAction.UPDATE, "mailbox", mailbox_id, new={"secret": "replaced"})

    async def disable(self, actor: Actor, mailbox_id: MailboxId) -> None:
        """Stop fetching the mailbox; its cursors stay. Raises NotFound."""
        await self._set_enabled(actor, mailbox_id, False)

    async def enable(self, actor: Actor, mailbox_id: MailboxId) -> None:
        """Fetch the mailbox again, from where it was left. Raises NotFound."""
        await self._set_enabled(actor, mailbox_id, True)

    async def list_mailboxes(self, *, enabled_only: bool = False) -> list[Mailbox]:
        """All mailboxes by name."""
        statement = select(mailboxes).order_by(mailboxes.c.name)
        if enabled_only:
            statement = statement.where(mailboxes.c.is_enabled)
        async with self._database.connect() as connection:
            return [_mailbox(row) for row in await connection.execute(statement)]

    async def get_mailbox(self, mailbox_id: MailboxId) -> Mailbox:
        """One mailbox. Raises NotFound."""
        async with self._database.connect() as connection:
            statement = select(mailboxes).where(mailboxes.c.id == mailbox_id)
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("mailbox", mailbox_id)
        return _mailbox(row)

    async def read_secret(self, mailbox_id: MailboxId) -> MailboxSecret:
        """The mailbox's secret as it is stored now. Raises NotFound."""
        async with self._database.connect() as connection:
            statement = select(mailboxes.c.secret_encrypted).where(mailboxes.c.id == mailbox_id)
            sealed = (await connection.execute(statement)).scalar_one_or_none()
        if sealed is None:
            raise NotFound("mailbox", mailbox_id)
        return self._open(mailbox_id, sealed)

    async def store_rotated_refresh_token(self, mailbox_id: MailboxId, used: str, rotated: str) -> None:
        """Replace the refresh token; it is committed when this returns, and only then may the access token be used.

        Where `used` is stored no longer, nothing is done: a person has authorised the mailbox anew meanwhile. The
        version stays: this is no change of configuration. Raises NotFound, Unavailable.
        """
        async with self._database.begin(SYSTEM) as work:
            statement = select(mailboxes.c.secret_encrypted).where(mailboxes.c.id == mailbox_id).with_for_update()
            sealed = (await work.execute(statement)).scalar_one_or_none()
            if sealed is None:
                raise NotFound("mailbox", mailbox_id)
            old = self._open(mailbox_id, sealed)
            if old.refresh_token != used:
                return
            secret = MailboxSecret(old.password, old.client_secret, rotated)
            await work.execute(
                update(mailboxes)
                .where(mailboxes.c.id == mailbox_id)
                .values(secret_encrypted=self._seal(mailbox_id, secret), updated_at=work.now)
            )

    async def record_success(self, mailbox_id: MailboxId) -> None:
        """All folders were read to their end: an episode of failure is over. Tells of it if the failure was told."""
        async with self._database.begin(SYSTEM) as work:
            statement = select(mailboxes).where(mailboxes.c.id == mailbox_id).with_for_update()
            before = (await work.execute(statement)).one_or_none()
            if before is None:
                return
            await work.execute(
                update(mailboxes)
                .where(mailboxes.c.id == mailbox_id)
                .values(
                    last_success_at=work.now,
                    failing_since=None,
                    failures=0,
                    last_error=None,
                    failure_reported_at=None,
                    needs_authorization=False,
                )
            )
            if before.failure_reported_at is not None:
                work.record(
                    MailboxRecovered(
                        subject_id=UUID(int=mailbox_id.int),
                        subject_version=before.version,
                        mailbox=before.name,
                        failing_since=before.failing_since,
                    )
                )

    async def record_failure(self, mailbox_id: MailboxId, error: str, *, needs_authorization: bool = False) -> int:
        """Note that fetching failed; returns how many times in a row it has. `error` is for people, without secrets."""
        async with self._database.begin(SYSTEM) as work:
            changed = await work.execute(
                update(mailboxes)
                .where(mailboxes.c.id == mailbox_id)
                .values(
                    failing_since=func.coalesce(mailboxes.c.failing_since, work.now),
                    failures=mailboxes.c.failures + 1,
                    last_error=error.replace("\x00", "")[:LONGEST_ERROR],
                    needs_authorization=mailboxes.c.needs_authorization | needs_authorization,
                )
                .returning(mailboxes.c.failures)
            )
            return int(changed.scalar_one_or_none() or 0)

    async def report_failing(self, *, failing: timedelta, silent: timedelta) -> int:
        """Record `mailbox.failing` for what fails longer than `failing` or was not read for longer than `silent`.

        Once an episode, however many processes ask. Returns how many were reported.
        """
        async with self._database.begin(SYSTEM) as work:
            rows = await work.execute(
                update(mailboxes)
                .where(
                    mailboxes.c.is_enabled,
                    mailboxes.c.failure_reported_at.is_(None),
                    or_(
                        mailboxes.c.failing_since <= work.now - failing,
                        func.coalesce(mailboxes.c.last_success_at, mailboxes.c.updated_at) <= work.now - silent,
                    ),
                )
                .values(failure_reported_at=work.now)
                .returning(mailboxes)
            )
            reported = rows.all()
            for row in reported:
                work.record(
                    MailboxFailing(
                        subject_id=UUID(int=row.id.int),
                        subject_version=row.version,
                        mailbox=row.name,
                        since=row.last_success_at or row.failing_since or row.created_at,
                        failures=row.failures,
                        error=row.last_error,
                        needs_authorization=row.needs_authorization,
                    )
                )
            return len(reported)

    async def read_cursor(self, mailbox_id: MailboxId, folder: str) -> Cursor | None:
        """How far the folder has been read; None if never."""
        async with self._database.connect() as connection:
            statement = select(mailbox_cursors).where(
                mailbox_cursors.c.mailbox_id == mailbox_id, mailbox_cursors.c.folder == folder
            )
            row = (await connection.execute(statement)).one_or_none()
        return Cursor(row.uidvalidity, row.last_uid) if row else None

    async def skip(self, mailbox_id: MailboxId, folder: str, cursor: Cursor) -> None:
        """Move the cursor without a mail, past one that nothing could be done with."""
        async with self._database.begin(SYSTEM) as work:
            await advance(work, mailbox_id, folder, cursor)

    async def _set_enabled(self, actor: Actor, mailbox_id: MailboxId, is_enabled: bool) -> None:
        actor.require(Permission.MAIL_MANAGE)
        async with self._database.begin(actor) as work:
            changed = await work.execute(
                update(mailboxes)
                .where(mailboxes.c.id == mailbox_id)
                .values(
                    is_enabled=is_enabled,
                    failing_since=None,
                    failures=0,
                    failure_reported_at=None,
                    version=mailboxes.c.version + 1,
                    updated_at=work.now,
                    # Silence while it was switched off is no failure.
                    last_success_at=None if is_enabled else mailboxes.c.last_success_at,
                )
            )
            if not changed.rowcount:
                raise NotFound("mailbox", mailbox_id)
            work.audit(AuditAction.UPDATE, "mailbox", mailbox_id, new={"is_enabled": is_enabled})

    def _seal(self, mailbox_id: MailboxId, secret: MailboxSecret) -> str:
        values = {"password": secret.password, "client_secret": secret.client_secret}
        text = orjson.dumps({**values, "refresh_token": secret.refresh_token}).decode()
        return self._keyring.encrypt(text, _context(mailbox_id))

    def _open(self, mailbox_id: MailboxId, sealed: str) -> MailboxSecret:
        return MailboxSecret(**orjson.loads(self._keyring.decrypt(sealed, _context(mailbox_id))))


async def advance(work: UnitOfWork, mailbox_id: UUID, folder: str, cursor: Cursor) -> None:
    """Move a folder's cursor in the transaction that holds its mails. It never goes back under one UIDVALIDITY."""
    new = insert(mailbox_cursors).values(
        mailbox_id=mailbox_id,
        folder=folder,
        uidvalidity=cursor.uidvalidity,
        last_uid=cursor.last_uid,
        updated_at=work.now,
    )
    await work.execute(
        new.on_conflict_do_update(
            index_elements=[mailbox_cursors.c.mailbox_id, mailbox_cursors.c.folder],
            set_={name: new.excluded[name] for name in ("uidvalidity", "last_uid", "updated_at")},
            where=or_(
                mailbox_cursors.c.uidvalidity != new.excluded.uidvalidity,
                and_(
                    mailbox_cursors.c.uidvalidity == new.excluded.uidvalidity,
                    mailbox_cursors.c.last_uid < new.excluded.last_uid,
                ),
            ),
        )
    )


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _check(new: NewMailbox) -> None:
    for name in ("name", "host", "username"):
        if not getattr(new, name).strip():
            raise InvalidInput("This must not be empty.", field=name)
    if not 1 <= new.port <= 65535:
        raise InvalidInput("A port is a number from 1 to 65535.", field="port")
    if not new.folders or not all(folder.strip() for folder in new.folders):
        raise InvalidInput("Name at least one folder, for example INBOX.", field="folders")
    if new.tls is MailboxTls.NONE and not is_loopback(new.host):
        raise InvalidInput("Without TLS a mailbox can only be read on this machine itself.", field="tls")
    if new.auth is MailboxAuth.PASSWORD:
        if not new.secret.password:
            raise InvalidInput("A password is needed.", field="secret")
        return
    if not new.client_id:
        raise InvalidInput("The id of the registered application is needed.", field="client_id")
    parts = urlsplit(new.token_url or "")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise InvalidInput("The address of the token endpoint (https://…) is needed.", field="token_url")
    if new.auth is MailboxAuth.XOAUTH2_CLIENT_CREDENTIALS and not new.secret.client_secret:
        raise InvalidInput("The client secret is needed.", field="secret")
    if new.auth is MailboxAuth.XOAUTH2_REFRESH_TOKEN and not new.secret.refresh_token:
        raise InvalidInput("A refresh token is needed.", field="secret")


def _plain(new: NewMailbox) -> dict[str, object]:
    return {
        "name": new.name.strip(),
        "host": new.host.strip(),
        "port": new.port,
        "tls": new.tls.value,
        "username": new.username,
        "auth": new.auth.value,
        "token_url": new.token_url,
        "client_id": new.client_id,
        "scope": new.scope,
        "folders": list(new.folders),
        "authserv_id": new.authserv_id,
    }


def _mailbox(row: Row[Any]) -> Mailbox:
    return Mailbox(
        id=MailboxId(UUID(int=row.id.int)),
        name=row.name,
        host=row.host,
        port=row.port,
        tls=MailboxTls(row.tls),
        username=row.username,
        auth=MailboxAuth(row.auth),
        token_url=row.token_url,
        client_id=row.client_id,
        scope=row.scope,
        folders=tuple(row.folders),
        authserv_id=row.authserv_id,
        is_enabled=row.is_enabled,
        last_success_at=row.last_success_at,
        failing_since=row.failing_since,
        failures=row.failures,
        last_error=row.last_error,
        needs_authorization=row.needs_authorization,
        version=row.version,
        created_at=row.created_at,
    )


def _context(mailbox_id: MailboxId) -> str:
    return f"mailbox:{mailbox_id}"
