"""Identifiers. Keys are UUIDv7 (RFC 9562), made by the application: ordered by time, known before the insert."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

import uuid_utils.compat

ArrivalId = NewType("ArrivalId", UUID)
AttachmentId = NewType("AttachmentId", UUID)
CardId = NewType("CardId", UUID)
ChatAccountId = NewType("ChatAccountId", UUID)
ChatDeliveryId = NewType("ChatDeliveryId", UUID)
ContactId = NewType("ContactId", UUID)
ConversationId = NewType("ConversationId", UUID)
CustomerId = NewType("CustomerId", UUID)
DraftId = NewType("DraftId", UUID)
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
