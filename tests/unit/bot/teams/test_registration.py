from __future__ import annotations

from typing import Any

import pytest

from bot.teams.registration import NoRegistration, Registration, read_registration
from bot.teams.service_urls import ServiceUrls
from core.errors import Misconfigured
from core.settings import Settings

WHOLE = {"teams_app_id": "app", "teams_app_password": "secret", "teams_tenant_id": "tenant"}


def settings(**values: Any) -> Settings:
    return Settings(**values)


def test_teams_is_not_served_without_its_settings() -> None:
    assert read_registration(settings()) is None


def test_all_three_settings_make_a_single_tenant_app() -> None:
    found = read_registration(settings(**WHOLE))
    assert isinstance(found, Registration)
    assert (found.app_id, found.tenant, found.is_local) == ("app", "tenant", False)
    assert "secret" not in repr(found)


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_some_of_the_settings_are_not_enough(missing: str) -> None:
    with pytest.raises(Misconfigured, match="together"):
        read_registration(settings(**{name: value for name, value in WHOLE.items() if name != missing}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_activities_without_tokens_are_taken_on_loopback(host: str) -> None:
    assert read_registration(settings(teams_allow_unauthenticated=True, http_host=host)) == NoRegistration()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "desk.example", ""])
def test_activities_without_tokens_are_taken_nowhere_else(host: str) -> None:
    with pytest.raises(Misconfigured, match="loopback"):
        read_registration(settings(teams_allow_unauthenticated=True, http_host=host))


def test_a_registered_app_always_wants_tokens() -> None:
    with pytest.raises(Misconfigured, match="exclude"):
        read_registration(settings(teams_allow_unauthenticated=True, **WHOLE))


@pytest.mark.parametrize(
    "url",
    [
        "https://smba.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net/teams/",
        "https://smba.trafficmanager.net:443/de/0a1b/",
        "https://smba.infra.gcc.teams.microsoft.com/teams/",
    ],
)
def test_the_teams_service_is_trusted(url: str) -> None:
    assert ServiceUrls(is_local=False).trusts(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://smba.trafficmanager.net/emea/",
        "https://evil.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://user:pass@smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:8443/",
        "https://smba.trafficmanager.net/emea/?x=",
        "https://smba.trafficmanager.net/emea/#",
        "https://[::1/",
        "https://smba.trafficmanager.net:x/",
        "http://127.0.0.1:3978/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_service_url_is_trusted(url: str) -> None:
    assert not ServiceUrls(is_local=False).trusts(url)


def test_in_local_mode_only_this_machine_is_trusted() -> None:
    urls = ServiceUrls(is_local=True)
    assert urls.trusts("http://127.0.0.1:56150/_connector")
    assert urls.trusts("http://localhost:56150")
    assert not urls.trusts("https://smba.trafficmanager.net/emea/")
    assert not urls.trusts("http://192.168.1.5/")
    assert not urls.trusts("http://localhost.evil.example/")
