"""In which language to label what Slack draws around a card."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.channel import ChannelError
from bot.request import Account
from bot.slack.people import SlackPeople

PROFILE_SECONDS: Final = 0.5
"""A form must be open three seconds after its button was pressed."""


class Speaking:
    """The language that people use Slack in, where the desk does not know better."""

    def __init__(self, people: SlackPeople, language: str) -> None:
        self._people = people
        self._language = language

    async def language_of(self, account: Account) -> str:
        """The account's language, `de` or `en`; the desk's own where Slack does not tell in time."""
        try:
            async with asyncio.timeout(PROFILE_SECONDS):
                profile = await self._people.find_profile(account.account)
        except (ChannelError, TimeoutError):
            return self._language
        return (profile.language if profile is not None else None) or self._language
