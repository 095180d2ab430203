"""Bodies of PATCH: what is left out stays as it is, what is null is emptied (in the manner of RFC 7396)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.http.route import Input


class Changes(Input):
    """Base of such bodies. Every field is declared as `name: Type = unchanged()`."""

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True)


def unchanged(description: str = "") -> Any:
    """A field that may be left out; null is allowed only where its type says so."""
    return Field(default_factory=lambda: None, description=description or None)
