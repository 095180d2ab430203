"""Who cannot be reached in chat any more hears by mail what was meant for them alone."""

from __future__ import annotations

from collections import deque

from sqlalchemy import select

from bot.channel import ConversationGone
from bot.views.living import Views
from core.actor import SYSTEM
from core.chat.conversations import keep_conversation
from core.chat.deliveries import queue_content
from core.chat.rules import ConversationKind, Surface
from core.database.engine import Database
from core.mail.compose import Desk
from core.mail.model import outgoing_mails
from core.mail.reply_token import ReplyTokens
from core.runtime.metrics import Metrics
from notifier.chat.sender import ChatSender
from tests.integration.core.chat.world import TENANT, ChatWorld
from tests.integration.core.messaging.spine import running
from tests.integration.notifier.chat.recording import RecordingChannel
from tests.integration.notifier.chat.sending import UNLIMITED, content, until_none_is_queued

DESK = Desk(ReplyTokens(bytes(32), "support@desk.example"), "Desk", "support@desk.example")


async def _mails(database: Database) -> list[tuple[str, str]]:
    async with database.connect() as connection:
        rows = await connection.execute(select(outgoing_mails.c.recipient, outgoing_mails.c.content))
        return [(row.recipient, row.content) for row in rows]


async def _lose(turned: Database, world: ChatWorld, *, has_other_chat: bool = False, is_notice: bool = True) -> None:
    """Something for Tom goes to a conversation that he has ended."""
    tom = await world.add_user("tom")
    await world.add_account("U1", tom)
    there = await world.add_conversation("D1", ConversationKind.PERSONAL, account="U1")
    if has_other_chat:
        await world.add_account("T1", tom, Surface.TEAMS)
        async with turned.begin(SYSTEM) as work:
            personal = ConversationKind.PERSONAL
            await keep_conversation(work, Surface.TEAMS, TENANT, "a:1", personal, account="T1", language="en")
    ticket = await world.add_ticket()
    async with turned.begin(SYSTEM) as work:
        told = ticket if is_notice else None
        await queue_content(work, there.id, content("Anna answered on #1001"), ticket_id=told)
    channel = RecordingChannel(errors={"D1": deque([ConversationGone("account_inactive")])})
    views = Views(turned, public_url="http://desk.example", desk_address=DESK.address)
    sender = ChatSender(turned, {channel.surface: channel}, views, Metrics(), limits=UNLIMITED, desk=DESK)
    async with running(sender):
        await until_none_is_queued(turned)


async def test_a_notice_goes_by_mail_once_when_the_personal_chat_is_gone(turned: Database, world: ChatWorld) -> None:
    await _lose(turned, world)
    ((recipient, mail),) = await _mails(turned)
    assert recipient == "tom@desk.example"
    assert "Anna answered on #1001" in mail
    assert "Auto-Submitted: auto-replied" in mail


async def test_who_has_another_chat_gets_no_mail(turned: Database, world: ChatWorld) -> None:
    await _lose(turned, world, has_other_chat=True)
    assert await _mails(turned) == []


async def test_what_is_about_no_ticket_is_not_mailed(turned: Database, world: ChatWorld) -> None:
    await _lose(turned, world, is_notice=False)
    assert await _mails(turned) == []
