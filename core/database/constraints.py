"""A table from constraint name to the domain error that its violation means."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import AlreadyExists, InvalidInput, PsaError, Unavailable

CONSTRAINT_ERRORS: dict[str, PsaError] = {
    "customers_name_key": AlreadyExists("There is a customer of this name already.", field="name"),
    "customer_domains_domain_key": AlreadyExists("This domain belongs to a customer already.", field="domain"),
    "contacts_email_key": AlreadyExists("There is a contact with this address already.", field="email"),
    "contacts_customer_id_fkey": InvalidInput("There is no such customer.", field="customer_id"),
    "contacts_email_format_check": InvalidInput("This is no mail address.", field="email"),
    "users_email_key": AlreadyExists("There is a user with this address already.", field="email"),
    "users_directory_id_key": AlreadyExists(
        "This entry of the directory belongs to a user already.", field="directory_id"
    ),
    "users_customer_of_role_check": InvalidInput("Customer roles need a customer, others have none.", field="role"),
    "users_customer_id_fkey": InvalidInput("There is no such customer.", field="customer_id"),
    "tickets_customer_id_fkey": InvalidInput("There is no such customer.", field="customer_id"),
    "tickets_contact_id_fkey": InvalidInput("There is no such contact.", field="contact_id"),
    "tickets_assigned_to_fkey": InvalidInput("There is no such user.", field="assigned_to"),
    "mailboxes_name_key": AlreadyExists("There is a mailbox of this name already.", field="name"),
}

_UNAVAILABLE_CLASSES = ("08", "53", "57")
"""SQLSTATE classes: connection exception, insufficient resources, operator intervention (shutdown, cancelled)."""

_CONFLICTS = ("40001", "40P01", "23505")
"""serialization_failure, deadlock_detected, unique_violation: another transaction was faster."""


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the violated constraint, or None."""
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    return str(name) if name else None


def sqlstate_of(error: DBAPIError) -> str:
    """The five-character SQLSTATE, or the empty string where the server said nothing."""
    return str(getattr(getattr(error.orig, "__cause__", None), "sqlstate", None) or "")


def is_race(error: DBAPIError) -> bool:
    """Another transaction was faster: the same work on a fresh reading may succeed."""
    return sqlstate_of(error) in _CONFLICTS


def domain_error_of(error: DBAPIError) -> PsaError | None:
    """What the driver's error means in business words; None if it is a fault of ours."""
    if isinstance(error, IntegrityError):
        return CONSTRAINT_ERRORS.get(constraint_of(error) or "")
    state = sqlstate_of(error)
    if error.connection_invalidated or state.startswith(_UNAVAILABLE_CLASSES):
        return Unavailable("The database is away.")
    return None
