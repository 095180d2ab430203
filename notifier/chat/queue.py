"""The sender's side of the queue of chat deliveries: what is due, within the budgets, one a conversation at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from core.actor import SYSTEM
from core.chat.cards import PostedCard, card_of
from core.chat.conversations import Conversation, conversation_of
from core.chat.deliveries import FIRST_CARD
from core.chat.model import chat_budgets, chat_conversations, chat_deliveries, posted_cards
from core.chat.rules import DeliveryKind, DeliveryState, Surface
from core.database.engine import Database
from core.database.unit_of_work import UnitOfWork
from core.ids import ChatDeliveryId, ConversationId, MessageId, TicketId, new_uuid
from notifier.chat.budget import LIMITS, Limit, SurfaceLimits

LEASE = timedelta(minutes=2)
"""A delivery that a sender claimed and said nothing of for so long is claimed again."""

QUEUED: ColumnElement[str] = literal_column(f"'{DeliveryState.QUEUED}'")
"""Written out in the statement, so that PostgreSQL sees that the partial indexes fit."""

OVERTAKEN_AFTER = 6
"""A post that failed so often holds up no later ones of its conversation any more: about a minute."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that is ours until `leased_until`. `attempts` counts this one.

    `is_repeated`: an earlier attempt ended in a way that nobody knows. `card` is what is shown, else `content`.
    `wanted` is how often it was wanted when it was claimed. `is_first_card`: only where no card of its ticket stands.
    """

    id: ChatDeliveryId
    lease_token: UUID
    leased_until: datetime
    kind: DeliveryKind
    attempts: int
    is_repeated: bool
    wanted: int
    conversation: Conversation
    card: PostedCard | None
    content: Mapping[str, Any] | None
    thread: str | None
    target: str | None
    recipient: str | None
    address: Mapping[str, Any]
    ticket_id: TicketId | None
    message_id: MessageId | None
    created_at: datetime
    is_first_card: bool

    @property
    def surface(self) -> Surface:
        return self.conversation.surface


@dataclass(frozen=True, slots=True)
class QueueState:
    """When the next delivery is due, and how long the most overdue one is."""

    next_at: datetime | None
    overdue: timedelta


@dataclass(frozen=True, slots=True)
class _Open:
    """A conversation that is ours to write to in this claim, with its budgets."""

    conversation: Conversation
    short_full_at: datetime | None
    long_full_at: datetime | None


class ChatQueue:
    """What is due on `surfaces`. Any number of senders share it; together they keep to `limits`. All raise Unavailable.

    The budgets are decided in the claiming transaction, under the lock of the conversation's row: none is spent twice.
    """

    def __init__(
        self, database: Database, surfaces: Iterable[Surface], limits: Mapping[Surface, SurfaceLimits] = LIMITS
    ) -> None:
        self._database = database
        self._limits = {surface: limits[surface] for surface in surfaces}

    async def claim(self, limit: int) -> list[DueDelivery]:
        """What waits longest, at most `limit` and one a conversation, leased to the caller.

        Posts of a conversation go in the order in which they were queued; updates and deletions do not wait for them.
        """
        async with self._database.begin(SYSTEM) as work:
            opened = await self._open_conversations(work, limit)
            if not opened:
                return []
            # In one order everywhere: two that spend of the same budgets wait for each other instead of in a circle.
            candidates = sorted(await _choose(work, list(opened)), key=lambda row: (row.surface, row.tenant, row.kind))
            chosen = [row for row in candidates if await self._spend_shared(work, row)]
            await self._spend_own(work, [opened[row.conversation_id] for row in chosen])
            return await _lease(work, chosen, opened)

    async def look(self) -> QueueState:
        """How the queue is now."""
        c, d, now = chat_conversations.c, chat_deliveries.c, self._database.clock.now()
        earliest = [
            func.min(func.greatest(d.next_attempt_at, *free_at)).filter(c.surface == surface.value)
            for surface, free_at in self._free_at().items()
        ]
        waiting = _joined(select(func.min(d.next_attempt_at), *earliest)).where(
            _is_queued(), d.leased_until.is_(None), _is_unblocked(now), c.surface.in_(self._limits)
        )
        async with self._database.connect() as connection:
            oldest, *each = (await connection.execute(waiting)).one()
        next_at = min((at for at in each if at is not None), default=None)
        return QueueState(next_at, max(now - oldest, timedelta()) if oldest else timedelta())

    async def _open_conversations(self, work: UnitOfWork, limit: int) -> dict[ConversationId, _Open]:
        c, d = chat_conversations.c, chat_deliveries.c
        due = (
            _joined(select(d.conversation_id, func.min(d.next_attempt_at).label("since")))
            .where(_is_due(work.now), _is_unblocked(work.now), or_(*self._within_budget(work.now)))
            .group_by(d.conversation_id)
            .subquery()
        )
        rows = await work.execute(
            select(chat_conversations)
            .join(due, due.c.conversation_id == c.id)
            # Once more: the row may have been another sender's while we waited for it.
            .where(or_(*self._within_budget(work.now)))
            .order_by(due.c.since, c.id)
            .limit(limit)
            .with_for_update(of=chat_conversations, key_share=True, skip_locked=True)
        )
        return {
            ConversationId(row.id): _Open(conversation_of(row), row.budget_full_at, row.long_budget_full_at)
            for row in rows
        }

    def _within_budget(self, now: datetime) -> list[ColumnElement[bool]]:
        c = chat_conversations.c
        within = []
        for surface, limits in self._limits.items():
            conditions: list[ColumnElement[bool]] = [c.surface == surface.value]
            for column, limit in ((c.budget_full_at, limits.short), (c.long_budget_full_at, limits.long)):
                if limit is not None:
                    conditions.append(or_(column.is_(None), column <= now + limit.credit))
            within.append(and_(*conditions))
        return within

    def _free_at(self) -> dict[Surface, list[ColumnElement[Any]]]:
        """When a conversation's budgets let one more go."""
        c = chat_conversations.c
        return {
            surface: [
                column - limit.credit
                for column, limit in ((c.budget_full_at, limits.short), (c.long_budget_full_at, limits.long))
                if limit is not None
            ]
            for surface, limits in self._limits.items()
        }

    async def _spend_shared(self, work: UnitOfWork, row: Row[Any]) -> bool:
        """Spend of what the tenant's conversations share; False, and put off until it may go, if there is none left."""
        shared = (self._limits[Surface(row.surface)].shared or {}).get(DeliveryKind(row.kind))
        if shared is None:
            return True
        name, limit = shared
        b = chat_budgets.c
        key = {"surface": row.surface, "tenant": row.tenant, "name": name}
        taken = await work.execute(
            insert(chat_budgets)
            .values(**key, full_at=work.now)
            .on_conflict_do_update(index_elements=[b.surface, b.tenant, b.name], set_={"full_at": b.full_at})
            .returning(b.full_at)
        )
        full_at = taken.scalar_one()
        free_at = limit.free_at(full_at, work.now)
        if free_at > work.now:
            await work.execute(
                update(chat_deliveries).where(chat_deliveries.c.id == row.id).values(next_attempt_at=free_at)
            )
            return False
        await work.execute(update(chat_budgets).filter_by(**key).values(full_at=limit.spend(full_at, work.now)))
        return True

    async def _spend_own(self, work: UnitOfWork, opened: Sequence[_Open]) -> None:
        spent = []
        for each in opened:
            limits = self._limits[each.conversation.surface]
            if limits.short is not None or limits.long is not None:
                short = _spend(limits.short, each.short_full_at, work.now)
                long = _spend(limits.long, each.long_full_at, work.now)
                spent.append({"key": each.conversation.id, "short": short, "long": long})
        if spent:
            await work.connection.execute(
                update(chat_conversations)
                .where(chat_conversations.c.id == bindparam("key"))
                .values(budget_full_at=bindparam("short"), long_budget_full_at=bindparam("long")),
                spent,
            )


