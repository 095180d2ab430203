"""Replies that their author looks at once more before they go out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from core.database.unit_of_work import UnitOfWork
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import DraftId, MessageId, new_uuid
from core.tickets.locking import hold_ticket, refuse_merged
from core.tickets.model import reply_drafts
from core.tickets.queries import TicketReference


async def write_draft(work: UnitOfWork, reference: TicketReference, text: str) -> DraftId:
    """Keep a text that its author may send. Raises Conflict on a merged ticket, InvalidInput for no text."""
    row = await hold_ticket(work, reference)
    refuse_merged(row)
    if not text.strip():
        raise InvalidInput("Say what you want to reply.", field="text")
    draft_id = DraftId(new_uuid())
    own = {"user_id": work.actor.user_id, "created_at": work.now}
    work.insert(reply_drafts, {"id": draft_id, "ticket_id": row.id, "text": text, **own})
    return draft_id


async def hold_draft(work: UnitOfWork, draft_id: DraftId) -> Row[Any]:
    """One's own draft, held. Raises NotFound, Conflict for one that was sent or thrown away."""
    d = reply_drafts.c
    statement = select(reply_drafts).where(d.id == draft_id, d.user_id == work.actor.user_id).with_for_update()
    draft = (await work.execute(statement)).one_or_none()
    if draft is None:
        raise NotFound("draft", draft_id)
    if draft.settled_at is not None:
        raise Conflict("This reply was sent already." if draft.message_id else "This reply was thrown away.")
    return draft


async def settle_draft(work: UnitOfWork, draft_id: DraftId, message_id: MessageId | None) -> None:
    """Note that the draft was sent as this message, or thrown away."""
    await work.flush()
    await work.execute(
        update(reply_drafts).where(reply_drafts.c.id == draft_id).values(settled_at=work.now, message_id=message_id)
    )
