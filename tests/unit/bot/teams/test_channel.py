from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from bot.buttons import Buttons
from bot.channel import (
    ChannelError,
    ConversationGone,
    Destination,
    MessageGone,
    Refused,
    Throttled,
    TryLater,
)
from bot.teams.channel import TeamsChannel
from bot.teams.connector import Connector
from bot.teams.directory import TeamsDirectory
from bot.teams.drawing import CardDrawing
from bot.teams.login import BotLogin
from bot.teams.references import Reference
from bot.teams.registration import Registration
from bot.teams.service_urls import ServiceUrls
from bot.views.card import Action, Card, Text
from core.chat.rules import ConversationKind
from core.clock import SystemClock
from core.errors import Unavailable
from tests.services.fake_connector import APP_ID, APP_PASSWORD, BOT, TENANT, Failure, FakeConnector
from tests.unit.bot.teams.activity import ANNA, CHANNEL, PERSONAL

CARD = Card(
    heading="#42 Drucker",
    summary="#42 Drucker ist offen",
    url="https://psa.example/console/tickets/42",
    elements=(Text(text="Der Drucker ist <b>rot</b>."),),
    actions=(Action(label="Nehmen", command="take", arguments={"ticket": "42"}),),
)


@pytest.fixture
def registration(teams: FakeConnector) -> Registration:
    return Registration(APP_ID, APP_PASSWORD, TENANT, teams.url, teams.openid_metadata_url)


@pytest.fixture
def connector(teams: FakeConnector, http: aiohttp.ClientSession, registration: Registration) -> Connector:
    return Connector(http, BotLogin(http, registration, SystemClock()), ServiceUrls(is_local=True))


@pytest.fixture
def channel(teams: FakeConnector, connector: Connector) -> TeamsChannel:
    teams.conversations |= {CHANNEL, PERSONAL}
    teams.members[ANNA] = {"email": "anna@desk.example", "userRole": "user", "tenantId": TENANT}

    async def find_latest(tenant: str) -> Reference | None:
        return Reference(teams.service_url, BOT)

    return TeamsChannel(connector, find_latest, CardDrawing(Buttons(b"k" * 16), has_dialogs=True), BOT)


def to(teams: FakeConnector, conversation: str = CHANNEL, **changes: Any) -> Destination:
    values: dict[str, Any] = {
        "tenant": TENANT,
        "conversation": conversation,
        "kind": ConversationKind.PERSONAL if conversation == PERSONAL else ConversationKind.CHANNEL,
        "language": "de",
        "reference": Reference(teams.service_url, BOT).keep(),
    }
    return Destination(**(values | changes))


async def test_a_card_is_posted_redrawn_and_taken_away(teams: FakeConnector, channel: TeamsChannel) -> None:
    posted = await channel.post(to(teams), CARD)
    assert posted is not None
    shown = teams.shown[posted]
    assert (shown.conversation, shown.thread, shown.summary) == (CHANNEL, None, "#42 Drucker ist offen")
    await channel.update(to(teams), posted, CARD.model_copy(update={"heading": "#42 Toner"}))
    assert "#42 Toner" in str(shown.card)
    await channel.delete(to(teams), posted)
    assert shown.is_deleted


async def test_a_card_stands_in_the_thread_of_its_root(teams: FakeConnector, channel: TeamsChannel) -> None:
    posted = await channel.post(to(teams, thread="1699"), CARD)
    assert posted is not None
    assert teams.shown[posted].thread == "1699"


async def test_one_login_serves_many_cards(teams: FakeConnector, channel: TeamsChannel) -> None:
    for _ in range(3):
        await channel.post(to(teams), CARD)
    assert teams.logins == 1


async def test_a_token_that_is_refused_is_asked_for_anew(teams: FakeConnector, channel: TeamsChannel) -> None:
    await channel.post(to(teams), CARD)
    teams.revoke_tokens()
    with pytest.raises(TryLater) as refused:
        await channel.post(to(teams), CARD)
    assert not refused.value.is_uncertain
    assert await channel.post(to(teams), CARD)
    assert teams.logins == 2


