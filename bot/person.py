"""Who talks, in which language and zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.actor import SYSTEM, Actor, ActorKind
from core.identity.roles import Role
from core.ids import CustomerId


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whom the desk knows: a user, or a customer's contact."""

    actor: Actor
    name: str
    language: str
    timezone: str = "Europe/Vienna"

    def local(self, instant: datetime) -> datetime:
        """The instant on the person's clock."""
        return instant.astimezone(ZoneInfo(self.timezone))


def desk_person(language: str) -> Person:
    """All of the desk, for whom a card in a staff channel is drawn: it offers what any of them may do."""
    return Person(actor=SYSTEM, name="", language=language)


def customer_person(customer_id: CustomerId, language: str) -> Person:
    """All of a customer's people, for whom a card in a channel shared with them is drawn: public messages only."""
    actor = Actor(kind=ActorKind.CONTACT, role=Role.CUSTOMER_TECHNICIAN, customer_id=customer_id)
    return Person(actor=actor, name="", language=language)


def contact_person(customer_id: CustomerId, name: str, address: str | None, language: str) -> Person:
    """A customer's contact, who sees the tickets that they take part in; of one without an address there are none."""
    actor = Actor(kind=ActorKind.CONTACT, email=address, role=Role.CUSTOMER_USER, customer_id=customer_id, name=name)
    return Person(actor=actor, name=name, language=language)
