"""Mail that stays here: a Maildir instead of a mail server, for trying the product out."""

from __future__ import annotations

import asyncio
import mailbox
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.errors import Unavailable
from core.mail.outgoing import DueMail
from notifier.mail.transport import Delivery, DeliveryOutcome


class MaildirTransport:
    """Puts each mail into the Maildir `folder`, which is made if it is not there; any mail program can read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MaildirTransport]:
        yield self

    async def deliver(self, mail: DueMail) -> Delivery:
        try:
            key = await asyncio.to_thread(self._add, mail)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}.") from error
        return Delivery(DeliveryOutcome.TAKEN, key)

    def _add(self, mail: DueMail) -> str:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        traced = f"Return-Path: <{mail.envelope_from}>\r\nDelivered-To: {mail.recipient}\r\n".encode("ascii")
        return mailbox.Maildir(self._folder).add(traced + mail.content)
