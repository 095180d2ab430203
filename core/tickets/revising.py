"""What was said and then changed or taken back, where it was said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from core.actor import Actor, ActorKind
from core.audit.model import AuditAction
from core.database.unit_of_work import UnitOfWork
from core.errors import NotFound, PermissionDenied
from core.ids import MessageId, TicketId, new_uuid
from core.tickets.changing import tell_update
from core.tickets.locking import hold_ticket, ref_of
from core.tickets.model import message_revisions, messages
from core.tickets.queries import message_scope
from core.tickets.rules import MessageKind
from core.tickets.writing import TicketRef, touch_ticket


async def revise(work: UnitOfWork, message_id: MessageId, text: str | None) -> TicketRef:
    """Change a message, or take it back (`text` None). What went out by mail stays as it went out."""
    statement = select(messages.c.ticket_id).where(messages.c.id == message_id, message_scope(work.actor))
    ticket_id = (await work.execute(statement)).scalar_one_or_none()
    if ticket_id is None:
        raise NotFound("message", message_id)
    row = await hold_ticket(work, TicketId(ticket_id))
    ticket = ref_of(row)
    said = (await work.execute(select(messages).where(messages.c.id == message_id))).one()
    _require_author(work.actor, said)
    if said.deleted_at is not None or text == said.text:
        return ticket
    was_mailed = said.kind == MessageKind.PUBLIC.value and (not said.is_inbound or said.raw_mail_id is not None)
    work.insert(
        message_revisions,
        {
            "id": new_uuid(),
            "message_id": message_id,
            "text": text if was_mailed and text is not None else said.text,
            "is_deletion": text is None,
            "author_user_id": work.actor.user_id,
            "created_at": work.now,
        },
    )
    change: dict[str, object] = {"edited_at": work.now}
    if not was_mailed:
        # What is taken back is not shown any more, by whatever reads messages.
        change = {"deleted_at": work.now, "text": ""} if text is None else {"edited_at": work.now, "text": text}
    await work.execute(update(messages).where(messages.c.id == message_id).values(change))
    # The description of a ticket is its first message.
    is_opening = not was_mailed and row.description == said.text
    described = {"description": text or ""} if is_opening else {}
    after = await touch_ticket(work, ticket, status=ticket.status, changes=described)
    action = AuditAction.DELETE if text is None else AuditAction.UPDATE
    work.audit(action, "message", message_id, new={"ticket_id": ticket.id, "was_mailed": was_mailed})
    tell_update(work, after, *sorted(described), "messages")
    return after


def _require_author(actor: Actor, said: Row[Any]) -> None:
    """Raise PermissionDenied unless the actor said it: nobody changes what another said."""
    if actor.kind is ActorKind.USER:
        is_author = said.author_user_id == actor.user_id
    elif actor.kind is ActorKind.CONTACT and actor.email is not None:
        is_author = said.author_user_id is None and said.author_address == actor.email.lower()
    elif actor.kind is ActorKind.CONTACT:
        # Nothing but the name is known of one without an address; the surface lets only the author edit.
        is_author = (said.author_user_id, said.author_address, said.author_name) == (None, None, actor.name)
    else:
        is_author = True
    if not is_author or said.kind == MessageKind.SYSTEM.value:
        raise PermissionDenied("You change only what you said yourself.")
