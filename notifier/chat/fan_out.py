"""What events say in chat: cards are redrawn, and people are told what they should see without looking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select

from core.chat.cards import find_own_card
from core.chat.conversations import Conversation, conversation_of, keep_personal_conversation
from core.chat.deliveries import ShownView, queue_content, queue_first_card, queue_redraw, queue_view
from core.chat.messages import find_conversations_with
from core.chat.model import chat_accounts, chat_conversations, posted_cards
from core.chat.rules import ConversationPurpose, Surface
from core.database.unit_of_work import UnitOfWork
from core.identity.model import users
from core.identity.roles import ROLE_PERMISSIONS, Permission
from core.ids import CardId, ChatAccountId, MessageId, TicketId, UserId
from core.mail.events import MailboxFailing, MailboxRecovered
from core.messaging.event import Envelope, Event
from core.tickets.events import TicketAssigned, TicketCreated, TicketReplied
from core.tickets.model import attachments, messages, ticket_watchers, tickets
from core.tickets.rules import MessageKind, TicketSource
from notifier.chat.policy import THREADED, Happening, Reaction, happening_of, is_told_of_assignment, reaction_to
from notifier.chat.saying import Told, answered_card, mailbox_card, thread_card

CONSOLE_CHANNEL = "psa_console"
"""The LISTEN/NOTIFY channel on which the console's open pages hear a ticket's id."""

ANSWERED_FIRST = timedelta(seconds=1)
"""Who opened a ticket in chat is answered with its card; where that stands, a second one would say it twice."""

_CHAT_SOURCES: Final = frozenset({TicketSource.TEAMS, TicketSource.SLACK, TicketSource.CONSOLE})

_SEES_TICKETS: Final = [
    role.value for role, permissions in ROLE_PERMISSIONS.items() if Permission.TICKET_VIEW_ALL in permissions
]

TOPICS: Final = ("ticket.*", "mailbox.*")


@dataclass(frozen=True, slots=True)
class ChatOut:
    """What the desk needs to speak in chat by itself. `redraw_delay`: how long changes to a ticket are gathered."""

    public_url: str
    redraw_delay: timedelta

    def ticket_url(self, number: int) -> str:
        return f"{self.public_url.rstrip('/')}/console/tickets/{number}"


async def tell_in_chat(out: ChatOut, surface: Surface, envelope: Envelope, work: UnitOfWork) -> None:
    """Everything that an event means on one surface."""
    if envelope.name.startswith("ticket."):
        ticket_id = TicketId(envelope.read(Event).subject_id)
        delay = timedelta() if surface is Surface.CONSOLE else out.redraw_delay
        await queue_redraw(work, ticket_id, delay=delay, surface=surface)
        if surface is Surface.CONSOLE:
            await work.execute(select(func.pg_notify(CONSOLE_CHANNEL, str(ticket_id))))
    tell = _TELLERS.get(envelope.name)
    if tell is not None:
        await tell(out, surface, envelope, work)


async def _tell_created(out: ChatOut, surface: Surface, envelope: Envelope, work: UnitOfWork) -> None:
    """The ticket's card where it is to be triaged, but not twice where it was opened."""
    event = envelope.read(TicketCreated)
    ticket_id = TicketId(event.subject_id)
    said_in = await find_conversations_with(work.connection, MessageId(event.message_id))
    delay = ANSWERED_FIRST if event.source in _CHAT_SOURCES else timedelta()
    for conversation in await _find_conversations(work, surface, Happening.OPENED):
        if conversation.id in said_in or await find_own_card(work.connection, conversation.id, ticket_id):
            continue
        view = _own_view(event.number, ticket_id, conversation.language)
        await queue_first_card(work, conversation.id, view, delay=delay)


async def _tell_assigned(out: ChatOut, surface: Surface, envelope: Envelope, work: UnitOfWork) -> None:
    """The ticket's card for whom it was given to."""
    event = envelope.read(TicketAssigned)
    if not is_told_of_assignment(event.new, event.by):
        return
    for user_id, language, account_id in await _find_accounts(work, surface, {event.new}):
        conversation = await keep_personal_conversation(work, account_id)
        if conversation is not None:
            view = _own_view(event.number, TicketId(event.subject_id), language, user_id)
            await queue_view(work, conversation.id, view)


async def _tell_replied(out: ChatOut, surface: Surface, envelope: Envelope, work: UnitOfWork) -> None:
    """What was said, in every thread of the ticket where it does not stand yet; an answer also to those it concerns."""
    event = envelope.read(TicketReplied)
    happening = happening_of(event.kind, is_inbound=event.is_inbound, is_automatic=event.is_automatic)
    if happening is Happening.QUIET:
        return
    row = await _find_message(work, MessageId(event.message_id))
    if row is None:
        return
    told = Told(
        number=event.number,
        title=row.title,
        kind=MessageKind(row.kind),
        is_inbound=row.is_inbound,
        author_name=row.author_name,
        text=row.text,
        files=row.files,
        url=out.ticket_url(event.number),
    )
    ticket_id, message_id = TicketId(event.subject_id), MessageId(event.message_id)
    if surface is not Surface.CONSOLE:
        await _post_in_threads(work, surface, happening, told, ticket_id, message_id)
    if happening is Happening.SAID_BY_CUSTOMER:
        concerned = {row.assigned_to, *await _find_watchers(work, ticket_id)} - {event.author_user_id}
        for _, language, account_id in await _find_accounts(work, surface, concerned):
            conversation = await keep_personal_conversation(work, account_id)
            if conversation is not None:
                card = answered_card(told, language).model_dump(mode="json")
                await queue_content(work, conversation.id, card, ticket_id=ticket_id)


