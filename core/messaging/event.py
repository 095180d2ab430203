"""An event: a fact in the past tense, typed and versioned."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_E = TypeVar("_E", bound="Event")


class Event(BaseModel):
    """Base of all events. A subclass writes out its wire `name` (subject.fact) and `version`.

    `subject_id` and `subject_version` say whose state this is: an older one never overwrites what a newer one drew.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    version: ClassVar[int]

    subject_id: UUID
    subject_version: int


class Envelope(BaseModel):
    """An event on the wire. `payload` are the event's fields; `id` is the key by which consumers are idempotent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    name: str
    version: int
    occurred_at: datetime
    correlation_id: str | None = None
    payload: dict[str, Any]

    def read(self, kind: type[_E]) -> _E:
        """The payload as the typed event; raises pydantic.ValidationError if it is not one."""
        return kind.model_validate(self.payload)
