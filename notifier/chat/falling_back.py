"""What was meant for one person's eyes goes by mail when the desk cannot reach them in chat any more."""

from __future__ import annotations

import structlog
from sqlalchemy import exists, select

from bot.render.plain import plain_text
from bot.views.card import Card
from core.chat.model import chat_accounts, chat_conversations
from core.chat.rules import ConversationKind, DeliveryKind, Surface
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.ids import TicketNumber, new_uuid
from core.mail.addresses import is_writable
from core.mail.compose import Desk, Draft, compose
from core.mail.outgoing import queue_mail
from core.tickets.model import tickets
from notifier.chat.queue import DueDelivery

log = structlog.get_logger(__name__)


async def mail_instead(work: UnitOfWork, desk: Desk, due: DueDelivery) -> bool:
    """Mail a notice about a ticket to the user whom it was for; says whether that was done.

    Only what never changes is mailed, only to people of the desk, and only to who has no other chat than the console.
    Queued with the conversation's end, so it goes out once.
    """
    is_notice = due.kind is DeliveryKind.POST and due.card is None and due.content is not None
    if not is_notice or due.ticket_id is None or due.conversation.kind is not ConversationKind.PERSONAL:
        return False
    address = await _find_address(work, due)
    if address is None or not is_writable(address, desk.address):
        return False
    ticket = (await work.execute(select(tickets.c.number, tickets.c.title).where(tickets.c.id == due.ticket_id))).one()
    draft = Draft(
        number=TicketNumber(ticket.number),
        subject=ticket.title,
        text=plain_text(Card.model_validate(due.content)),
        to=(address,),
        is_automatic=True,
    )
    await queue_mail(work, compose(desk, draft, new_uuid(), work.now), address, due.ticket_id, None)
    log.info("chat_notice_mailed", delivery_id=str(due.id), ticket=ticket.number)
    return True


async def _find_address(work: UnitOfWork, due: DueDelivery) -> str | None:
    """The address of the conversation's owner: at work at the desk, and to be reached in no other chat."""
    a, c, other = chat_accounts.c, chat_conversations.c, chat_accounts.alias("other")
    elsewhere = exists().where(
        other.c.user_id == users.c.id,
        other.c.surface != Surface.CONSOLE.value,
        c.account_id == other.c.id,
        c.kind == ConversationKind.PERSONAL.value,
        c.dropped_at.is_(None),
        c.id != due.conversation.id,
    )
    owner = (
        select(users.c.email)
        .join(chat_accounts, a.user_id == users.c.id)
        .where(
            a.id == due.conversation.account_id,
            users.c.customer_id.is_(None),
            users.c.is_active,
            users.c.deleted_at.is_(None),
            ~elsewhere,
        )
    )
    found = (await work.execute(owner)).scalar_one_or_none()
    return None if found is None else str(found)
