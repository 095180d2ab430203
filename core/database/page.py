"""A page of a query's rows, and how many rows there are in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows, by column name, and the number of rows on all pages."""

    rows: Sequence[Mapping[str, Any]]
    total: int


async def read_page(
    connection: AsyncConnection,
    statement: Select[Any],
    *,
    order_by: Sequence[ColumnElement[Any]],
    limit: int,
    offset: int,
    counted: Select[Any] | None = None,
) -> RowPage:
    """The rows of `statement` from `offset` on, at most `limit`.

    `counted` is a cheaper query with the same number of rows. `order_by` must end in something unique.
    """
    count = select(func.count()).select_from((statement if counted is None else counted).order_by(None).subquery())
    total = (await connection.execute(count)).scalar_one()
    if offset >= total:
        return RowPage((), total)
    rows = await connection.execute(statement.order_by(*order_by).limit(limit).offset(offset))
    return RowPage([row._asdict() for row in rows], total)
