"""The 13 roles and the permissions of each, as one table. Pure."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    SYSTEM_ADMIN = "system_admin"
    TENANT_ADMIN = "tenant_admin"
    SECURITY_ADMIN = "security_admin"
    SERVICE_MANAGER = "service_manager"
    TECHNICIAN_L3 = "technician_l3"
    TECHNICIAN_L2 = "technician_l2"
    TECHNICIAN_L1 = "technician_l1"
    ACCOUNT_MANAGER = "account_manager"
    PROJECT_MANAGER = "project_manager"
    BILLING_MANAGER = "billing_manager"
    CUSTOMER_ADMIN = "customer_admin"
    CUSTOMER_TECHNICIAN = "customer_technician"
    CUSTOMER_USER = "customer_user"

    @property
    def is_customer(self) -> bool:
        """Belongs to a customer's company and sees only that."""
        return self.value.startswith("customer_")


class Permission(StrEnum):
    TICKET_VIEW_ALL = "ticket:view:all"
    TICKET_VIEW_CUSTOMER = "ticket:view:customer"
    TICKET_VIEW_OWN = "ticket:view:own"
    TICKET_CREATE = "ticket:create"
    TICKET_REPLY = "ticket:reply"
    TICKET_UPDATE = "ticket:update"
    TICKET_DELETE = "ticket:delete"
    CUSTOMER_VIEW = "customer:view"
    CUSTOMER_VIEW_OWN = "customer:view:own"
    CUSTOMER_CREATE = "customer:create"
    CUSTOMER_UPDATE = "customer:update"
    MAIL_RECEIPT_VIEW = "mail:receipt:view"
    MAIL_RELEASE = "mail:release"
    MAIL_MANAGE = "mail:manage"
    USER_VIEW = "user:view"
    USER_MANAGE = "user:manage"
    AUDIT_VIEW = "audit:view"
    EVENTS_MANAGE = "events:manage"
    CHAT_MANAGE = "chat:manage"


_TECHNICIAN = frozenset(
    {
        Permission.TICKET_VIEW_ALL,
        Permission.TICKET_CREATE,
        Permission.TICKET_REPLY,
        Permission.TICKET_UPDATE,
        Permission.CUSTOMER_VIEW,
        Permission.MAIL_RECEIPT_VIEW,
        Permission.USER_VIEW,
    }
)
_MANAGER = _TECHNICIAN | {Permission.CUSTOMER_CREATE, Permission.CUSTOMER_UPDATE}
_CUSTOMER = frozenset({Permission.TICKET_CREATE, Permission.TICKET_REPLY, Permission.CUSTOMER_VIEW_OWN})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset(Permission)
    - {Permission.TICKET_VIEW_CUSTOMER, Permission.TICKET_VIEW_OWN, Permission.CUSTOMER_VIEW_OWN},
    Role.TENANT_ADMIN: _MANAGER
    | {
        Permission.TICKET_DELETE,
        Permission.USER_MANAGE,
        Permission.MAIL_RELEASE,
        Permission.MAIL_MANAGE,
        Permission.EVENTS_MANAGE,
        Permission.CHAT_MANAGE,
    },
    Role.SECURITY_ADMIN: frozenset(
        {
            Permission.AUDIT_VIEW,
            Permission.USER_VIEW,
            Permission.USER_MANAGE,
            Permission.MAIL_RECEIPT_VIEW,
            Permission.MAIL_RELEASE,
        }
    ),
    Role.SERVICE_MANAGER: _MANAGER
    | {Permission.TICKET_DELETE, Permission.MAIL_RELEASE, Permission.MAIL_MANAGE, Permission.CHAT_MANAGE},
    Role.TECHNICIAN_L3: _TECHNICIAN | {Permission.MAIL_RELEASE, Permission.MAIL_MANAGE},
    Role.TECHNICIAN_L2: _TECHNICIAN | {Permission.MAIL_RELEASE},
    Role.TECHNICIAN_L1: _TECHNICIAN,
    Role.ACCOUNT_MANAGER: _MANAGER,
    Role.PROJECT_MANAGER: _TECHNICIAN,
    Role.BILLING_MANAGER: frozenset(
        {Permission.TICKET_VIEW_ALL, Permission.CUSTOMER_VIEW, Permission.CUSTOMER_UPDATE, Permission.USER_VIEW}
    ),
    Role.CUSTOMER_ADMIN: _CUSTOMER | {Permission.TICKET_VIEW_CUSTOMER},
    Role.CUSTOMER_TECHNICIAN: _CUSTOMER | {Permission.TICKET_VIEW_CUSTOMER},
    Role.CUSTOMER_USER: _CUSTOMER | {Permission.TICKET_VIEW_OWN},
}
