"""How an answer leaves: as a living card where it can be redrawn, as a card that never changes where it cannot."""

from __future__ import annotations

from bot.answer import Answer
from bot.request import Account
from core.chat.conversations import Conversation, find_account_id, keep_conversation, keep_personal_conversation
from core.chat.deliveries import ShownView, queue_content, queue_update, queue_view, queue_view_in_place
from core.chat.rules import ConversationKind, ConversationPurpose, Surface
from core.database.unit_of_work import UnitOfWork

SHOWS_TO_ONE_ALONE = frozenset({Surface.SLACK})
"""Surfaces that show a message in a channel to one account alone. Elsewhere it goes to the personal conversation."""


async def queue_answer(work: UnitOfWork, account: Account | None, answer: Answer) -> None:
    """Queue an answer to what `account` asked. What is private never stands where others see it."""
    place = answer.place
    conversation = await keep_conversation(
        work,
        place.surface,
        place.tenant,
        place.conversation,
        place.kind,
        name=place.name,
        reference=place.reference,
        account=account.account if account else None,
    )
    if not answer.is_private or conversation.kind is ConversationKind.PERSONAL:
        await _queue_openly(work, conversation, answer, replaces=answer.replaces)
    elif account is None:
        return
    elif place.surface in SHOWS_TO_ONE_ALONE:
        await _queue_for_one(work, conversation, account, answer)
    elif (personal := await _find_personal(work, account)) is not None:
        await _queue_openly(work, personal, answer, replaces=None)


async def _queue_openly(work: UnitOfWork, conversation: Conversation, answer: Answer, *, replaces: str | None) -> None:
    is_there = conversation.external_id == answer.place.conversation
    thread = answer.place.thread if is_there else None
    address = answer.place.address if is_there else {}
    shown = _shown(conversation, answer)
    content = answer.card.model_dump(mode="json")
    if shown is not None and replaces is not None:
        await queue_view_in_place(work, conversation.id, replaces, shown)
    elif shown is not None:
        await queue_view(work, conversation.id, shown, thread=thread, address=address)
    elif replaces is not None:
        await queue_update(work, conversation.id, replaces, content, address=address)
    else:
        await queue_content(work, conversation.id, content, thread=thread, address=address, ticket_id=answer.ticket_id)


async def _queue_for_one(work: UnitOfWork, conversation: Conversation, account: Account, answer: Answer) -> None:
    """Where others are: a message that one account sees, which is not redrawn later.

    It takes no message's place: whatever we know by its id, everybody there sees.
    """
    place = answer.place
    await queue_content(
        work,
        conversation.id,
        answer.card.model_dump(mode="json"),
        thread=place.thread,
        recipient=account.account,
        address=place.address,
        ticket_id=answer.ticket_id,
    )


def _shown(conversation: Conversation, answer: Answer) -> ShownView | None:
    """The view, if it can be drawn again for the same eyes."""
    if answer.view is None or answer.person is None:
        return None
    user_id = answer.person.actor.user_id
    is_personal = conversation.kind is ConversationKind.PERSONAL
    # A customer's person in a channel of our own: drawn for the channel, the card would show what only we may see.
    if user_id is None and not is_personal and conversation.purpose is not ConversationPurpose.CUSTOMER:
        return None
    return ShownView(
        view=answer.view.name,
        arguments=answer.view.arguments,
        language=answer.person.language if is_personal else conversation.language,
        tickets=answer.tickets,
        ticket_id=answer.ticket_id,
        user_id=user_id if is_personal else None,
    )


async def _find_personal(work: UnitOfWork, account: Account) -> Conversation | None:
    account_id = await find_account_id(work, account.surface, account.tenant, account.account)
    return None if account_id is None else await keep_personal_conversation(work, account_id)
