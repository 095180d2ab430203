"""Carries cards to Teams: proactive messages by the references that its activities brought."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.channel import ConversationGone, Destination, PersonalConversation, Refused
from bot.teams.connector import Connector
from bot.teams.drawing import CARD_TYPE, CardDrawing
from bot.teams.references import Reference
from bot.teams.service_urls import TEAMS_SERVICE
from bot.views.card import Card
from core.chat.rules import ConversationKind, Surface

OPENED_KEPT = 1000
"""Personal conversations remembered, so that a private answer in a channel costs one call, not two."""

FindLatest = Callable[[str], Awaitable[Reference | None]]
"""How any conversation of a tenant was reached last."""


class TeamsChannel:
    """The channel of Teams. `bot` is our own account (28:…), for conversations that we begin.

    Teams has no way to look whether an uncertain message arrived: such a one may be seen twice.
    """

    surface = Surface.TEAMS

    def __init__(self, connector: Connector, find_latest: FindLatest, drawing: CardDrawing, bot: str) -> None:
        self._connector = connector
        self._find_latest = find_latest
        self._drawing = drawing
        self._bot = bot
        self._opened: dict[tuple[str, str], PersonalConversation] = {}

    async def post(self, destination: Destination, card: Card) -> str | None:
        """Show a card; one for a single person's eyes goes to their personal chat and is not redrawn there."""
        if destination.recipient is not None and destination.kind is not ConversationKind.PERSONAL:
            await self._post_privately(destination, destination.recipient, card)
            return None
        return await self._post(destination, card)

    async def update(self, destination: Destination, external_id: str, card: Card) -> None:
        reference = _reference(destination)
        path = ("conversations", destination.conversation, "activities", external_id)
        await self._connector.put(reference.service_url, path, self._message(destination, reference, card))

    async def delete(self, destination: Destination, external_id: str) -> None:
        path = ("conversations", destination.conversation, "activities", external_id)
        await self._connector.delete(_reference(destination).service_url, path)

    async def open_personal(self, tenant: str, account: str) -> PersonalConversation:
        """Begun with whoever has the app; the service is reached as any conversation of the tenant was last."""
        latest = await self._find_latest(tenant) or Reference(TEAMS_SERVICE, self._bot)
        body = {
            "bot": {"id": latest.bot},
            "members": [{"id": account}],
            "tenantId": tenant,
            "channelData": {"tenant": {"id": tenant}},
            "isGroup": False,
        }
        answer = await self._connector.post(latest.service_url, ("conversations",), body)
        conversation = answer.get("id")
        if not isinstance(conversation, str) or not conversation:
            raise Refused("The Teams service began a conversation and did not say which.")
        return PersonalConversation(conversation, latest.keep())

    async def _post(self, destination: Destination, card: Card) -> str | None:
        reference = _reference(destination)
        thread = f";messageid={destination.thread}" if destination.thread else ""
        in_thread = thread if destination.kind is ConversationKind.CHANNEL else ""
        path = ("conversations", destination.conversation + in_thread, "activities")
        message = self._message(destination, reference, card)
        answer = await self._connector.post(reference.service_url, path, message)
        posted = answer.get("id")
        return posted if isinstance(posted, str) and posted else None

    async def _post_privately(self, destination: Destination, recipient: str, card: Card) -> None:
        key = (destination.tenant, recipient)
        try:
            personal = self._opened.get(key) or await self.open_personal(*key)
            await self._post(
                replace(
                    destination,
                    conversation=personal.conversation,
                    kind=ConversationKind.PERSONAL,
                    thread=None,
                    reference=personal.reference,
                ),
                card,
            )
        except ConversationGone as error:
            # Gone is the personal chat, not the conversation that the delivery belongs to.
            self._opened.pop(key, None)
            raise Refused(f"They cannot be written to alone: {error}") from error
        if len(self._opened) >= OPENED_KEPT:
            self._opened.clear()
        self._opened[key] = personal

    def _message(self, destination: Destination, reference: Reference, card: Card) -> Mapping[str, Any]:
        """The activity. `summary` is what notices say instead of the card."""
        content = self._drawing.message(card, destination.language)
        return {
            "type": "message",
            "from": {"id": reference.bot},
            "conversation": {"id": destination.conversation},
            "summary": card.summary,
            "attachmentLayout": "list",
            "attachments": [{"contentType": CARD_TYPE, "content": content}],
        }


def _reference(destination: Destination) -> Reference:
    reference = Reference.read(destination.reference)
    if reference is None:
        raise Refused("Nothing is known of how to reach this conversation.")
    return reference
