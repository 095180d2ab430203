"""What Slack's answers mean for what was to be sent, by one table.

https://docs.slack.dev/reference/methods/chat.postMessage#errors and the pages of the other methods.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.channel import ChannelError, ConversationGone, MessageGone, Refused, Throttled, TryLater

DEFAULT_PAUSE_SECONDS = 30.0
"""How long to wait where Slack says "too fast" without saying until when."""

_THROTTLED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

# The token is wrong or was taken back: that is the installation's trouble, which ends, and not the conversation's.
_AWAY = frozenset(
    {
        "account_inactive",
        "accesslimited",
        "invalid_auth",
        "not_authed",
        "service_unavailable",
        "team_added_to_org",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)

# "Some aspect of the operation may have succeeded before the error was raised."
_UNCERTAIN = frozenset({"fatal_error", "internal_error", "request_timeout", "unknown_error"})

_CONVERSATION_GONE = frozenset(
    {
        "cannot_dm_bot",
        "channel_is_limited_access",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "user_disabled",
        "user_not_found",
        "users_not_found",
    }
)

_MESSAGE_GONE = frozenset(
    {"cant_delete_message", "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found"}
)


def failure_of(error: str, status: int, headers: Mapping[str, str]) -> ChannelError:
    """The failure that an answer of Slack's means. `error` is its code, empty where it gave none.

    What is in no table is Refused: Slack understood it and says no, and will say so again.
    """
    if status == 429 or error in _THROTTLED:
        return Throttled(error or "ratelimited", _pause(headers))
    if error in _AWAY:
        return TryLater(error)
    if error in _UNCERTAIN:
        return TryLater(error, is_uncertain=True)
    if error in _CONVERSATION_GONE:
        return ConversationGone(error)
    if error in _MESSAGE_GONE:
        return MessageGone(error)
    if status >= 500:
        return TryLater(error or f"HTTP {status}", is_uncertain=True)
    return Refused(error or f"HTTP {status}")


def _pause(headers: Mapping[str, str]) -> float:
    told = headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdigit() else DEFAULT_PAUSE_SECONDS
