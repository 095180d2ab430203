"""What Teams knows of its people. Their address is in the roster of any conversation with them."""

from __future__ import annotations

from bot.channel import ChannelError, PersonalConversation, Throttled, TryLater
from bot.request import Place
from bot.teams.channel import TeamsChannel
from bot.teams.connector import Connector
from bot.teams.references import Reference
from core.errors import Unavailable

_MEMBER = "user"
"""The role of a member of the own directory; others are `guest`, `anonymous`, `federated` and so on."""


class TeamsDirectory:
    """Asks the connector. `tenant` is our own: people of another one are vouched for by nobody; None in local mode."""

    def __init__(self, connector: Connector, channel: TeamsChannel, tenant: str | None) -> None:
        self._connector = connector
        self._channel = channel
        self._tenant = tenant

    async def find_address(self, tenant: str, account: str) -> str | None:
        """The address of a member of our own tenant; raises Unavailable if that cannot be asked now.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context#get-single-member-details
        """
        if tenant != self._tenant:
            return None
        try:
            member = await self._member(await self._channel.open_personal(tenant, account), account)
        except (Throttled, TryLater) as error:
            raise Unavailable(f"Teams does not say who this is: {error}") from error
        except ChannelError:
            return None
        address, role = member.get("email"), str(member.get("userRole") or "").lower()
        if role != _MEMBER or member.get("tenantId") not in (None, tenant):
            return None
        return address if isinstance(address, str) and "@" in address else None

    async def find_text(self, place: Place, message: str) -> str | None:
        """Teams tells a bot nothing of messages that it was not sent."""
        return None

    async def _member(self, personal: PersonalConversation, account: str) -> dict[str, object]:
        reference = Reference.read(personal.reference)
        if reference is None:
            return {}
        path = ("conversations", personal.conversation, "members", account)
        return await self._connector.get(reference.service_url, path)
