"""Reads the facts for a batch of mails in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT

from core.database.unit_of_work import UnitOfWork
from core.errors import Misconfigured
from core.ids import ContactId, CustomerId, RawMailId, TicketId, TicketNumber, UserId
from core.tickets.rules import ThreadStrength, TicketStatus
from ingest.deciding.decide import Arrival
from ingest.deciding.facts import Facts, KnownContact, KnownTicket, KnownUser, ThreadEdge

_MOST_EDGES = 2000

_FACTS = text(
    """
    WITH RECURSIVE edge AS (
        SELECT internet_message_id, ticket_id, strength, created_at FROM thread_ids
        WHERE internet_message_id = ANY(:message_ids) LIMIT :most_edges
    ), ticket AS (
        SELECT id, number, version, status, customer_id, closed_at, merged_into_id FROM tickets
        WHERE deleted_at IS NULL AND (id IN (SELECT ticket_id FROM edge) OR number = ANY(:numbers))
        UNION
        SELECT t.id, t.number, t.version, t.status, t.customer_id, t.closed_at, t.merged_into_id
        FROM tickets t JOIN ticket ON t.id = ticket.merged_into_id
    )
    SELECT json_build_object(
        'triage', (SELECT id FROM customers WHERE is_triage),
        'numbers', (SELECT json_agg(nextval('ticket_number_seq')) FROM generate_series(1, :openers)),
        'duplicates', (SELECT json_object_agg(dedup_key, id) FROM raw_mails WHERE dedup_key = ANY(:dedup_keys)),
        'repeats', (SELECT json_object_agg(loop_key, n) FROM (
            SELECT loop_key, count(*) AS n FROM raw_mails
            WHERE loop_key = ANY(:loop_keys) AND received_at > :since GROUP BY loop_key) AS repeated),
        'contacts', (SELECT json_agg(json_build_array(email, id, customer_id, first_name || ' ' || last_name))
            FROM contacts WHERE email = ANY(:addresses) AND deleted_at IS NULL),
        'users', (SELECT json_agg(json_build_array(lower(email), id, customer_id, first_name || ' ' || last_name))
            FROM users WHERE lower(email) = ANY(:addresses) AND deleted_at IS NULL AND is_active),
        'trusted', (SELECT json_agg(address) FROM trusted_senders WHERE address = ANY(:addresses)),
        'domains', (SELECT json_object_agg(domain, customer_id) FROM customer_domains
            WHERE domain = ANY(:domains) AND verified_at IS NOT NULL),
        'edges', (SELECT json_agg(json_build_array(internet_message_id, ticket_id, strength, created_at)) FROM edge),
        'tickets', (SELECT json_agg(json_build_array(
            id, number, version, status, customer_id, closed_at, merged_into_id,
            (SELECT json_agg(address) FROM ticket_participants p WHERE p.ticket_id = ticket.id))) FROM ticket)
    )::text
    """
).bindparams(
    *(
        bindparam(name, type_=ARRAY(TEXT))
        for name in ("message_ids", "dedup_keys", "loop_keys", "addresses", "domains")
    ),
    bindparam("numbers", type_=ARRAY(BIGINT)),
)


async def read_facts(
    work: UnitOfWork, arrivals: Sequence[Arrival], *, loop_window_seconds: int, take_numbers: bool = True
) -> Facts:
    """All that the database knows that bears on these mails; with ticket numbers for those that surely open one."""
    addresses = {arrival.mail.sender.address.lower() for arrival in arrivals if arrival.mail.sender}
    message_ids = {message_id for arrival in arrivals for message_id in arrival.evidence.message_ids}
    message_ids |= {
        arrival.mail.bounce.original_message_id
        for arrival in arrivals
        if arrival.mail.bounce and arrival.mail.bounce.original_message_id
    }
    found = await work.execute(
        _FACTS,
        {
            "openers": sum(1 for arrival in arrivals if take_numbers and arrival.continues_nothing),
            "message_ids": sorted(message_ids),
            "most_edges": _MOST_EDGES,
            "numbers": sorted({number for arrival in arrivals for number in arrival.evidence.numbers}),
            "dedup_keys": [arrival.dedup_key for arrival in arrivals],
            "loop_keys": sorted({arrival.loop_key for arrival in arrivals}),
            "since": work.now - timedelta(seconds=loop_window_seconds),
            "addresses": sorted(addresses),
            "domains": sorted({address.rpartition("@")[2] for address in addresses}),
        },
    )
    return _facts_from(orjson.loads(found.scalar_one()))


def _facts_from(document: dict[str, Any]) -> Facts:
    if document["triage"] is None:
        raise Misconfigured("There is no triage customer; run `psa migrate`, which makes one.")
    facts = Facts(triage_customer_id=CustomerId(UUID(document["triage"])))
    facts.duplicates = {key: RawMailId(UUID(value)) for key, value in (document["duplicates"] or {}).items()}
    facts.fresh_numbers = [TicketNumber(number) for number in reversed(document["numbers"] or ())]
    facts.repeats = dict(document["repeats"] or {})
    for email, contact_id, customer_id, name in document["contacts"] or ():
        facts.contacts[email] = KnownContact(ContactId(UUID(contact_id)), CustomerId(UUID(customer_id)), name.strip())
    for email, user_id, customer_id, name in document["users"] or ():
        customer = CustomerId(UUID(customer_id)) if customer_id else None
        facts.users[email] = KnownUser(UserId(UUID(user_id)), name.strip(), customer)
    facts.trusted_senders = set(document["trusted"] or ())
    facts.customers_by_domain = {
        domain: CustomerId(UUID(customer)) for domain, customer in (document["domains"] or {}).items()
    }
    for message_id, ticket_id, strength, seen_at in document["edges"] or ():
        edge = ThreadEdge(TicketId(UUID(ticket_id)), ThreadStrength(strength), datetime.fromisoformat(seen_at))
        facts.edges.setdefault(message_id, []).append(edge)
    for ticket_id, number, version, status, customer_id, closed_at, merged_into_id, participants in (
        document["tickets"] or ()
    ):
        ticket = KnownTicket(
            id=TicketId(UUID(ticket_id)),
            number=TicketNumber(number),
            version=version,
            status=TicketStatus(status),
            customer_id=CustomerId(UUID(customer_id)),
            closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
            merged_into_id=TicketId(UUID(merged_into_id)) if merged_into_id else None,
            participants=frozenset(participants or ()),
        )
        facts.tickets[ticket.id] = ticket
    return facts
