"""The table from domain error to HTTP status and error code, and the body of an error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import (
    AlreadyExists,
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    PsaError,
    TokenExpired,
    TokenInvalid,
    Unavailable,
    VersionConflict,
)
from core.identity.errors import InvalidCredentials


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a request."""

    field: str
    message: str


class RequestInvalid(InvalidInput):
    """One or more fields of a request are wrong."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("Invalid input data")
        self.problems = problems


class Malformed(PsaError):
    """The request cannot be read at all."""


class PreconditionMissing(PsaError):
    """A change must say which version it changes (RFC 6585 section 3)."""


ERROR_STATUS: tuple[tuple[type[PsaError], int, str], ...] = (
    (Malformed, 400, "INVALID_INPUT"),
    (InvalidInput, 422, "VALIDATION_ERROR"),
    (NotFound, 404, "RESOURCE_NOT_FOUND"),
    (AlreadyExists, 409, "RESOURCE_ALREADY_EXISTS"),
    (VersionConflict, 412, "RESOURCE_CONFLICT"),
    (PreconditionMissing, 428, "MISSING_REQUIRED_FIELD"),
    (Conflict, 409, "RESOURCE_CONFLICT"),
    (TokenExpired, 401, "TOKEN_EXPIRED"),
    (TokenInvalid, 401, "TOKEN_INVALID"),
    (InvalidCredentials, 401, "INVALID_CREDENTIALS"),
    (NotAuthenticated, 401, "TOKEN_INVALID"),
    (PermissionDenied, 403, "PERMISSION_DENIED"),
    (LimitExceeded, 429, "RATE_LIMIT_EXCEEDED"),
    (Unavailable, 503, "DATABASE_ERROR"),
)
"""The first class that fits decides; what fits none is a fault of ours: 500 INTERNAL_ERROR."""

HTTP_CODES = {400: "INVALID_INPUT", 404: "RESOURCE_NOT_FOUND", 405: "INVALID_INPUT", 413: "INVALID_INPUT"}


def status_and_code(error: PsaError) -> tuple[int, str]:
    """The HTTP status and the code of the error format for a domain error."""
    for kind, status, code in ERROR_STATUS:
        if isinstance(error, kind):
            return status, code
    return 500, "INTERNAL_ERROR"


def problems_of(error: PsaError) -> list[FieldProblem]:
    """The fields that an error speaks of."""
    if isinstance(error, RequestInvalid):
        return error.problems
    field = error.field if isinstance(error, InvalidInput | AlreadyExists) else None
    return [FieldProblem(field, str(error))] if field else []


def error_body(
    code: str, message: str, problems: list[FieldProblem], request_id: str, at: datetime
) -> dict[str, object]:
    """The error format of the API."""
    details = [{"field": problem.field, "message": problem.message} for problem in problems]
    return {"error": {"code": code, "message": message, "details": details, "request_id": request_id, "timestamp": at}}
