"""How mails leave us, whatever carries them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.mail.outgoing import DueMail


class DeliveryOutcome(StrEnum):
    TAKEN = "taken"
    REFUSED_FOR_NOW = "refused_for_now"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the next server did with a mail, and its words for it."""

    outcome: DeliveryOutcome
    answer: str


class MailSession(Protocol):
    """A connection for a few mails, one after the other."""

    async def deliver(self, mail: DueMail) -> Delivery:
        """Hand over one mail. Raises Unavailable if the connection broke; the mail may have gone out or not."""
        ...


class MailTransport(Protocol):
    """Makes sessions."""

    def open(self) -> AbstractAsyncContextManager[MailSession]:
        """A session; raises Unavailable where there is none to be had now, and never while closing it."""
        ...
