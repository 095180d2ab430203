from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.signature import is_from_slack

# The example of https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
SENT = datetime.fromtimestamp(1531420618, UTC)


def headers(signature: str = SIGNATURE, sent: str = "1531420618") -> dict[str, str]:
    return {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": sent}


def test_the_documented_example_is_slacks() -> None:
    assert is_from_slack(SECRET, BODY, headers(), SENT)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_replayed_request_is_not(minutes: int) -> None:
    assert not is_from_slack(SECRET, BODY, headers(), SENT + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (BODY + b"x", headers()),
        (BODY, headers(signature="v0=" + "0" * 64)),
        (BODY, headers(signature="v0=ü")),
        (BODY, headers(sent="yesterday")),
        (BODY, headers(sent="1531420619")),
        (b"\xff\xfe", headers()),
        (BODY, {}),
    ],
)
def test_a_forged_request_is_not(body: bytes, given: dict[str, str]) -> None:
    assert not is_from_slack(SECRET, body, given, SENT)
    assert not is_from_slack("another secret", BODY, headers(), SENT)
