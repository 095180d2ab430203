"""Reads of tickets, each within what its actor may see. Rows are dictionaries by column name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.actor import Actor
from core.customers.model import contacts, customers
from core.database.page import RowPage, read_page
from core.errors import NotFound
from core.identity.model import users
from core.identity.roles import Permission
from core.ids import AttachmentId, CustomerId, MessageId, TicketId, TicketNumber, UserId
from core.mail.model import mail_receipts, raw_mails
from core.tickets.model import PRIORITY_RANK, attachments, messages, ticket_participants, tickets
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus

TicketReference = TicketId | TicketNumber
"""How people name a ticket: by its id or by its number."""

LONGEST_NUMBER = 18
"""Digits that surely fit a bigint."""


class SortKey(StrEnum):
    """What tickets can be sorted by; priority and status by their rank, not their letters."""

    NUMBER = "number"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PRIORITY = "priority"
    STATUS = "status"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Sort:
    key: SortKey
    descending: bool = False


_IS_OPEN = literal_column("(tickets.status NOT IN ('resolved', 'closed') AND tickets.deleted_at IS NULL)", Boolean)
"""Written out, not bound: only so is it the condition of the indexes on open tickets in every plan."""
_IS_DONE = literal_column("(tickets.status IN ('resolved', 'closed'))", Boolean)

_TICKET_COLUMNS = tuple(column for column in tickets.c if column.name != "search_vector")
NEWEST_FIRST = (Sort(SortKey.CREATED_AT, descending=True),)


@dataclass(frozen=True, slots=True)
class TicketFilters:
    """Which tickets are wanted: all that is given must hold; of several statuses any.

    `is_open`: neither resolved nor closed, or (False) one of these. `search` is in the words of PostgreSQL's
    websearch_to_tsquery, in German or English, over titles and messages.
    """

    statuses: tuple[TicketStatus, ...] = ()
    priorities: tuple[TicketPriority, ...] = ()
    customer_id: CustomerId | None = None
    assigned_to: UserId | None = None
    category: str | None = None
    tag: str | None = None
    source: TicketSource | None = None
    number: TicketNumber | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    search: str | None = None
    is_open: bool | None = None
    is_unassigned: bool = False


def ticket_scope(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor may see, as a condition on `tickets`. Deleted ones nobody sees."""
    if actor.may(Permission.TICKET_VIEW_ALL):
        return tickets.c.deleted_at.is_(None)
    own_customer = and_(tickets.c.deleted_at.is_(None), tickets.c.customer_id == actor.customer_id)
    if actor.customer_id is None:
        return false()
    if actor.may(Permission.TICKET_VIEW_CUSTOMER):
        return own_customer
    if actor.may(Permission.TICKET_VIEW_OWN) and actor.email:
        address = actor.email.lower()
        their_contact = select(contacts.c.id).where(contacts.c.email == address).correlate(None)
        takes_part = exists().where(
            ticket_participants.c.ticket_id == tickets.c.id, ticket_participants.c.address == address
        )
        return and_(own_customer, or_(tickets.c.contact_id.in_(their_contact), takes_part))
    return false()


def message_scope(actor: Actor) -> ColumnElement[bool]:
    """The messages that the actor may see on a ticket that it sees: customers the public ones that still stand."""
    if actor.is_staff:
        return true()
    return and_(messages.c.kind == MessageKind.PUBLIC.value, messages.c.deleted_at.is_(None))


async def find_tickets(
    connection: AsyncConnection,
    actor: Actor,
    filters: TicketFilters,
    *,
    sort: Sequence[Sort] = NEWEST_FIRST,
    offset: int = 0,
    limit: int = 20,
) -> RowPage:
    """The tickets that the actor may see and the filters want. The order is total, so pages do not overlap."""
    wanted = _conditions(actor, filters)
    counted = select(tickets.c.id).where(*wanted)
    page = _tickets().where(*wanted)
    return await read_page(connection, page, order_by=_order(sort), limit=limit, offset=offset, counted=counted)


