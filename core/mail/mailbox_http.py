"""Routes of mailboxes. Secrets come in and never go out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from core.clock import Clock
from core.http.envelope import Document, Meta, Resource, document, resource
from core.http.identifiers import uuid_in_path
from core.http.route import Call, Input, Reply, Route
from core.identity.roles import Permission
from core.ids import MailboxId
from core.mail.mailboxes import Mailbox, Mailboxes, MailboxSecret, NewMailbox
from core.mail.model import MailboxAuth, MailboxTls

MANAGE = frozenset({Permission.MAIL_MANAGE})

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=10_000)]


class MailboxAttributes(BaseModel):
    """An IMAP account that is fetched, and how fetching goes."""

    name: str
    host: str
    port: int
    tls: MailboxTls
    username: str
    auth: MailboxAuth
    token_url: str | None
    client_id: str | None
    scope: str | None
    folders: list[str]
    authserv_id: str | None
    is_enabled: bool
    last_success_at: datetime | None
    failing_since: datetime | None
    failures: int
    last_error: str | None
    needs_authorization: bool
    version: int
    created_at: datetime


class MailboxList(BaseModel):
    """All mailboxes by name."""

    data: list[Resource[MailboxAttributes]]
    meta: Meta


class MailboxInput(Input):
    # Spaces at the ends of a password belong to it.
    model_config = ConfigDict(str_strip_whitespace=False)

    name: Text
    host: Text
    port: int = Field(993, ge=1, le=65535)
    tls: MailboxTls = MailboxTls.TLS
    username: Text
    auth: MailboxAuth = MailboxAuth.PASSWORD
    password: Secret | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    token_url: Url | None = Field(None, description="XOAUTH2: the token endpoint.")
    client_id: Text | None = Field(None, description="XOAUTH2: the id of the registered application.")
    scope: Url | None = Field(None, description="XOAUTH2: the scope.")
    folders: list[Text] = Field(["INBOX"], min_length=1, max_length=100)
    authserv_id: Text | None = Field(None, description="The server whose Authentication-Results are believed.")


def mailbox_routes(mailboxes: Mailboxes, clock: Clock) -> tuple[Route, ...]:
    """The routes of mailboxes."""
    api = _MailboxApi(mailboxes, clock)
    many, one, tag = "/api/v1/mailboxes", "/api/v1/mailboxes/{id}", "Mailboxes"
    shown = Document[MailboxAttributes]
    return (
        Route("GET", many, "List mailboxes", api.list_mailboxes, MANAGE, MailboxList, tag=tag),
        Route("POST", many, "Add a mailbox", api.add_mailbox, MANAGE, shown, status=201, tag=tag, body=MailboxInput),
        Route("POST", one + "/disable", "Stop fetching a mailbox", api.disable, MANAGE, shown, tag=tag),
        Route("POST", one + "/enable", "Fetch a mailbox again, where it was left", api.enable, MANAGE, shown, tag=tag),
    )


class _MailboxApi:
    def __init__(self, mailboxes: Mailboxes, clock: Clock) -> None:
        self._mailboxes = mailboxes
        self._clock = clock

    async def list_mailboxes(self, call: Call) -> Reply:
        call.actor.require(Permission.MAIL_MANAGE)
        found = await self._mailboxes.list_mailboxes()
        return Reply({"data": [_mailbox(each) for each in found], "meta": {"timestamp": self._clock.now()}})

    async def add_mailbox(self, call: Call) -> Reply:
        sent = call.body(MailboxInput)
        secrets = ("password", "client_secret", "refresh_token")
        plain = sent.model_dump(exclude=set(secrets)) | {"folders": tuple(sent.folders)}
        secret = MailboxSecret(**{name: _revealed(getattr(sent, name)) for name in secrets})
        return await self._reply(await self._mailboxes.add_mailbox(call.actor, NewMailbox(**plain, secret=secret)), 201)

    async def disable(self, call: Call) -> Reply:
        mailbox_id = MailboxId(uuid_in_path(call, "id", "mailbox"))
        await self._mailboxes.disable(call.actor, mailbox_id)
        return await self._reply(mailbox_id)

    async def enable(self, call: Call) -> Reply:
        mailbox_id = MailboxId(uuid_in_path(call, "id", "mailbox"))
        await self._mailboxes.enable(call.actor, mailbox_id)
        return await self._reply(mailbox_id)

    async def _reply(self, mailbox_id: UUID, status: int = 200) -> Reply:
        shown = await self._mailboxes.get_mailbox(MailboxId(mailbox_id))
        return Reply(document(_mailbox(shown), self._clock.now()), status)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    return resource("mailbox", asdict(mailbox), MailboxAttributes)
