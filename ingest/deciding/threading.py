"""Which ticket a mail continues. Strongest evidence first: signed token, message ids, the number in the subject."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import TicketNumber
from core.mail.reply_token import ReplyTokens
from core.tickets.rules import ThreadStrength, TicketStatus
from ingest.deciding.decision import Author, Finding, Rule
from ingest.deciding.facts import Facts, KnownTicket
from ingest.parsing.mail import ParsedMail

_SUBJECT_NUMBER = re.compile(r"\[#(\d{1,15})\]")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What in a mail points to tickets. `message_ids`: In-Reply-To first, then References, newest first."""

    token_number: TicketNumber | None
    marked_number: TicketNumber | None
    message_ids: tuple[str, ...]
    subject_numbers: tuple[TicketNumber, ...]

    @property
    def numbers(self) -> tuple[TicketNumber, ...]:
        found = (self.token_number, self.marked_number, *self.subject_numbers)
        return tuple(number for number in found if number is not None)


MOST_REFERENCES = 50
"""Longer References chains are cut: the newest ids say the most (and a mail may carry thousands)."""


def evidence_of(mail: ParsedMail, recipients: Sequence[str], tokens: ReplyTokens) -> Evidence:
    """Read a mail for what points to tickets. `recipients` are those of the envelope."""
    newest_first = tuple(reversed(mail.references[-MOST_REFERENCES:]))
    ids = tuple(dict.fromkeys((*((mail.in_reply_to,) if mail.in_reply_to else ()), *newest_first)))
    headers = [address.address for address in (*mail.to, *mail.cc)]
    return Evidence(
        token_number=tokens.find_in_addresses([*recipients, *headers]) or tokens.find_in_message_ids(ids),
        marked_number=tokens.find_in_text(mail.body.full_text),
        message_ids=ids,
        subject_numbers=tuple(TicketNumber(int(number)) for number in _SUBJECT_NUMBER.findall(mail.subject)[:5]),
    )


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket a mail continues, and why."""

    ticket: KnownTicket
    finding: Finding


def find_thread(
    evidence: Evidence, author: Author, facts: Facts, *, is_proven: bool, now: datetime, weak_days: int
) -> tuple[Thread | None, tuple[Finding, ...]]:
    """The ticket that the evidence leads to, merges followed; and findings on evidence that did not count.

    Only the signed token convinces by itself. All else counts only if the author belongs to the ticket's customer or
    takes part in the ticket (`is_proven` False: the author failed authentication, so neither can be believed).
    """
    refused: list[Finding] = []
    for ticket, why, needs_membership in _candidates(evidence, facts, now, weak_days, refused):
        living = facts.living(ticket)
        if needs_membership and not (is_proven and takes_part(author, living, ticket, facts)):
            refused.append(Finding(Rule.THREAD, f"{why} points to #{ticket.number}, but the sender has no part in it."))
            continue
        merged = "" if living is ticket else f", merged into #{living.number}"
        return Thread(living, Finding(Rule.THREAD, f"{why} leads to #{ticket.number}{merged}.")), tuple(refused)
    return None, tuple(refused)


def takes_part(author: Author, living: KnownTicket, named: KnownTicket, facts: Facts) -> bool:
    """Belonging to the triage customer proves nothing: everyone unknown does."""
    if author.is_staff:
        return True
    for ticket in (living, named):
        if author.address is not None and author.address in ticket.participants:
            return True
        if author.customer_id == ticket.customer_id != facts.triage_customer_id:
            return True
    return False


def _candidates(
    evidence: Evidence, facts: Facts, now: datetime, weak_days: int, refused: list[Finding]
) -> Iterator[tuple[KnownTicket, str, bool]]:
    for number, why, needs_membership in (
        (evidence.token_number, "Our signed reply token", False),
        (evidence.marked_number, "Our signed mark in the text", True),
    ):
        ticket = facts.find_ticket_by_number(number) if number is not None else None
        if ticket is not None:
            yield ticket, why, needs_membership
    for strength in (ThreadStrength.STRONG, ThreadStrength.WEAK):
        for message_id in evidence.message_ids:
            for edge in facts.edges.get(message_id, ()):
                ticket = facts.tickets.get(edge.ticket_id)
                if ticket is None or edge.strength is not strength:
                    continue
                if strength is ThreadStrength.STRONG:
                    yield ticket, f"The reference to the mail <{message_id}>", True
                elif ticket.status is TicketStatus.CLOSED or now - edge.seen_at > timedelta(days=weak_days):
                    refused.append(Finding(Rule.THREAD, f"The common reference <{message_id}> is too old to count."))
                else:
                    yield ticket, f"The reference to <{message_id}>, which that ticket's mails refer to as well,", True
    for number in evidence.subject_numbers:
        ticket = facts.find_ticket_by_number(number)
        if ticket is not None:
            yield ticket, f"[#{number}] in the subject", True
        else:
            refused.append(Finding(Rule.THREAD, f"The subject names #{number}, but there is no such ticket."))
