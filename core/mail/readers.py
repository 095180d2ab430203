"""Who gets what the desk writes publicly on a ticket."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.customers.model import contacts
from core.errors import NotFound
from core.ids import TicketId
from core.mail.addresses import is_writable
from core.tickets.model import ticket_participants, tickets
from core.tickets.rules import ParticipantKind


@dataclass(frozen=True, slots=True)
class Readers:
    """To whom a mail goes and who gets a copy; `language` is the requester's, where it is known.

    Without anybody in `to` there is nobody to write to.
    """

    to: tuple[str, ...]
    cc: tuple[str, ...]
    language: str | None


async def find_readers(
    connection: AsyncConnection, ticket_id: TicketId, *, author_address: str | None, desk_address: str
) -> Readers:
    """The requester and those in copy: not the author, not ourselves, no address that is known to be dead.

    Raises NotFound. What the reader of a ticket may see is the caller's to check.
    """
    found = await connection.execute(select(tickets.c.contact_id).where(tickets.c.id == ticket_id))
    ticket = found.one_or_none()
    if ticket is None:
        raise NotFound("ticket", ticket_id)
    p = ticket_participants.c
    rows = await connection.execute(
        select(p.address, p.kind).where(p.ticket_id == ticket_id).order_by(p.created_at, p.address)
    )
    kinds: dict[str, str] = {row.address: row.kind for row in rows}
    people = (
        await connection.execute(
            select(contacts.c.id, contacts.c.email, contacts.c.language, contacts.c.bounced_at).where(
                contacts.c.deleted_at.is_(None),
                or_(contacts.c.email.in_(list(kinds)), contacts.c.id == ticket.contact_id),
            )
        )
    ).all()
    requester = next((row for row in people if row.id == ticket.contact_id), None)
    if requester is not None and requester.email and ParticipantKind.REQUESTER.value not in kinds.values():
        kinds[requester.email] = ParticipantKind.REQUESTER.value
    left_out = {row.email for row in people if row.bounced_at} | {(author_address or "").lower()}
    readers = {each: kind for each, kind in kinds.items() if each not in left_out and is_writable(each, desk_address)}
    to = tuple(each for each, kind in readers.items() if kind == ParticipantKind.REQUESTER.value)
    cc = tuple(each for each in readers if each not in to)
    return Readers(to or cc, cc if to else (), requester.language if requester else None)
