"""Identifiers. Keys are UUIDv7 (RFC 9562), made by the application: ordered by time, known before the insert."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

import uuid_utils.compat

AttachmentId = NewType("AttachmentId", UUID)
ContactId = NewType("ContactId", UUID)
CustomerId = NewType("CustomerId", UUID)
EventId = NewType("EventId", UUID)
MailboxId = NewType("MailboxId", UUID)
MessageId = NewType("MessageId", UUID)
OutgoingMailId = NewType("OutgoingMailId", UUID)
RawMailId = NewType("RawMailId", UUID)
ReceiptId = NewType("ReceiptId", UUID)
TicketId = NewType("TicketId", UUID)
TicketNumber = NewType("TicketNumber", int)
UserId = NewType("UserId", UUID)


def new_uuid() -> UUID:
    """A fresh UUIDv7."""
    return uuid_utils.compat.uuid7()
