"""Who acts: every use case gets an Actor, every audit record names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import PermissionDenied
from core.identity.roles import ROLE_PERMISSIONS, Permission, Role
from core.ids import CustomerId, UserId


class ActorKind(StrEnum):
    USER = "user"
    CONTACT = "contact"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, a customer's contact (by mail or chat) or the product itself, and where the call came from.

    `origin` is what the actor acts on, where that may arrive twice: a second unit of work for it raises AlreadyDone.
    """

    kind: ActorKind
    user_id: UserId | None = None
    email: str | None = None
    role: Role | None = None
    customer_id: CustomerId | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    name: str | None = None
    origin: UUID | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLE_PERMISSIONS[self.role] if self.role else frozenset()

    @property
    def is_staff(self) -> bool:
        """One of the MSP's own people, or the product itself; not a customer."""
        return self.kind is ActorKind.SYSTEM or (self.kind is ActorKind.USER and self.customer_id is None)

    def may(self, permission: Permission) -> bool:
        return self.kind is ActorKind.SYSTEM or permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise PermissionDenied unless the actor has the permission."""
        if not self.may(permission):
            raise PermissionDenied(f"This needs the permission {permission}.")


SYSTEM = Actor(kind=ActorKind.SYSTEM)