async def test_nobody_is_refreshed_unasked(teams: FakeConnector, channel: TeamsChannel) -> None:
    posted = await channel.post(to(teams), CARD)
    assert posted is not None
    refresh = teams.shown[posted].card["refresh"]
    assert (refresh["userIds"], refresh["action"]["verb"]) == ([], "show")


async def test_what_is_for_one_alone_goes_to_their_personal_chat(teams: FakeConnector, channel: TeamsChannel) -> None:
    assert await channel.post(to(teams, recipient=ANNA, thread="1699"), CARD) is None
    assert await channel.post(to(teams, recipient=ANNA), CARD) is None
    assert [(each.conversation, each.thread) for each in teams.messages] == [(PERSONAL, None)] * 2
    assert [path for _, path in teams.requests].count("/teams/v3/conversations") == 1


async def test_what_is_for_one_alone_never_becomes_public(teams: FakeConnector, channel: TeamsChannel) -> None:
    """And the channel is not given up because one person has not installed the app."""
    with pytest.raises(Refused):
        await channel.post(to(teams, recipient="somebody-else"), CARD)
    assert teams.messages == []


async def test_a_personal_chat_that_is_gone_is_not_the_channels_end(
    teams: FakeConnector, channel: TeamsChannel
) -> None:
    await channel.post(to(teams, recipient=ANNA), CARD)
    teams.failures.append(Failure(403, "ConversationBlockedByUser"))
    with pytest.raises(Refused):
        await channel.post(to(teams, recipient=ANNA), CARD)
    await channel.post(to(teams, recipient=ANNA), CARD)
    assert [path for _, path in teams.requests].count("/teams/v3/conversations") == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure(400, "BadArgument"), Refused),
        (Failure(413, "MessageSizeTooBig"), Refused),
        (Failure(403, "InvalidBotApiHost"), Refused),
        (Failure(403, "BotNotInConversationRoster"), ConversationGone),
        (Failure(403, "ConversationBlockedByUser"), ConversationGone),
        (Failure(403, "BotDisabledByAdmin"), ConversationGone),
        (Failure(403, "ForbiddenOperationException"), ConversationGone),
        (Failure(404, "ConversationNotFound"), ConversationGone),
        (Failure(401, "BotNotRegistered"), TryLater),
        (Failure(412, "PreconditionFailed"), TryLater),
        (Failure(500, "ServiceError"), TryLater),
        (Failure(502, "ServiceError"), TryLater),
        (Failure(503, "ServiceError"), TryLater),
        (Failure(504, "GatewayTimeout"), TryLater),
        (Failure(302), Refused),
    ],
    ids=lambda value: f"{value.status}-{value.code}" if isinstance(value, Failure) else value.__name__,
)
async def test_what_the_connector_says_decides_what_is_done(
    teams: FakeConnector, channel: TeamsChannel, failure: Failure, error: type[ChannelError]
) -> None:
    teams.failures.append(failure)
    with pytest.raises(ChannelError) as raised:
        await channel.post(to(teams), CARD)
    assert type(raised.value) is error
    assert failure.code in str(raised.value)


@pytest.mark.parametrize(("header", "seconds"), [("17", 17.0), ("", 2.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 2.0)])
async def test_too_fast_says_when_to_try_again(
    teams: FakeConnector, channel: TeamsChannel, header: str, seconds: float
) -> None:
    teams.failures.append(Failure(429, "Throttled", {"Retry-After": header}))
    with pytest.raises(Throttled) as throttled:
        await channel.post(to(teams), CARD)
    assert throttled.value.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "is_uncertain"), [(502, True), (504, True), (500, True), (412, False), (503, False)]
)
async def test_only_a_post_that_may_have_arrived_is_uncertain(
    teams: FakeConnector, channel: TeamsChannel, status: int, is_uncertain: bool
) -> None:
    posted = await channel.post(to(teams), CARD)
    assert posted is not None
    teams.failures.extend([Failure(status), Failure(status)])
    with pytest.raises(TryLater) as later:
        await channel.post(to(teams), CARD)
    assert later.value.is_uncertain is is_uncertain
    with pytest.raises(TryLater) as later:
        await channel.update(to(teams), posted, CARD)
    assert not later.value.is_uncertain


