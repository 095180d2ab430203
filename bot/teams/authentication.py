"""What CloudAdapter asks before it begins a turn: who sent this activity, and how to write back."""

from __future__ import annotations

from botbuilder.schema import Activity
from botframework.connector.auth import AuthenticateRequestResult, ClaimsIdentity

from bot.teams.registration import NoRegistration, Registration
from bot.teams.service_urls import ServiceUrls
from bot.teams.tokens import ChannelTokens
from core.errors import PermissionDenied

CHANNEL = "msteams"


class NoConnector:
    """In place of a connector client: a turn only stores, so nothing is ever sent within one.

    CloudAdapter insists on having one, and the real one costs an HTTP pool and a synchronous MSAL client a turn.
    """

    async def create(self, service_url: str, audience: str) -> NoConnector:
        return self


class TurnAuthentication:
    """BotFrameworkAuthentication, as far as CloudAdapter uses it for turns.

    `tokens` is None in local mode, where everything that comes over loopback is believed.
    """

    def __init__(
        self, registration: Registration | NoRegistration, tokens: ChannelTokens | None, service_urls: ServiceUrls
    ) -> None:
        self._registration = registration
        self._tokens = tokens
        self._service_urls = service_urls

    async def authenticate_request(self, activity: Activity, header: str) -> AuthenticateRequestResult:
        """Raises TokenInvalid, TokenExpired; PermissionDenied for another channel, tenant or service URL."""
        claims: dict[str, object] = {}
        channel, service_url = str(activity.channel_id or ""), str(activity.service_url or "")
        if self._tokens is not None:
            claims = await self._tokens.verify(header, channel=channel, service_url=service_url)
        if channel != CHANNEL:
            raise PermissionDenied("Only Teams may send activities.")
        if not self._service_urls.trusts(service_url):
            raise PermissionDenied("The activity's service URL is not that of Teams.")
        if isinstance(self._registration, Registration) and _tenant(activity) != self._registration.tenant:
            raise PermissionDenied("The activity comes from another tenant.")
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity(claims, True)
        result.connector_factory = NoConnector()
        return result

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        """People prove who they are by their directory account: there are no user tokens."""


def _tenant(activity: Activity) -> str | None:
    """The tenant, which Teams names twice; None where they differ."""
    data = activity.channel_data if isinstance(activity.channel_data, dict) else {}
    tenant = data.get("tenant")
    named = {
        str(each)
        for each in (
            tenant.get("id") if isinstance(tenant, dict) else None,
            activity.conversation.tenant_id if activity.conversation else None,
        )
        if each
    }
    return named.pop() if len(named) == 1 else None
