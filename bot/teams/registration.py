"""How the desk is registered with the Bot Framework, from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from core.errors import Misconfigured
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Registration:
    """A single-tenant app. `login_url` gives our tokens, `openid_metadata_url` publishes the keys of theirs."""

    app_id: str
    password: str = field(repr=False)
    tenant: str
    login_url: str
    openid_metadata_url: str

    @property
    def is_local(self) -> bool:
        """Whether the far end is a peer on this machine, not Microsoft."""
        return is_loopback(urlsplit(self.openid_metadata_url).hostname)


@dataclass(frozen=True, slots=True)
class NoRegistration:
    """Local mode: activities come without a token from this machine, and nothing is sent anywhere else."""


def read_registration(settings: Settings) -> Registration | NoRegistration | None:
    """How Teams is to be served; None: it is not. Raises Misconfigured for settings that do not fit together."""
    password = settings.teams_app_password.get_secret_value() if settings.teams_app_password else ""
    given = (settings.teams_app_id or "", password, settings.teams_tenant_id or "")
    if settings.teams_allow_unauthenticated:
        if settings.teams_app_id:
            raise Misconfigured("PSA_TEAMS_ALLOW_UNAUTHENTICATED and PSA_TEAMS_APP_ID exclude each other.")
        if not is_loopback(settings.http_host):
            raise Misconfigured(
                f"PSA_TEAMS_ALLOW_UNAUTHENTICATED needs a loopback address, and PSA_HTTP_HOST is {settings.http_host}."
            )
        return NoRegistration()
    if not any(given):
        return None
    if not all(given):
        raise Misconfigured("Teams needs PSA_TEAMS_APP_ID, PSA_TEAMS_APP_PASSWORD and PSA_TEAMS_TENANT_ID together.")
    return Registration(*given, settings.teams_login_url.rstrip("/"), settings.teams_openid_metadata_url)


def is_loopback(host: str | None) -> bool:
    """Whether a host (name or address, without a port) is this machine and can be nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