async def count_by_status(connection: AsyncConnection, actor: Actor, filters: TicketFilters) -> dict[TicketStatus, int]:
    """How many tickets the actor may see and the filters want, by their status; none of a status is left out."""
    statement = select(tickets.c.status, func.count()).where(*_conditions(actor, filters)).group_by(tickets.c.status)
    return {TicketStatus(status): count for status, count in await connection.execute(statement)}


async def find_ticket_by_source_reference(
    connection: AsyncConnection, actor: Actor, reference: str
) -> dict[str, Any] | None:
    """The ticket that was made from this (`TicketRequest.source_reference`), if the actor may see it; the first one."""
    statement = _tickets().where(ticket_scope(actor), tickets.c.source_reference == reference)
    row = (await connection.execute(statement.order_by(tickets.c.id).limit(1))).one_or_none()
    return None if row is None else dict(row._mapping)


async def get_ticket(connection: AsyncConnection, actor: Actor, reference: TicketReference) -> dict[str, Any]:
    """The ticket with the names of its customer, contact and assignee. Raises NotFound, also if it is not theirs."""
    statement = _tickets().where(ticket_scope(actor), named(reference))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("ticket", reference)
    return dict(row._mapping)


async def find_messages(
    connection: AsyncConnection, actor: Actor, reference: TicketReference, *, offset: int = 0, limit: int = 1000
) -> RowPage:
    """The ticket's messages that the actor may see, oldest first. Raises NotFound for the ticket."""
    ticket = await get_ticket(connection, actor, reference)
    page = select(*_message_columns(actor)).where(messages.c.ticket_id == ticket["id"], message_scope(actor))
    order = (messages.c.created_at, messages.c.id)
    return await read_page(connection, page, order_by=order, limit=limit, offset=offset)


