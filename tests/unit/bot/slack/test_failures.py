from __future__ import annotations

import pytest

from bot.channel import ChannelError, ConversationGone, MessageGone, Refused, Throttled, TryLater
from bot.slack.failures import DEFAULT_PAUSE_SECONDS, failure_of


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ("channel_not_found", 200, ConversationGone),
        ("is_archived", 200, ConversationGone),
        ("not_in_channel", 200, ConversationGone),
        ("message_not_found", 200, MessageGone),
        ("cant_update_message", 200, MessageGone),
        ("msg_blocks_too_long", 200, Refused),
        ("invalid_blocks", 200, Refused),
        ("something_new", 200, Refused),
        ("token_revoked", 200, TryLater),
        ("account_inactive", 200, TryLater),
        ("", 503, TryLater),
        ("internal_error", 200, TryLater),
        ("ratelimited", 429, Throttled),
        ("rate_limited", 200, Throttled),
        ("", 429, Throttled),
    ],
)
def test_each_answer_has_one_meaning(error: str, status: int, kind: type[ChannelError]) -> None:
    assert type(failure_of(error, status, {})) is kind


def test_slack_says_how_long_to_wait() -> None:
    told = failure_of("ratelimited", 429, {"Retry-After": "17"})
    assert isinstance(told, Throttled)
    assert told.retry_after_seconds == 17.0
    untold = failure_of("ratelimited", 429, {"Retry-After": "soon"})
    assert isinstance(untold, Throttled)
    assert untold.retry_after_seconds == DEFAULT_PAUSE_SECONDS


def test_only_what_slack_may_have_done_is_uncertain() -> None:
    assert [
        isinstance(failure, TryLater) and failure.is_uncertain
        for failure in (
            failure_of("internal_error", 200, {}),
            failure_of("", 502, {}),
            failure_of("invalid_auth", 200, {}),
        )
    ] == [True, True, False]
