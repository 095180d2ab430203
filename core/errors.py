"""The one error tree, in business words. Each edge translates by a table: API status, SMTP code, chat text, exit code.

PsaError
├── InvalidInput            what came in cannot be right; `field` says where
├── NotFound                no such thing, or none that the actor may see
├── Conflict                the state does not allow it
│   ├── AlreadyExists       a unique thing exists already
│   ├── VersionConflict     someone else changed it first
│   └── AlreadyDone         this very request had its effect before
├── NotAuthenticated        who are you?
├── PermissionDenied        you may not
├── LimitExceeded           too many, too large, too fast
├── Unavailable             a part we need is away; try again later
└── Misconfigured           a setting is missing or wrong
"""

from __future__ import annotations


class PsaError(Exception):
    """Root of all errors the product raises on purpose; `str(error)` is for people."""

    @property
    def hint(self) -> str | None:
        """What to do about it, where that is known."""
        return None


class InvalidInput(PsaError):
    """Something that came in cannot be right. `field` is the name of the offending field, if there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(PsaError):
    """There is no such thing, or none that the actor may see."""

    def __init__(self, what: str, reference: object) -> None:
        super().__init__(f"There is no {what} {reference}.")
        self.what = what


class Conflict(PsaError):
    """The state does not allow what was asked."""


class AlreadyExists(Conflict):
    """A thing that must be unique exists already. `field` is the field that makes it so."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class VersionConflict(Conflict):
    """Someone else changed the thing since it was read."""

    def __init__(self, what: str, expected: int, actual: int) -> None:
        super().__init__(f"The {what} was changed by someone else: version {actual} is current, you sent {expected}.")
        self.expected = expected
        self.actual = actual

    @property
    def hint(self) -> str:
        return "Read it again and repeat the change on the current version."


class AlreadyDone(Conflict):
    """What arrives a second time had its effect the first time."""

    def __init__(self) -> None:
        super().__init__("This was done before.")


class NotAuthenticated(PsaError):
    """The caller did not prove who it is."""


class TokenExpired(NotAuthenticated):
    """The access token was good once."""


class TokenInvalid(NotAuthenticated):
    """The access token is not one of ours."""


class PermissionDenied(PsaError):
    """The actor may not do this."""


class LimitExceeded(PsaError):
    """Too many, too large or too fast. `retry_after_seconds` says when it is worth trying again, if ever."""

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(PsaError):
    """A part we need (database, broker, blob store, mail server) is away; nothing was changed, try again later."""


class Misconfigured(PsaError):
    """A setting is missing or wrong."""