def _spend(limit: Limit | None, full_at: datetime | None, now: datetime) -> datetime | None:
    return full_at if limit is None else limit.spend(full_at, now)


_shown, _under, _earlier = posted_cards.alias("shown"), posted_cards.alias("under"), chat_deliveries.alias("earlier")


def _joined(statement: Select[Any]) -> Select[Any]:
    """Deliveries with their conversation, the card that they show and the one under which they are to stand."""
    d = chat_deliveries.c
    return (
        statement.select_from(chat_deliveries)
        .join(chat_conversations, chat_conversations.c.id == d.conversation_id)
        .outerjoin(_shown, _shown.c.id == d.card_id)
        .outerjoin(_under, _under.c.id == d.under_card_id)
    )


def _is_queued() -> ColumnElement[bool]:
    return chat_deliveries.c.state == QUEUED


def _is_due(now: datetime) -> ColumnElement[bool]:
    d = chat_deliveries.c
    return and_(_is_queued(), d.next_attempt_at <= now, or_(d.leased_until.is_(None), d.leased_until < now))


def _is_unblocked(now: datetime) -> ColumnElement[bool]:
    """Nothing has to go before it: no earlier post that is due, no card that it is to redraw or stand under."""
    d, e = chat_deliveries.c, _earlier.c
    earlier = exists().where(
        e.conversation_id == d.conversation_id,
        e.id < d.id,
        e.kind == DeliveryKind.POST.value,
        e.attempts <= OVERTAKEN_AFTER,
        or_(e.attempts > 0, e.next_attempt_at <= now),
        e.state == QUEUED,
    )
    return and_(
        or_(d.kind != DeliveryKind.POST.value, ~earlier),
        or_(d.under_card_id.is_(None), _is_settled(_under)),
        or_(d.kind != DeliveryKind.UPDATE.value, d.card_id.is_(None), _is_settled(_shown)),
    )


