"""Button values: which command a button gives, signed, so that nobody presses a button that was never drawn.

Rights are checked anew when a button is pressed; the signature only keeps made-up values from being taken for ours.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import orjson

from bot.views.card import Action
from core.errors import InvalidInput

MAC_BYTES = 12


@dataclass(frozen=True, slots=True)
class ButtonValue:
    """A pressed button: its command and arguments; `opens_form`: ask for what is missing first."""

    command: str
    arguments: Mapping[str, str]
    opens_form: bool


class Buttons:
    """Signs and reads button values. `key` is a secret of at least 16 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("a key of fewer than 16 bytes signs nothing")
        self._key = key

    def value_of(self, action: Action) -> str:
        """The value of the action's button: `<mac>.<JSON>`."""
        body = orjson.dumps([action.command, action.arguments, action.opens_form]).decode()
        return f"{self._mac(body)}.{body}"

    def read(self, value: str) -> ButtonValue:
        """What the button means; raises InvalidInput for a value that is none of ours."""
        mac, _, body = value.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(body).encode()):
            raise InvalidInput("This button is none of ours.")
        command, arguments, opens_form = orjson.loads(body)
        return ButtonValue(command, arguments, opens_form)

    def _mac(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode(), sha256)
        return urlsafe_b64encode(digest[:MAC_BYTES]).decode("ascii")