async def get_message(connection: AsyncConnection, actor: Actor, message_id: MessageId) -> dict[str, Any]:
    """One message. Raises NotFound, also if it or its ticket is not for the actor."""
    statement = (
        select(*_message_columns(actor))
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .where(messages.c.id == message_id, message_scope(actor), ticket_scope(actor))
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("message", message_id)
    return row._asdict()


async def find_attachments(
    connection: AsyncConnection, actor: Actor, reference: TicketReference
) -> list[dict[str, Any]]:
    """The files of the ticket's messages that the actor may see, oldest first. Raises NotFound for the ticket."""
    ticket = await get_ticket(connection, actor, reference)
    statement = (
        select(attachments)
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(messages.c.ticket_id == ticket["id"], message_scope(actor))
        .order_by(messages.c.created_at, messages.c.id, attachments.c.position)
    )
    return [row._asdict() for row in await connection.execute(statement)]


async def get_attachment(connection: AsyncConnection, actor: Actor, attachment_id: AttachmentId) -> dict[str, Any]:
    """One file's record. Raises NotFound, also if its ticket or message is not for the actor."""
    statement = (
        select(attachments)
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(tickets, tickets.c.id == messages.c.ticket_id)
        .where(attachments.c.id == attachment_id, message_scope(actor), ticket_scope(actor))
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("attachment", attachment_id)
    return row._asdict()


async def find_receipts(connection: AsyncConnection, actor: Actor, reference: TicketReference) -> list[dict[str, Any]]:
    """What became of the mails that touched the ticket, and why, oldest first.

    Raises PermissionDenied without `mail:receipt:view`, NotFound for the ticket.
    """
    actor.require(Permission.MAIL_RECEIPT_VIEW)
    ticket = await get_ticket(connection, actor, reference)
    mail = raw_mails.c
    statement = (
        select(mail_receipts, mail.channel, mail.sender_address, mail.subject, mail.size_bytes, mail.received_at)
        .join(raw_mails, mail.id == mail_receipts.c.raw_mail_id)
        .where(mail_receipts.c.ticket_id == ticket["id"])
        .order_by(mail_receipts.c.created_at, mail_receipts.c.id)
    )
    return [row._asdict() for row in await connection.execute(statement)]


def ticket_reference(text: str) -> TicketReference:
    """What people wrote to name a ticket: its number or its id. Raises NotFound for what can be neither."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
        return TicketNumber(int(text))
    try:
        return TicketId(UUID(text))
    except ValueError as error:
        raise NotFound("ticket", text) from error


def named(reference: TicketReference) -> ColumnElement[bool]:
    """The ticket of this id or number, as a condition on `tickets`."""
    return tickets.c.id == reference if isinstance(reference, UUID) else tickets.c.number == reference


def search_query(words: str) -> ColumnElement[Any]:
    """The words as a tsquery that finds them in German or English texts."""
    return func.websearch_to_tsquery("german", words).op("||")(func.websearch_to_tsquery("english", words))


def _message_columns(actor: Actor) -> list[ColumnElement[Any]]:
    """Customers see whom of the desk they talk to by name; their address is the desk's."""
    address: ColumnElement[Any] = messages.c.author_address
    if not actor.is_staff:
        address = case((messages.c.is_inbound, address)).label("author_address")
    plain = [column for column in messages.c if column.name not in ("search_vector", "author_address")]
    return [*plain, address]


def _tickets() -> Select[Any]:
    return (
        select(
            *_TICKET_COLUMNS,
            customers.c.name.label("customer_name"),
            _full_name(contacts.c.first_name, contacts.c.last_name).label("contact_name"),
            _full_name(users.c.first_name, users.c.last_name).label("assigned_to_name"),
        )
        .join(customers, customers.c.id == tickets.c.customer_id)
        .outerjoin(contacts, contacts.c.id == tickets.c.contact_id)
        .outerjoin(users, users.c.id == tickets.c.assigned_to)
    )


def _full_name(first: ColumnElement[str], last: ColumnElement[str]) -> ColumnElement[str]:
    return func.trim(first + " " + last)


def _conditions(actor: Actor, filters: TicketFilters) -> list[ColumnElement[bool]]:
    ticket = tickets.c
    wanted = [ticket_scope(actor)]
    if filters.is_open is not None:
        wanted.append(_IS_OPEN if filters.is_open else _IS_DONE)
    if filters.is_unassigned:
        wanted.append(ticket.assigned_to.is_(None))
    if filters.statuses:
        wanted.append(ticket.status.in_([status.value for status in filters.statuses]))
    if filters.priorities:
        wanted.append(ticket.priority.in_([priority.value for priority in filters.priorities]))
    if filters.tag is not None:
        wanted.append(ticket.tags.contains([filters.tag]))
    if filters.created_after is not None:
        wanted.append(ticket.created_at >= filters.created_after)
    if filters.created_before is not None:
        wanted.append(ticket.created_at < filters.created_before)
    if filters.search is not None:
        wanted.append(_matches(actor, filters.search))
    equal = {
        ticket.customer_id: filters.customer_id,
        ticket.assigned_to: filters.assigned_to,
        ticket.category: filters.category,
        ticket.source: filters.source.value if filters.source else None,
        ticket.number: filters.number,
    }
    return wanted + [column == value for column, value in equal.items() if value is not None]


def _matches(actor: Actor, words: str) -> ColumnElement[bool]:
    """Found in the title or in a message; a union, so that each half uses its own index."""
    query = search_query(words)
    by_title = select(tickets.c.id).where(tickets.c.search_vector.bool_op("@@")(query))
    by_message = select(messages.c.ticket_id).where(messages.c.search_vector.bool_op("@@")(query), message_scope(actor))
    return tickets.c.id.in_(by_title.union(by_message))


def _order(sort: Sequence[Sort]) -> list[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = []
    for part in sort or NEWEST_FIRST:
        column: ColumnElement[Any] = tickets.c[part.key.value]
        if part.key is SortKey.PRIORITY:
            column = literal_column(PRIORITY_RANK, Integer)
        elif part.key is SortKey.STATUS:
            column = case({status.value: rank for rank, status in enumerate(TicketStatus)}, value=column)
        order.append(column.desc() if part.descending else column.asc())
    last = (sort or NEWEST_FIRST)[-1]
    return [*order, tickets.c.id.desc() if last.descending else tickets.c.id.asc()]
