"""What the console stores of what people do, and how it is read back as a request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from bot.request import Account, Place, Pressed, Request, Said
from core.chat.rules import ConversationKind, Surface


class _What(StrEnum):
    SAID = "said"
    PRESSED = "pressed"


def said_body(account: Account, place: Place, text: str) -> dict[str, Any]:
    """What is stored when someone typed a line."""
    return {"what": _What.SAID, **_where(account, place), "text": text}


def pressed_body(
    account: Account, place: Place, value: str, inputs: Mapping[str, str], message: str | None
) -> dict[str, Any]:
    """What is stored when someone pressed a button or sent a form; `message` is the entry in which it stands."""
    return {"what": _What.PRESSED, **_where(account, place), "value": value, "inputs": dict(inputs), "message": message}


def interpret(body: Mapping[str, Any]) -> Request | None:
    """The request that was stored."""
    account = Account(**body["account"] | {"surface": Surface(body["account"]["surface"])})
    where = body["place"] | {"surface": Surface(body["place"]["surface"]), "kind": ConversationKind.PERSONAL}
    place = Place(**where)
    if body["what"] == _What.SAID:
        return Said(account, place, body["text"], message=None, is_addressed=True)
    return Pressed(account, place, body["value"], body["inputs"], body["message"])


def _where(account: Account, place: Place) -> dict[str, Any]:
    return {"account": asdict(account), "place": asdict(place)}