def _is_settled(card: FromClause) -> ColumnElement[bool]:
    return or_(card.c.external_id.is_not(None), card.c.dropped_at.is_not(None))


async def _choose(work: UnitOfWork, conversation_ids: Sequence[ConversationId]) -> Sequence[Row[Any]]:
    """One delivery of each conversation, posts first: somebody waits for them. With its card's columns as `shown_…`."""
    c, d = chat_conversations.c, chat_deliveries.c
    columns: tuple[ColumnElement[Any], ...] = (
        *chat_deliveries.c,
        c.surface,
        c.tenant,
        func.coalesce(d.thread, _under.c.thread, _under.c.external_id).label("root"),
        *(column.label(f"shown_{column.name}") for column in _shown.c),
    )
    statement = (
        _joined(select(*columns))
        .where(d.conversation_id.in_(conversation_ids), _is_due(work.now), _is_unblocked(work.now))
        .ext(distinct_on(d.conversation_id))
        .order_by(d.conversation_id, (d.kind == DeliveryKind.UPDATE.value), d.id)
    )
    return (await work.execute(statement)).all()


async def _lease(
    work: UnitOfWork, chosen: Sequence[Row[Any]], opened: Mapping[ConversationId, _Open]
) -> list[DueDelivery]:
    """Lease them to the caller; not what was dropped since."""
    if not chosen:
        return []
    d, token, until = chat_deliveries.c, new_uuid(), work.now + LEASE
    leased = await work.execute(
        update(chat_deliveries)
        .where(d.id.in_([row.id for row in chosen]), _is_queued())
        .values(lease_token=token, leased_until=until, attempts=d.attempts + 1, is_uncertain=True)
        .returning(d.id, d.wanted, d.content, d.address)
    )
    rows = {row.id: row for row in leased}
    return [
        DueDelivery(
            id=ChatDeliveryId(row.id),
            lease_token=token,
            leased_until=until,
            kind=DeliveryKind(row.kind),
            attempts=row.attempts + 1,
            is_repeated=row.is_uncertain,
            wanted=rows[row.id].wanted,
            conversation=opened[row.conversation_id].conversation,
            card=_card_of(row),
            content=rows[row.id].content,
            thread=row.root,
            target=row.target,
            recipient=row.recipient,
            address=rows[row.id].address,
            ticket_id=TicketId(row.ticket_id) if row.ticket_id else None,
            message_id=MessageId(row.message_id) if row.message_id else None,
            created_at=row.created_at,
            is_first_card=(row.coalesce_key or "").startswith(FIRST_CARD),
        )
        for row in chosen
        if row.id in rows
    ]


def _card_of(row: Row[Any]) -> PostedCard | None:
    return (
        None
        if row.card_id is None
        else card_of({column.name: row._mapping[f"shown_{column.name}"] for column in _shown.c})
    )
