"""What can be wrong with a mailbox."""

from __future__ import annotations

from core.errors import Misconfigured, NotAuthenticated, PsaError, Unavailable


class MailboxUnreachable(Unavailable):
    """The mail server or the token endpoint does not answer, hung up, or answers nonsense."""


class LoginRefused(NotAuthenticated):
    """The mail server does not let us in."""


class AuthorizationExpired(NotAuthenticated):
    """The token endpoint gives no access token until a person authorises the mailbox anew."""


class FolderUnreadable(Misconfigured):
    """The folder is not there or cannot be opened."""


class MailUnreadable(PsaError):
    """The server is well but does not hand out these mails, or in a form that cannot be understood."""
