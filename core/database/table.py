"""What all tables share: metadata with a naming convention, and the columns that recur."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

IGNORE_CONFLICT = {"on_conflict": "ignore"}
"""`info` of a table whose rows are facts that may be stated twice: a second insert of the same key is a no-op."""


def key_column() -> Column[Any]:
    """The primary key: a UUIDv7 made by the application."""
    return Column("id", UUID(as_uuid=True), primary_key=True)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    """An instant: timestamptz, stored in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def enum_column(
    name: str, enum: type[StrEnum], *, nullable: bool = False, primary_key: bool = False
) -> tuple[Column[Any], CheckConstraint]:
    """A text column that holds the values of `enum` only; the check is named after the column."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return Column(name, Text, nullable=nullable, primary_key=primary_key), CheckConstraint(
        f"{name} IN ({values})", name=name
    )


def longest(name: str, limit: int) -> CheckConstraint:
    """A check that a text column holds at most `limit` characters."""
    return CheckConstraint(f"char_length({name}) <= {limit}", name=f"{name}_length")
