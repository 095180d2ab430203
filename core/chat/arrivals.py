"""What arrived from chat: stored before it is acknowledged, worked on after, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core.actor import SYSTEM
from core.chat.model import chat_arrivals
from core.chat.rules import ArrivalState, Surface
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.errors import InvalidInput, NotFound
from core.ids import ArrivalId, new_uuid

BODY_LIMIT_BYTES = 256 * 1024
"""No surface sends as much: a message of theirs has some 40,000 characters at most."""

KEY_LIMIT = 300
LEASE = timedelta(minutes=2)
"""An arrival that someone works on and says nothing of for so long is taken up by someone else."""

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=5)
KEPT = timedelta(days=30)
ERROR_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that arrived. `attempts` counts this one; `is_new` is False on the second time of the same.

    Who holds `lease_token` works on it; None: somebody else does or did, and `is_done` says which.
    """

    id: ArrivalId
    surface: Surface
    natural_key: str
    body: Mapping[str, Any]
    attempts: int
    is_new: bool
    lease_token: UUID | None = None
    is_done: bool = False


def delay_after(attempts: int) -> timedelta:
    """How long an arrival waits after so many attempts: a second, doubling to five minutes."""
    return min(FIRST_DELAY * (1 << min(attempts - 1, 20)), LONGEST_DELAY)


class ChatArrivals:
    """The arrivals of all surfaces. Only who holds the lease changes one. All raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, surface: Surface, natural_key: str, body: Mapping[str, Any]) -> Arrival:
        """Keep what arrived, leased to the caller; committed on return.

        `natural_key` is the same when the surface sends it again: then nothing is stored, and nothing is leased.
        Raises InvalidInput for what is larger than anything that a surface sends.
        """
        clean = _clean(body)
        if len(natural_key) > KEY_LIMIT or len(orjson.dumps(clean)) > BODY_LIMIT_BYTES:
            raise InvalidInput("This is larger than a chat message can be.")
        a, token = chat_arrivals.c, new_uuid()
        async with self._database.begin(SYSTEM) as work:
            stored = await work.execute(
                insert(chat_arrivals)
                .values(
                    id=new_uuid(),
                    surface=surface.value,
                    natural_key=natural_key,
                    body=clean,
                    state=ArrivalState.WAITING.value,
                    attempts=1,
                    next_attempt_at=work.now,
                    lease_token=token,
                    leased_until=work.now + LEASE,
                    received_at=work.now,
                )
                .on_conflict_do_nothing(index_elements=[a.surface, a.natural_key])
                .returning(a.id)
            )
            new_id = stored.scalar_one_or_none()
            if new_id is not None:
                return Arrival(ArrivalId(new_id), surface, natural_key, clean, 1, is_new=True, lease_token=token)
            known = select(chat_arrivals).where(a.surface == surface.value, a.natural_key == natural_key)
            row = (await work.execute(known)).one()
        return Arrival(
            ArrivalId(row.id),
            surface,
            natural_key,
            row.body,
            row.attempts,
            is_new=False,
            is_done=row.state != ArrivalState.WAITING.value,
        )

    async def claim(self, limit: int) -> list[Arrival]:
        """The arrivals that wait longest and nobody works on, at most `limit`, leased to the caller."""
        a, token = chat_arrivals.c, new_uuid()
        async with self._database.begin(SYSTEM) as work:
            due = (
                select(a.id)
                .where(
                    a.state == ArrivalState.WAITING.value,
                    a.next_attempt_at <= work.now,
                    or_(a.leased_until.is_(None), a.leased_until < work.now),
                )
                .order_by(a.next_attempt_at, a.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .cte("due")
            )
            rows = await work.execute(
                update(chat_arrivals)
                .where(a.id == due.c.id)
                .values(lease_token=token, leased_until=work.now + LEASE, attempts=a.attempts + 1)
                .returning(a.id, a.surface, a.natural_key, a.body, a.attempts)
            )
            found = [
                Arrival(
                    ArrivalId(row.id),
                    Surface(row.surface),
                    row.natural_key,
                    row.body,
                    row.attempts,
                    is_new=False,
                    lease_token=token,
                )
                for row in rows
            ]
        return sorted(found, key=lambda arrival: arrival.id)

    async def put_off(self, arrival: Arrival, error: str) -> None:
        """Work on it again later."""
        async with self._database.begin(SYSTEM) as work:
            await _finish(
                work,
                arrival,
                {"next_attempt_at": work.now + delay_after(arrival.attempts), "last_error": error[:ERROR_LIMIT]},
            )

    async def retry(self, arrival_id: ArrivalId) -> None:
        """Work on a failed arrival again. Raises NotFound where none of this id failed."""
        a = chat_arrivals.c
        async with self._database.begin(SYSTEM) as work:
            revived = await work.execute(
                update(chat_arrivals)
                .where(a.id == arrival_id, a.state == ArrivalState.FAILED.value)
                .values(state=ArrivalState.WAITING.value, attempts=0, next_attempt_at=work.now, done_at=None)
            )
        if not revived.rowcount:
            raise NotFound("failed arrival", arrival_id)

    async def purge(self, *, kept: timedelta = KEPT) -> int:
        """Forget what was done longer ago than `kept`; returns how many. What failed stays as long."""
        async with self._database.begin(SYSTEM) as work:
            gone = await work.execute(delete(chat_arrivals).where(chat_arrivals.c.done_at < work.now - kept))
        return int(gone.rowcount)


async def mark_done(work: UnitOfWork, arrival: Arrival) -> bool:
    """The arrival had its effect, and its answer is queued in this unit of work; False if it is another's by now."""
    return await _finish(work, arrival, {"state": ArrivalState.DONE.value, "done_at": work.now, "last_error": None})


async def mark_failed(work: UnitOfWork, arrival: Arrival, error: str) -> bool:
    """The arrival will not be worked on again; False if it is another's by now."""
    return await _finish(
        work,
        arrival,
        {"state": ArrivalState.FAILED.value, "done_at": work.now, "last_error": error[:ERROR_LIMIT]},
    )


async def _finish(work: UnitOfWork, arrival: Arrival, values: dict[str, object]) -> bool:
    changed = await work.execute(
        update(chat_arrivals).where(_held(arrival)).values(lease_token=None, leased_until=None, **values)
    )
    return changed.rowcount == 1


def _held(arrival: Arrival) -> ColumnElement[bool]:
    a = chat_arrivals.c
    return (a.id == arrival.id) & (a.lease_token == arrival.lease_token) & (a.state == ArrivalState.WAITING.value)


def _clean(value: Any) -> Any:
    """The same without what PostgreSQL cannot hold: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_clean(name): _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value
