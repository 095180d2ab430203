"""Carries cards to Slack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog

from bot.buttons import Buttons
from bot.channel import (
    ChannelError,
    ConversationGone,
    Destination,
    MessageGone,
    PersonalConversation,
    Refused,
    TryLater,
)
from bot.render.blockkit import message
from bot.slack.client import SlackClient
from bot.slack.people import SlackPeople
from bot.views.card import Card
from core.chat.rules import ConversationKind, Surface
from core.clock import Clock

DELIVERY_EVENT: Final = "psa_delivery"
"""The type of the metadata that says which delivery a message is."""

PAGE: Final = 100
MOST_PAGES: Final = 5

# What Slack says where it will not show a message to one person in a channel.
_NOT_SHOWN_TO_ONE = frozenset({"user_not_in_channel", "user_not_found", "cannot_reply_to_message", "thread_not_found"})

log = structlog.get_logger(__name__)


class SlackChannel:
    """`bot.channel.Channel` over the Web API, as the app's own user."""

    def __init__(self, client: SlackClient, people: SlackPeople, buttons: Buttons, clock: Clock) -> None:
        self._client = client
        self._people = people
        self._buttons = buttons
        self._clock = clock

    @property
    def surface(self) -> Surface:
        return Surface.SLACK

    async def post(self, destination: Destination, card: Card) -> str | None:
        """Post the card; one for a single account never stands where others see it."""
        content = self._content(destination, card)
        if destination.recipient is not None and destination.kind is not ConversationKind.PERSONAL:
            await self._show_to_one(destination, destination.recipient, content)
            return None
        if destination.is_repeated:
            arrived = await self._find_delivery(destination)
            if arrived is not None:
                return arrived
        try:
            return await self._post(destination.conversation, destination.thread, content, destination.delivery_id)
        except ConversationGone:
            # A slash command works where the desk is not; there it may still answer.
            response_url = self._response_url(destination)
            if response_url is None:
                raise
            await self._client.respond(response_url, response_type="in_channel", replace_original=False, **content)
            return None

    async def update(self, destination: Destination, external_id: str, card: Card) -> None:
        """Redraw a message. What a single account sees has no id, and is replaced by posting."""
        await self._client.call(
            self._client.web.chat_update,
            channel=destination.conversation,
            ts=external_id,
            parse="none",
            link_names=False,
            **self._content(destination, card),
        )

    async def delete(self, destination: Destination, external_id: str) -> None:
        """Take a message away."""
        await self._client.call_with_form("chat.delete", channel=destination.conversation, ts=external_id)

    async def open_personal(self, tenant: str, account: str) -> PersonalConversation:
        """The conversation with this account alone."""
        return PersonalConversation(await self._people.open_personal(account), {})

    async def _show_to_one(self, destination: Destination, recipient: str, content: Mapping[str, Any]) -> None:
        """Where it was asked, else in the channel for that person's eyes, else in the personal conversation."""
        response_url = self._response_url(destination)
        replaces = bool(destination.address.get("replaces"))
        # An answer address knows no thread: there the person would look for the answer in vain.
        if response_url is not None and (replaces or destination.thread is None):
            try:
                await self._client.respond(
                    response_url, response_type="ephemeral", replace_original=replaces, **content
                )
                return
            except (ConversationGone, Refused) as error:
                log.info("slack_answer_address_refused", error=str(error))
        try:
            await self._client.call(
                self._client.web.chat_postEphemeral,
                channel=destination.conversation,
                user=recipient,
                thread_ts=destination.thread,
                parse="none",
                link_names=False,
                **content,
            )
        except (ConversationGone, MessageGone, Refused) as error:
            if isinstance(error, Refused) and str(error) not in _NOT_SHOWN_TO_ONE:
                raise
            personal = await self._people.open_personal(recipient)
            await self._post(personal, None, content, destination.delivery_id)

    async def _post(
        self, conversation: str, thread: str | None, content: Mapping[str, Any], delivery_id: UUID | None
    ) -> str:
        metadata = {"event_type": DELIVERY_EVENT, "event_payload": {"id": str(delivery_id)}} if delivery_id else None
        answer = await self._client.call(
            self._client.web.chat_postMessage,
            channel=conversation,
            thread_ts=thread,
            unfurl_links=False,
            unfurl_media=False,
            parse="none",
            link_names=False,
            metadata=metadata,
            **content,
        )
        return str(answer["ts"])

    async def _find_delivery(self, destination: Destination) -> str | None:
        """The message of an earlier attempt at this delivery, if it arrived."""
        if destination.delivery_id is None:
            return None
        wanted = str(destination.delivery_id)
        # Version 7: the first 48 bits are the milliseconds at which the delivery was queued (RFC 9562).
        oldest = f"{(destination.delivery_id.int >> 80) / 1000 - 1:.6f}"
        asked: dict[str, Any] = {"oldest": oldest, "limit": PAGE, "include_all_metadata": True}
        method = "conversations.history"
        if destination.thread is not None:
            method, asked["ts"] = "conversations.replies", destination.thread
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            try:
                found = await self._client.call_with_form(
                    method, channel=destination.conversation, cursor=cursor, **asked
                )
            except (ConversationGone, MessageGone, Refused) as error:
                # What cannot be seen cannot be looked up; rather twice than never.
                log.warning("slack_history_unseen", conversation=destination.conversation, error=str(error))
                return None
            except ChannelError as error:
                raise TryLater(f"Slack does not tell whether it arrived: {error}", is_uncertain=True) from error
            for each in found.get("messages", ()):
                metadata = each.get("metadata") or {}
                if (metadata.get("event_payload") or {}).get("id") == wanted:
                    return str(each["ts"])
            cursor = (found.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return None
        return None

    def _content(self, destination: Destination, card: Card) -> dict[str, Any]:
        drawn = message(card, self._buttons, destination.language)
        return {"text": drawn.text, "blocks": drawn.blocks}

    def _response_url(self, destination: Destination) -> str | None:
        """Where Slack takes the answer to what was asked, while it does."""
        url, until = destination.address.get("response_url"), destination.address.get("until")
        if not isinstance(url, str) or not isinstance(until, str):
            return None
        return url if datetime.fromisoformat(until) > self._clock.now().astimezone(UTC) else None
