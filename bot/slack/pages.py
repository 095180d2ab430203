"""What Slack shows of the desk beside messages: the App Home, and tickets behind links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.render.blockkit import home, message
from bot.request import Account, Place
from bot.slack.client import SlackClient
from bot.slack.interpreting import account_of
from bot.slack.places import place_of_event
from bot.slack.speaking import Speaking
from core.chat.rules import ConversationKind

MOST_LINKS: Final = 5
COMPOSER: Final = "composer"


class SlackPages:
    """Draws them anew each time: doing it twice does no harm. All raise Unavailable and ChannelError."""

    def __init__(self, client: SlackClient, desk: ChatDesk, buttons: Buttons, speaking: Speaking) -> None:
        self._client = client
        self._desk = desk
        self._buttons = buttons
        self._speaking = speaking

    async def publish_home(self, account: Account) -> None:
        """The person's own start page, as it is now."""
        card = await self._desk.home(account)
        view = home([card], self._buttons, await self._speaking.language_of(account))
        await self._client.call(self._client.web.views_publish, user_id=account.account, view=view)

    async def unfurl(self, body: Mapping[str, Any]) -> None:
        """Cards below the links to our tickets, as all who are there may see them; not where other companies are."""
        payload = body["payload"]
        event = payload["event"]
        # What stands below a link that is being written goes out with it, and nobody can say to whom.
        if payload.get("is_ext_shared_channel") or event.get("source") == COMPOSER:
            return
        account, place = account_of(body, event["user"]), _place_of_link(body, event)
        language = await self._speaking.language_of(account)
        unfurls = {}
        for link in event["links"][:MOST_LINKS]:
            card = await self._desk.draw_link(account, link["url"], place)
            if card is not None:
                unfurls[link["url"]] = {"blocks": message(card, self._buttons, language).blocks}
        if not unfurls:
            return
        by_id = {"unfurl_id": event.get("unfurl_id"), "source": event.get("source")}
        where = by_id if all(by_id.values()) else {"channel": event["channel"], "ts": event["message_ts"]}
        await self._client.call(self._client.web.chat_unfurl, unfurls=unfurls, **where)


def _place_of_link(body: Mapping[str, Any], event: Mapping[str, Any]) -> Place:
    """Who will see the card."""
    place = place_of_event(body, {"channel": event["channel"], "thread_ts": event.get("thread_ts")})
    if place.kind is ConversationKind.PERSONAL and not event.get("is_bot_user_member"):
        return replace(place, kind=ConversationKind.GROUP)
    return place
