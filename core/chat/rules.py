"""What chat is made of: surfaces, kinds and states. Pure."""

from __future__ import annotations

from enum import StrEnum


class Surface(StrEnum):
    """Where people chat with the desk."""

    TEAMS = "teams"
    SLACK = "slack"
    CONSOLE = "console"


class ConversationKind(StrEnum):
    PERSONAL = "personal"
    GROUP = "group"
    CHANNEL = "channel"


class ConversationPurpose(StrEnum):
    """What the desk uses a conversation for. CUSTOMER: a channel shared with a customer, who sees what stands there."""

    TALK = "talk"
    TRIAGE = "triage"
    MANAGERS = "managers"
    CUSTOMER = "customer"


class LinkedBy(StrEnum):
    """How an account was proven to belong to a person."""

    DIRECTORY = "directory"
    ADDRESS = "address"
    CODE = "code"
    CHANNEL = "channel"


class ArrivalState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class DeliveryKind(StrEnum):
    """POST shows something new, UPDATE redraws a posted card, DELETE takes a message away."""

    POST = "post"
    UPDATE = "update"
    DELETE = "delete"


class DeliveryState(StrEnum):
    """DROPPED: there is nobody left to send it to, or nothing left to say."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