async def _tell_mailbox(out: ChatOut, surface: Surface, envelope: Envelope, work: UnitOfWork) -> None:
    failing = envelope.name == MailboxFailing.name
    event = envelope.read(MailboxFailing) if failing else envelope.read(MailboxRecovered)
    for conversation in await _find_conversations(work, surface, Happening.MAILBOX):
        await queue_content(work, conversation.id, mailbox_card(event, conversation.language).model_dump(mode="json"))


_TELLERS: Mapping[str, Callable[[ChatOut, Surface, Envelope, UnitOfWork], Awaitable[None]]] = {
    TicketCreated.name: _tell_created,
    TicketAssigned.name: _tell_assigned,
    TicketReplied.name: _tell_replied,
    MailboxFailing.name: _tell_mailbox,
    MailboxRecovered.name: _tell_mailbox,
}


def _own_view(number: int, ticket_id: TicketId, language: str, user_id: UserId | None = None) -> ShownView:
    return ShownView("ticket", {"ticket": str(number)}, language, (ticket_id,), ticket_id, user_id)


async def _post_in_threads(
    work: UnitOfWork, surface: Surface, happening: Happening, told: Told, ticket_id: TicketId, message_id: MessageId
) -> None:
    stands_in = await find_conversations_with(work.connection, message_id)
    for conversation, card_id in await _find_threads(work, surface, ticket_id):
        reaction = reaction_to(happening, conversation.purpose, conversation.kind)
        if reaction is not Reaction.THREAD or conversation.id in stands_in:
            continue
        for_customer = conversation.purpose is ConversationPurpose.CUSTOMER
        card = thread_card(told, conversation.language, for_customer=for_customer)
        await queue_content(
            work,
            conversation.id,
            card.model_dump(mode="json"),
            under=card_id,
            ticket_id=ticket_id,
            message_id=message_id,
        )


async def _find_conversations(work: UnitOfWork, surface: Surface, happening: Happening) -> list[Conversation]:
    """The conversations of the surface that react to it by themselves."""
    c = chat_conversations.c
    rows = await work.execute(
        select(chat_conversations)
        .where(c.surface == surface.value, c.dropped_at.is_(None), c.purpose != ConversationPurpose.TALK.value)
        .order_by(c.id)
    )
    found = [conversation_of(row) for row in rows]
    return [each for each in found if reaction_to(happening, each.purpose, each.kind) is not Reaction.NOTHING]


async def _find_threads(work: UnitOfWork, surface: Surface, ticket_id: TicketId) -> list[tuple[Conversation, CardId]]:
    """The conversations with a thread of the ticket, and the card that is its root: the first that was posted."""
    c, p = chat_conversations.c, posted_cards.c
    rows = await work.execute(
        select(chat_conversations, p.id.label("card_id"))
        .join(posted_cards, p.conversation_id == c.id)
        .where(
            p.ticket_id == ticket_id,
            p.thread.is_(None),
            p.dropped_at.is_(None),
            c.surface == surface.value,
            c.dropped_at.is_(None),
            c.kind.in_([kind.value for kind in THREADED]),
        )
        .order_by(c.id, p.id.desc())
    )
    threads = {row.id: (conversation_of(row), CardId(row.card_id)) for row in rows}
    return list(threads.values())


async def _find_accounts(
    work: UnitOfWork, surface: Surface, user_ids: set[UUID | None]
) -> list[tuple[UserId, str, ChatAccountId]]:
    """Active users who may see all tickets, with their languages and their accounts on the surface."""
    a, u = chat_accounts.c, users.c
    rows = await work.execute(
        select(u.id, u.language, a.id.label("account_id"))
        .join(chat_accounts, a.user_id == u.id)
        .where(
            u.id.in_([each for each in user_ids if each is not None]),
            u.is_active,
            u.deleted_at.is_(None),
            u.role.in_(_SEES_TICKETS),
            a.surface == surface.value,
        )
        .order_by(a.id)
    )
    return [(UserId(row.id), row.language, ChatAccountId(row.account_id)) for row in rows]


async def _find_watchers(work: UnitOfWork, ticket_id: TicketId) -> list[UUID]:
    w = ticket_watchers.c
    return [row.user_id for row in await work.execute(select(w.user_id).where(w.ticket_id == ticket_id))]


async def _find_message(work: UnitOfWork, message_id: MessageId) -> Row[Any] | None:
    """The message with what must be known of its ticket; None if it was taken back, or the ticket is gone."""
    m, t, a = messages.c, tickets.c, attachments.c
    files = select(func.count()).where(a.message_id == m.id, a.set_aside.is_(None), ~a.is_inline).scalar_subquery()
    found = await work.execute(
        select(m.kind, m.is_inbound, m.author_name, m.text, t.title, t.assigned_to, files.label("files"))
        .join(tickets, t.id == m.ticket_id)
        .where(m.id == message_id, m.deleted_at.is_(None), t.deleted_at.is_(None))
    )
    return found.one_or_none()