async def test_a_service_that_cannot_be_reached_took_nothing(
    teams: FakeConnector, channel: TeamsChannel, unused_tcp_port: int
) -> None:
    await channel.post(to(teams), CARD)
    reference = Reference(f"http://127.0.0.1:{unused_tcp_port}/teams/", BOT)
    with pytest.raises(TryLater) as later:
        await channel.post(to(teams, reference=reference.keep()), CARD)
    assert not later.value.is_uncertain


async def test_a_message_that_somebody_deleted_is_gone_and_its_conversation_is_not(
    teams: FakeConnector, channel: TeamsChannel
) -> None:
    with pytest.raises(MessageGone):
        await channel.update(to(teams), "1", CARD)
    with pytest.raises(MessageGone):
        await channel.delete(to(teams), "1")
    teams.failures.append(Failure(404, "ConversationNotFound"))
    with pytest.raises(ConversationGone):
        await channel.update(to(teams), "1", CARD)


@pytest.mark.parametrize("service_url", ["http://169.254.169.254/", "https://evil.example/", "http://10.0.0.1/"])
async def test_a_forged_service_url_never_gets_our_token(
    teams: FakeConnector, channel: TeamsChannel, service_url: str
) -> None:
    with pytest.raises(Refused):
        await channel.post(to(teams, reference=Reference(service_url, BOT).keep()), CARD)
    assert teams.logins == 0


async def test_a_conversation_of_which_nothing_is_known_is_refused(teams: FakeConnector, channel: TeamsChannel) -> None:
    with pytest.raises(Refused):
        await channel.post(to(teams, reference={}), CARD)


async def test_a_refused_secret_keeps_the_queue_waiting(teams: FakeConnector, http: aiohttp.ClientSession) -> None:
    wrong = Registration(APP_ID, "old secret", TENANT, teams.url, teams.openid_metadata_url)
    with pytest.raises(TryLater, match="invalid_client"):
        await BotLogin(http, wrong, SystemClock()).get_token()


@pytest.mark.parametrize(
    ("member", "address"),
    [
        ({"email": "anna@desk.example", "userRole": "user", "tenantId": TENANT}, "anna@desk.example"),
        ({"email": "gast@kunde.example", "userRole": "guest", "tenantId": TENANT}, None),
        ({"email": "x@kunde.example", "userRole": "user", "tenantId": "another"}, None),
        ({"email": "x@kunde.example", "tenantId": TENANT}, None),
        ({"email": "", "userRole": "user"}, None),
    ],
)
async def test_only_members_of_the_own_directory_are_vouched_for(
    teams: FakeConnector, connector: Connector, channel: TeamsChannel, member: dict[str, Any], address: str | None
) -> None:
    teams.members[ANNA] = member
    assert await TeamsDirectory(connector, channel, TENANT).find_address(TENANT, ANNA) == address


async def test_people_of_another_tenant_are_not_even_asked_about(
    teams: FakeConnector, connector: Connector, channel: TeamsChannel
) -> None:
    assert await TeamsDirectory(connector, channel, TENANT).find_address("another", ANNA) is None
    assert teams.requests == []


async def test_a_directory_that_is_away_says_so(
    teams: FakeConnector, connector: Connector, channel: TeamsChannel
) -> None:
    teams.failures.append(Failure(503))
    with pytest.raises(Unavailable):
        await TeamsDirectory(connector, channel, TENANT).find_address(TENANT, ANNA)
