"""What comes to the endpoint and is not from Teams, or not as Teams sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.teams.app import PATH
from tests.integration.core.tickets.desk import Desk
from tests.scenario.teams.surface import Member, TeamsSurface, find_action, text_of
from tests.scenario.teams.tickets import arrivals, said_on, settled, status_of
from tests.services.fake_connector import FakeConnector

Json = dict[str, Any]


def long_ago() -> int:
    return int((datetime.now(UTC) - timedelta(hours=2)).timestamp())


FORGED: dict[str, Callable[[FakeConnector], str]] = {
    "none": lambda fake: "",
    "no token": lambda fake: "x",
    "alg none": lambda fake: fake.token(key="", algorithm="none"),
    "HS256": lambda fake: fake.token(key="a shared secret of thirty-two bytes", algorithm="HS256"),
    "foreign key": lambda fake: fake.token(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "audience": lambda fake: fake.token(aud="00000000-0000-0000-0000-000000000000"),
    "issuer": lambda fake: fake.token(iss="https://login.microsoftonline.com/common/v2.0"),
    "expired": lambda fake: fake.token(exp=long_ago()),
    "service URL": lambda fake: fake.token(serviceurl="https://evil.example/"),
}


@pytest.mark.parametrize("forged", sorted(FORGED))
async def test_an_activity_with_a_forged_token_is_refused_and_not_kept(
    surface: TeamsSurface, desk: Desk, toni: Member, forged: str
) -> None:
    activity = surface.activity(toni, text="meine")
    answered = await surface.send(activity, token=FORGED[forged](surface.fake))
    assert answered.status == 401
    assert await arrivals(desk.database) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"channelData": {"tenant": {"id": "another"}}},
        {"conversation": {"id": "a:x", "tenantId": "another"}, "channelData": {}},
        {"conversation": {"id": "a:x"}, "channelData": {}},
        {"channelId": "directline"},
    ],
    ids=["tenant", "tenant of the conversation", "no tenant", "channel"],
)
async def test_an_activity_of_another_tenant_or_channel_is_refused(
    surface: TeamsSurface, desk: Desk, toni: Member, changes: Json
) -> None:
    surface.fake.endorsements = ["msteams", "directline"]
    answered = await surface.send(surface.activity(toni, text="meine") | changes)
    assert answered.status == 403
    assert await arrivals(desk.database) == 0


async def test_a_signed_activity_cannot_send_our_token_elsewhere(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    """The claim fits, as it would for whoever can make the service sign one: the host is what counts."""
    evil = "https://evil.trafficmanager.net/teams/"
    activity = surface.activity(toni, text="meine") | {"serviceUrl": evil}
    answered = await surface.send(activity, token=surface.fake.token(serviceurl=evil))
    assert answered.status == 403
    assert await arrivals(desk.database) == 0


async def test_a_replayed_activity_has_its_effect_once(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    activity = surface.activity(toni, text=f"notiz #{ticket.number} einmal")
    for _ in range(3):
        assert (await surface.send(activity)).status == 202
    await settled(desk.database)
    assert (await said_on(desk.database, ticket.number)).count(("note", "einmal")) == 1
    assert len(surface.answers) == 1


async def test_a_button_that_was_pressed_twice_is_done_once(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    ticket = await desk.open("Drucker druckt nicht")
    await surface.say(toni, f"zeige #{ticket.number}")
    shown = await surface.answer()
    action = find_action(shown.card, "Übernehmen")
    value = {"action": {"type": "Action.Execute", "verb": "take", "data": action["data"]}, "trigger": "manual"}
    activity = surface.activity(toni, "invoke", name="adaptiveCard/action", value=value, replyToId=shown.id)
    answers = [await surface.send(activity) for _ in range(2)]
    assert [each.status for each in answers] == [200, 200]
    await settled(desk.database)
    assert await status_of(desk.database, ticket.number) == "assigned"


async def test_a_tampered_button_does_nothing(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    mine, other = await desk.open("Drucker druckt nicht"), await desk.open("Gehaltsliste")
    await surface.say(toni, f"zeige #{mine.number}")
    shown = await surface.answer()
    data = find_action(shown.card, "Schließen")["data"]
    tampered = {"value": data["value"].replace(str(mine.number), str(other.number))}
    value = {"action": {"type": "Action.Execute", "verb": "close", "data": tampered}, "trigger": "manual"}
    answered = await surface.invoke(toni, "adaptiveCard/action", value, shown)
    assert answered["statusCode"] == 200
    for name in ("task/fetch", "task/submit"):
        dialog = await surface.invoke(toni, name, {"data": tampered}, shown)
        assert "Gehaltsliste" not in text_of(dialog)
    value["trigger"] = "automatic"
    assert (await surface.invoke(toni, "adaptiveCard/action", value, shown))["statusCode"] == 400
    await settled(desk.database)
    assert await status_of(desk.database, other.number) == "new"


async def test_a_message_of_200_kilobytes_is_answered_within_the_limits(
    surface: TeamsSurface, desk: Desk, toni: Member
) -> None:
    """The fake refuses a card of more than 28 KB, and says so at the end."""
    ticket = await desk.open("Drucker druckt nicht")
    await surface.say(toni, f"notiz #{ticket.number} " + "ü" * 100_000)
    await surface.answer()
    await surface.say(toni, "x" * 200_000)
    await surface.answer(2)
    await settled(desk.database)


async def test_what_is_larger_than_any_message_is_refused(surface: TeamsSurface, toni: Member) -> None:
    assert (await surface.send(surface.activity(toni, text="x" * 300_000))).status == 422
    assert (await surface.send(surface.activity(toni, text="x" * 600_000))).status == 413


@pytest.mark.parametrize("title", ["**fett** [klick](https://evil.example)", "<at>Alle</at> <script>", "{{DATE(x)}}"])
async def test_nothing_in_a_title_is_markup(surface: TeamsSurface, desk: Desk, toni: Member, title: str) -> None:
    """Titles stand in text runs, which know neither Markdown nor mentions nor date functions."""
    ticket = await desk.open(title)
    await surface.say(toni, f"zeige #{ticket.number}")
    card = (await surface.answer()).card
    assert title.replace("{{", "") in text_of(card).replace("{\u2060{", "")
    assert "'TextBlock'" not in str(card)
    assert "entities" not in str(card.get("msteams"))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"type": "message"}', "application/json", 400),
        (
            b'{"type":"message","conversation":{"id":"a"},"recipient":{"id":"b"},"timestamp":"x"}',
            "application/json",
            400,
        ),
        (b'{"type": "message"}', "text/plain", 415),
    ],
)
async def test_what_is_no_activity_is_refused(
    surface: TeamsSurface, http: aiohttp.ClientSession, body: bytes, content_type: str, status: int
) -> None:
    async with http.post(surface.url + PATH, data=body, headers={"Content-Type": content_type}) as response:
        assert response.status == status


async def test_an_invoke_that_nobody_knows_is_not_implemented(surface: TeamsSurface, toni: Member) -> None:
    answered = await surface.send(surface.activity(toni, "invoke", name="fileConsent/invoke", value={}))
    assert answered.status == 501


async def test_what_nobody_needs_is_not_kept(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    assert (await surface.send(surface.activity(toni, "typing"))).status == 202
    assert await arrivals(desk.database) == 0


async def test_a_person_of_no_directory_is_told_so(surface: TeamsSurface, desk: Desk, toni: Member) -> None:
    activity = surface.activity(toni, "invoke", name="task/submit", value={"data": {"value": "x"}})
    del activity["from"]["aadObjectId"]
    answered = await surface.send(activity)
    assert answered.body is not None
    assert answered.body["statusCode"] == 400
    assert await arrivals(desk.database) == 0


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"Host": "desk.example"}]
)
async def test_local_mode_takes_nothing_that_came_from_elsewhere(
    local: TeamsSurface, toni: Member, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    activity = local.activity(toni, text="meine")
    async with http.post(local.url + PATH, json=activity, headers=headers) as response:
        assert response.status == 403
    async with http.post(local.url + PATH, json=activity) as response:
        assert response.status == 202
    far = activity | {"serviceUrl": "https://smba.trafficmanager.net/emea/"}
    async with http.post(local.url + PATH, json=far) as response:
        assert response.status == 403
