"""The decision, in the product's order: duplicate, bounce, automatic, loop, authentication, thread, new ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.tickets.rules import is_closed_too_long
from ingest.deciding.decision import (
    AddReply,
    Author,
    Decision,
    Duplicate,
    FileAutomatic,
    Finding,
    OpenTicket,
    Park,
    Quarantine,
    RecordBounce,
    Rule,
)
from ingest.deciding.facts import Facts, KnownTicket
from ingest.deciding.threading import Evidence, find_thread
from ingest.parsing.mail import AutomaticReason, ParsedMail


class SenderProof(StrEnum):
    """How far the From address is proven by SPF, DKIM, DMARC or ARC."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that bear on decisions. `desk_addresses` are our own, in lower case."""

    desk_addresses: frozenset[str]
    reopen_days: int
    weak_thread_days: int
    loop_limit: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A parsed mail with what is known of its way here. `loop_key` is equal for mails that say the same.

    `vouched_by` is the person who released it after it was held: then it is what it says it is.
    """

    mail: ParsedMail
    evidence: Evidence
    dedup_key: str
    loop_key: str
    proof: SenderProof
    proof_detail: str
    received_at: datetime
    vouched_by: str | None = None

    @property
    def continues_nothing(self) -> bool:
        """Nothing in the mail points to a ticket, so that it surely opens one unless another rule stops it."""
        return not (self.evidence.numbers or self.evidence.message_ids or self.mail.bounce)


_NEEDS_NO_TICKET = frozenset(
    {AutomaticReason.AUTO_REPLIED, AutomaticReason.READ_RECEIPT, AutomaticReason.CALENDAR, AutomaticReason.BOUNCE}
)
"""Automatic mails that say nothing by themselves: without a ticket to go to they are filed. Others open one."""


def decide(arrival: Arrival, facts: Facts, policy: Policy) -> Decision:
    """What is to be done with a mail, and which rules said so."""
    mail = arrival.mail
    known = facts.duplicates.get(arrival.dedup_key)
    if known is not None:
        return Decision(Duplicate(known), (Finding(Rule.DUPLICATE, "This mail was taken in before."),))
    if mail.bounce is not None:
        return _decide_bounce(arrival, facts)

    findings: list[Finding] = []
    if mail.automatic is not None:
        findings.append(Finding(Rule.AUTOMATIC, f"Written by a machine ({mail.automatic}): no answer, no reopening."))
    if arrival.vouched_by is not None:
        detail = f"Released by {arrival.vouched_by}: the sender is taken as proven."
        findings.append(Finding(Rule.RELEASED, detail))
    elif facts.repeats.get(arrival.loop_key, 0) >= policy.loop_limit:
        detail = f"The sender said the same {facts.repeats[arrival.loop_key]} times already: set aside for a person."
        return Decision(Park(), (*findings, Finding(Rule.LOOP, detail)))
    author, told = author_of(arrival, facts, policy)
    findings.extend(told)
    if author is None:
        return Decision(Quarantine(), tuple(findings))

    thread, refused = find_thread(
        arrival.evidence,
        author,
        facts,
        is_proven=arrival.vouched_by is not None or arrival.proof is not SenderProof.FAILED,
        now=arrival.received_at,
        weak_days=policy.weak_thread_days,
    )
    findings.extend(refused)
    if thread is None:
        if mail.automatic in _NEEDS_NO_TICKET and arrival.vouched_by is None:
            return Decision(FileAutomatic(), tuple(findings))
        findings.append(Finding(Rule.NEW_TICKET, "Nothing leads to a ticket that it may continue."))
        return Decision(OpenTicket(author), tuple(findings))
    findings.append(thread.finding)
    if mail.automatic is not None:
        return Decision(AddReply(thread.ticket, author, reopens=False), tuple(findings))
    if is_closed_too_long(thread.ticket.closed_at, arrival.received_at, policy.reopen_days):
        detail = (
            f"#{thread.ticket.number} has been closed for more than {policy.reopen_days} days: a new ticket follows it."
        )
        return Decision(OpenTicket(author, follows=thread.ticket), (*findings, Finding(Rule.CLOSED_TOO_LONG, detail)))
    return Decision(AddReply(thread.ticket, author, reopens=not author.is_staff), tuple(findings))


def _decide_bounce(arrival: Arrival, facts: Facts) -> Decision:
    bounce = arrival.mail.bounce
    original = bounce.original_message_id if bounce else None
    ids = ((original,) if original else ()) + arrival.evidence.message_ids
    ticket: KnownTicket | None = None
    for message_id in ids:
        for edge in facts.edges.get(message_id, ()):
            ticket = ticket or facts.tickets.get(edge.ticket_id)
    if ticket is None and arrival.evidence.token_number is not None:
        ticket = facts.find_ticket_by_number(arrival.evidence.token_number)
    if ticket is None:
        return Decision(RecordBounce(None), (Finding(Rule.BOUNCE, "A delivery report on a mail that we do not know."),))
    living = facts.living(ticket)
    return Decision(RecordBounce(living), (Finding(Rule.BOUNCE, f"A delivery report on a mail of #{living.number}."),))


def author_of(arrival: Arrival, facts: Facts, policy: Policy) -> tuple[Author | None, tuple[Finding, ...]]:
    """For whom a mail is taken; None if it claims to come from staff without proof."""
    mail = arrival.mail
    if mail.sender is None:
        triage = Author(address=None, name="", customer_id=facts.triage_customer_id)
        return triage, (Finding(Rule.SENDER, "The mail names no sender."),)
    address = mail.sender.address.lower()
    name = mail.sender.name or address
    user = facts.users.get(address)
    is_own = address in policy.desk_addresses
    is_vouched = arrival.vouched_by is not None
    if is_own or (user is not None and user.customer_id is None):
        # Trust stands in for proof that is missing, never against proof that the mail is forged.
        is_trusted = address in facts.trusted_senders and arrival.proof is SenderProof.UNPROVEN
        if arrival.proof is not SenderProof.PROVEN and not is_vouched and not is_trusted:
            detail = f"Claims to come from {'the desk itself' if is_own else 'staff'}; {arrival.proof_detail}"
            return None, (Finding(Rule.AUTHENTICATION, detail),)
        if user is not None:
            author = Author(address, user.name, facts.triage_customer_id, user=user)
            if arrival.proof is SenderProof.PROVEN:
                return author, (Finding(Rule.SENDER, f"{address} is staff, and proven."),)
            if is_trusted and not is_vouched:
                detail = f"{address} is staff, and trusted without proof; {arrival.proof_detail}"
                return author, (Finding(Rule.TRUSTED, detail),)
            return author, (Finding(Rule.SENDER, f"{address} is staff."),)
    if arrival.proof is SenderProof.FAILED and not is_vouched:
        author = Author(address, name, facts.triage_customer_id)
        detail = f"{arrival.proof_detail} The sender is taken for unknown."
        return author, (Finding(Rule.AUTHENTICATION, detail),)
    contact = facts.contacts.get(address)
    if contact is not None:
        author = Author(address, mail.sender.name or contact.name, contact.customer_id, contact=contact)
        return author, (Finding(Rule.SENDER, f"{address} is a known contact."),)
    domain = address.rpartition("@")[2]
    customer_id = facts.customers_by_domain.get(domain)
    if customer_id is not None:
        return Author(address, name, customer_id), (Finding(Rule.SENDER, f"{domain} is a customer's verified domain."),)
    author = Author(address, name, facts.triage_customer_id)
    return author, (Finding(Rule.SENDER, f"Nobody knows {address} yet: taken in by triage."),)
