"""Who is who in the workspace: asked of Slack when it is needed, and remembered for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from bot.channel import ChannelError, ConversationGone, MessageGone, Refused
from bot.request import Place
from bot.slack.client import SlackClient
from bot.slack.plain_text import plain_text
from core.clock import Clock
from core.errors import Unavailable

REMEMBERED: Final = timedelta(hours=1)
MOST_REMEMBERED: Final = 10_000

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the app is installed, and its own user there."""

    team: str
    desk: str


@dataclass(frozen=True, slots=True)
class Profile:
    """`address` is set only for a member of the own workspace, no guest and no machine, who has confirmed it."""

    name: str
    address: str | None
    language: str | None


class SlackPeople:
    """Looks people up. The methods raise ChannelError."""

    def __init__(self, client: SlackClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._workspace: Workspace | None = None
        self._profiles: dict[str, tuple[datetime, Profile]] = {}
        self._personal: dict[str, str] = {}

    async def workspace(self) -> Workspace:
        """Whose token it is that we speak with."""
        if self._workspace is None:
            told = await self._client.call_with_form("auth.test")
            self._workspace = Workspace(str(told["team_id"]), str(told["user_id"]))
        return self._workspace

    async def find_profile(self, account: str) -> Profile | None:
        """The person's profile; None for somebody whom the workspace does not show us."""
        known = self._profiles.get(account)
        if known is not None and known[0] > self._clock.now():
            return known[1]
        workspace = await self.workspace()
        try:
            told = await self._client.call_with_form("users.info", user=account, include_locale=True)
        except (ConversationGone, Refused):
            return None
        profile = profile_of(told["user"], workspace.team)
        _remember(self._profiles, account, (self._clock.now() + REMEMBERED, profile))
        return profile

    def known_name(self, account: str) -> str | None:
        """The name, if it is remembered."""
        known = self._profiles.get(account)
        return known[1].name if known is not None else None

    async def open_personal(self, account: str) -> str:
        """The conversation with this person alone, begun if need be."""
        known = self._personal.get(account)
        if known is None:
            told = await self._client.call_with_form("conversations.open", users=account)
            known = str(told["channel"]["id"])
            self.learn_personal(account, known)
        return known

    def learn_personal(self, account: str, conversation: str) -> None:
        """Something came from the person's conversation with the desk."""
        _remember(self._personal, account, conversation)


class SlackDirectory:
    """Slack as the desk's directory (`bot.turn.Directory`)."""

    def __init__(self, client: SlackClient, people: SlackPeople) -> None:
        self._client = client
        self._people = people

    async def find_address(self, tenant: str, account: str) -> str | None:
        """The person's confirmed address, of a member of the workspace itself. Raises Unavailable."""
        try:
            workspace = await self._people.workspace()
            profile = await self._people.find_profile(account) if tenant == workspace.team else None
        except ChannelError as error:
            raise Unavailable(f"Slack does not tell who {account} is: {error}") from error
        return profile.address if profile is not None else None

    async def find_text(self, place: Place, message: str) -> str | None:
        """What a message says that is not the desk's own, where the desk may read it. Raises Unavailable."""
        try:
            desk = (await self._people.workspace()).desk
            # A message of a thread is in no history; replies know any message, whether it has some or is one.
            told = await self._client.call_with_form(
                "conversations.replies",
                channel=place.conversation,
                ts=message,
                latest=message,
                inclusive=True,
                limit=2,
            )
        except (ConversationGone, MessageGone, Refused):
            return None
        except ChannelError as error:
            raise Unavailable(f"Slack does not tell what a message says: {error}") from error
        found = next((each for each in told.get("messages", ()) if each.get("ts") == message), None)
        return plain_text(found.get("text", "")) if found is not None and found.get("user") != desk else None


def profile_of(user: Mapping[str, Any], team: str) -> Profile:
    """What a user says to the workspace of ours (https://docs.slack.dev/reference/objects/user-object)."""
    profile = user.get("profile") or {}
    is_guest = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")
    is_here = user.get("team_id") == team or team in (user.get("enterprise_user") or {}).get("teams", ())
    is_member = is_here and not (is_guest or user.get("is_bot") or user.get("deleted"))
    address = profile.get("email") if is_member and user.get("is_email_confirmed") else None
    locale = str(user.get("locale") or "")
    return Profile(
        name=str(profile.get("display_name") or user.get("real_name") or profile.get("real_name") or ""),
        address=str(address).lower() if address else None,
        language=("de" if locale.startswith("de") else "en") if locale else None,
    )


def _remember(known: dict[str, _Value], key: str, value: _Value) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > MOST_REMEMBERED:
        del known[next(iter(known))]
