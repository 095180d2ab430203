"""Adaptive Cards against Microsoft's typed models (microsoft-teams-cards): all that is there has a place in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from microsoft_teams.cards import core
from pydantic import BaseModel

_TYPES: dict[str, type[BaseModel]] = {
    str(model.model_fields["type"].default): model
    for model in vars(core).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.model_fields
}
# What stands in a fixed place needs no type of its own.
_UNTYPED: dict[str, type[BaseModel]] = {
    "columns": core.ColumnDefinition,
    "choices": core.Choice,
    "refresh": core.RefreshDefinition,
    "msteams": core.TeamsCardProperties,
}
_FREE = frozenset({"data"})


def problems_of_card(card: Mapping[str, Any]) -> list[str]:
    """What the models do not know, refuse, or give back otherwise."""
    return list(_problems(card, "card"))


def _problems(part: object, place: str) -> Iterator[str]:
    if isinstance(part, list):
        for number, each in enumerate(part):
            yield from _problems(each, f"{place}[{number}]")
    elif isinstance(part, Mapping):
        yield from _problems_of(part, place)


def _problems_of(part: Mapping[str, Any], place: str) -> Iterator[str]:
    name = place.rpartition(".")[2].partition("[")[0]
    model = _TYPES.get(part["type"]) if "type" in part else _UNTYPED.get(name)
    if model is None:
        yield f"{place}: no model for {part.get('type', 'a part without a type')}"
        return
    loaded = model.model_validate(part)
    if loaded.model_extra:
        yield f"{place}: {model.__name__} does not know {', '.join(loaded.model_extra)}"
    if loaded.model_dump(by_alias=True, exclude_unset=True, mode="json") != part:
        yield f"{place}: comes back as something else"
    for key, value in part.items():
        if key not in _FREE:
            yield from _problems(value, f"{place}.{key}")
