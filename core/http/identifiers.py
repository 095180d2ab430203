"""Identifiers in paths."""

from __future__ import annotations

from uuid import UUID

from core.errors import NotFound
from core.http.route import Call


def uuid_in_path(call: Call, name: str, what: str) -> UUID:
    """The placeholder `name` of the path; what is no identifier names nothing, so it raises NotFound (`what`)."""
    text = call.path[name]
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(what, text) from error
