"""The mail decision, rule by rule. Names in brackets are the public threads whose pain the test stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.ids import ContactId, CustomerId, RawMailId, TicketId, TicketNumber, UserId
from core.mail.reply_token import ReplyTokens
from core.tickets.rules import ThreadStrength, TicketStatus
from ingest.deciding.decide import Arrival, Policy, SenderProof, decide
from ingest.deciding.decision import (
    Action,
    AddReply,
    Duplicate,
    FileAutomatic,
    OpenTicket,
    Park,
    Quarantine,
    RecordBounce,
    Rule,
)
from ingest.deciding.facts import Facts, KnownContact, KnownTicket, KnownUser, ThreadEdge
from ingest.deciding.threading import evidence_of
from ingest.parsing.mail import (
    AutomaticReason,
    Bounce,
    BouncedRecipient,
    FoldedText,
    MailAddress,
    ParsedMail,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DESK = "support@desk.example"
TOKENS = ReplyTokens(b"k" * 32, DESK)
POLICY = Policy(desk_addresses=frozenset({DESK}), reopen_days=14, weak_thread_days=30, loop_limit=3)

TRIAGE, HOFER, BRANDNER = (CustomerId(UUID(int=n)) for n in (1, 2, 3))
ANNA = KnownContact(ContactId(UUID(int=10)), HOFER, "Anna Hofer")
MARIA = KnownContact(ContactId(UUID(int=11)), BRANDNER, "Maria Brandner")
DANIEL = KnownUser(UserId(UUID(int=20)), "Daniel Wolf", None)
TICKET = KnownTicket(
    id=TicketId(UUID(int=100)),
    number=TicketNumber(4711),
    version=3,
    status=TicketStatus.WAITING_CUSTOMER,
    customer_id=HOFER,
    closed_at=None,
    merged_into_id=None,
    participants=frozenset({"anna@hofer.example"}),
)
OPENING_ID = "opening@hofer.example"


def facts(*tickets: KnownTicket, edges: dict[str, list[ThreadEdge]] | None = None) -> Facts:
    return Facts(
        triage_customer_id=TRIAGE,
        contacts={"anna@hofer.example": ANNA, "maria@brandner.example": MARIA},
        users={"daniel@msp.example": DANIEL},
        customers_by_domain={"hofer.example": HOFER},
        edges=edges or {},
        tickets={ticket.id: ticket for ticket in tickets},
    )


def strong(ticket: KnownTicket = TICKET, message_id: str = OPENING_ID) -> dict[str, list[ThreadEdge]]:
    return {message_id: [ThreadEdge(ticket.id, ThreadStrength.STRONG, NOW - timedelta(days=1))]}


def weak(ticket: KnownTicket = TICKET, age_days: int = 1) -> dict[str, list[ThreadEdge]]:
    return {"root@x.example": [ThreadEdge(ticket.id, ThreadStrength.WEAK, NOW - timedelta(days=age_days))]}


def mail(sender: str | None = "anna@hofer.example", **changes: object) -> ParsedMail:
    plain = ParsedMail(
        subject="Drucker",
        sender=MailAddress("Anna", sender) if sender else None,
        to=(MailAddress("", DESK),),
        cc=(),
        reply_to=(),
        message_id="new@hofer.example",
        in_reply_to=None,
        references=(),
        date=NOW,
        body=FoldedText("Er druckt nicht.", "Er druckt nicht.", "", ""),
        html=None,
        attachments=(),
        automatic=None,
        bounce=None,
        charset_problems=(),
        headers=(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def arrival(parsed: ParsedMail, *, to: tuple[str, ...] = (DESK,), proof: SenderProof = SenderProof.UNPROVEN) -> Arrival:
    return Arrival(
        mail=parsed,
        evidence=evidence_of(parsed, to, TOKENS),
        dedup_key="dedup",
        loop_key="loop",
        proof=proof,
        proof_detail="SPF and DKIM say nothing.",
        received_at=NOW,
    )


def action(parsed: ParsedMail, known: Facts, **how: object) -> Action:
    return decide(arrival(parsed, **how), known, POLICY).action  # type: ignore[arg-type]


def test_a_mail_that_was_taken_in_before_is_a_duplicate() -> None:
    known = facts()
    known.duplicates["dedup"] = RawMailId(UUID(int=7))
    assert action(mail(), known) == Duplicate(RawMailId(UUID(int=7)))


def test_a_known_contact_opens_a_ticket_of_its_customer() -> None:
    opened = action(mail(), facts())
    assert isinstance(opened, OpenTicket)
    assert (opened.author.contact, opened.author.customer_id) == (ANNA, HOFER)


def test_a_new_sender_of_a_verified_domain_belongs_to_the_customer() -> None:
    opened = action(mail("new.colleague@hofer.example"), facts())
    assert isinstance(opened, OpenTicket)
    assert (opened.author.contact, opened.author.customer_id) == (None, HOFER)


def test_an_unknown_sender_goes_to_triage() -> None:
    opened = action(mail("who@else.example"), facts())
    assert isinstance(opened, OpenTicket)
    assert opened.author.customer_id == TRIAGE


def test_a_mail_without_sender_is_kept_for_triage() -> None:
    opened = action(mail(None), facts())
    assert isinstance(opened, OpenTicket)
    assert opened.author.address is None


def test_a_reply_by_header_lands_on_the_ticket_and_reopens_it() -> None:
    reply = action(mail(in_reply_to=OPENING_ID), facts(TICKET, edges=strong()))
    assert isinstance(reply, AddReply)
    assert (reply.ticket, reply.reopens) == (TICKET, True)


def test_a_reply_by_references_alone_lands_on_the_ticket() -> None:
    reply = action(mail(references=(OPENING_ID, "unknown@x.example")), facts(TICKET, edges=strong()))
    assert isinstance(reply, AddReply)


def test_the_signed_address_convinces_even_from_a_strange_sender() -> None:
    reply = action(mail("private@gmail.example"), facts(TICKET), to=(TOKENS.address_for(TicketNumber(4711)),))
    assert isinstance(reply, AddReply)


def test_a_forged_token_does_not_convince() -> None:
    address = TOKENS.address_for(TicketNumber(4711)).replace("4711", "4712")
    other = replace(TICKET, number=TicketNumber(4712))
    assert isinstance(action(mail("stranger@x.example"), facts(other), to=(address,)), OpenTicket)


def test_the_number_in_the_subject_counts_for_the_customer() -> None:
    reply = action(mail("second@hofer.example", subject="AW: [#4711] Drucker"), facts(TICKET))
    assert isinstance(reply, AddReply)


def test_a_stranger_with_a_guessed_number_gets_a_new_ticket() -> None:
    decided = decide(arrival(mail("stranger@x.example", subject="[#4711] hi")), facts(TICKET), POLICY)
    assert isinstance(decided.action, OpenTicket)
    assert any(finding.rule is Rule.THREAD and "no part" in finding.detail for finding in decided.findings)


def test_a_stranger_with_forged_references_gets_a_new_ticket() -> None:
    forged = mail("stranger@x.example", in_reply_to=OPENING_ID, references=(OPENING_ID,))
    assert isinstance(action(forged, facts(TICKET, edges=strong())), OpenTicket)


def test_a_sender_that_failed_authentication_has_no_part_in_the_ticket() -> None:
    forged = mail(in_reply_to=OPENING_ID)
    opened = action(forged, facts(TICKET, edges=strong()), proof=SenderProof.FAILED)
    assert isinstance(opened, OpenTicket)
    assert opened.author.customer_id == TRIAGE


def test_being_unknown_together_in_triage_is_no_common_customer() -> None:
    ticket = replace(TICKET, customer_id=TRIAGE, participants=frozenset({"first@a.example"}))
    known = facts(ticket, edges=strong(ticket))
    assert isinstance(action(mail("second@b.example", in_reply_to=OPENING_ID), known), OpenTicket)
    assert isinstance(action(mail("first@a.example", in_reply_to=OPENING_ID), known), AddReply)


def test_someone_in_copy_may_reply_to_all() -> None:  # osTicket#1426
    ticket = replace(TICKET, participants=frozenset({"anna@hofer.example", "partner@other.example"}))
    reply = action(mail("partner@other.example", references=(OPENING_ID,)), facts(ticket, edges=strong(ticket)))
    assert isinstance(reply, AddReply)


def test_mails_of_one_client_that_share_an_unseen_root_join() -> None:  # zammad#5716
    reply = action(mail("other@hofer.example", references=("root@x.example",)), facts(TICKET, edges=weak()))
    assert isinstance(reply, AddReply)


def test_a_shared_root_joins_neither_strangers_nor_old_nor_closed_tickets() -> None:  # mailanalyzer#86
    referring = mail(references=("root@x.example",))
    stranger = mail("stranger@x.example", references=("root@x.example",))
    closed = replace(TICKET, status=TicketStatus.CLOSED, closed_at=NOW)
    assert isinstance(action(stranger, facts(TICKET, edges=weak())), OpenTicket)
    assert isinstance(action(referring, facts(TICKET, edges=weak(age_days=31))), OpenTicket)
    assert isinstance(action(referring, facts(closed, edges=weak(closed))), OpenTicket)


def test_the_same_subject_alone_joins_nothing() -> None:  # mailanalyzer#20
    assert isinstance(action(mail(subject="Drucker"), facts(TICKET)), OpenTicket)


def test_a_reply_to_a_merged_ticket_lands_on_the_one_that_lives() -> None:  # zammad#983
    living = replace(TICKET, id=TicketId(UUID(int=101)), number=TicketNumber(4800))
    merged = replace(TICKET, merged_into_id=living.id, status=TicketStatus.CLOSED)
    reply = action(mail(in_reply_to=OPENING_ID), facts(merged, living, edges=strong(merged)))
    assert isinstance(reply, AddReply)
    assert reply.ticket == living


def test_a_cycle_of_merges_ends() -> None:
    other = replace(TICKET, id=TicketId(UUID(int=101)), number=TicketNumber(4800), merged_into_id=TICKET.id)
    cyclic = replace(TICKET, merged_into_id=other.id)
    assert isinstance(action(mail(in_reply_to=OPENING_ID), facts(cyclic, other, edges=strong(cyclic))), AddReply)


def test_a_reply_to_a_ticket_closed_too_long_opens_one_that_follows_it() -> None:
    old = replace(TICKET, status=TicketStatus.CLOSED, closed_at=NOW - timedelta(days=15))
    opened = action(mail(in_reply_to=OPENING_ID), facts(old, edges=strong(old)))
    assert isinstance(opened, OpenTicket)
    assert opened.follows == old
    recent = replace(old, closed_at=NOW - timedelta(days=13))
    assert isinstance(action(mail(in_reply_to=OPENING_ID), facts(recent, edges=strong(recent))), AddReply)


def test_automatic_mail_is_added_without_reopening() -> None:
    away = mail(in_reply_to=OPENING_ID, automatic=AutomaticReason.AUTO_REPLIED)
    reply = action(away, facts(TICKET, edges=strong()))
    assert isinstance(reply, AddReply)
    assert not reply.reopens


def test_an_automatic_reply_without_ticket_is_filed_but_a_report_opens_one() -> None:
    assert isinstance(action(mail(automatic=AutomaticReason.AUTO_REPLIED), facts()), FileAutomatic)
    assert isinstance(action(mail(automatic=AutomaticReason.AUTO_GENERATED), facts()), OpenTicket)


def test_the_sender_who_says_the_same_too_often_is_parked_not_dropped() -> None:  # frappe#3628
    known = facts()
    known.repeats["loop"] = 3
    assert isinstance(action(mail(), known), Park)


def test_a_bounce_is_shown_on_the_ticket_whose_mail_came_back() -> None:
    bounce = Bounce((BouncedRecipient("anna@hofer.example", "failed", "5.1.1", None),), "ours@desk.example")
    returned = mail("mailer-daemon@mx.example", bounce=bounce, automatic=AutomaticReason.BOUNCE)
    known = facts(TICKET, edges=strong(message_id="ours@desk.example"))
    assert action(returned, known) == RecordBounce(TICKET)
    assert action(returned, facts(TICKET)) == RecordBounce(None)


def test_staff_without_proof_is_quarantined_and_with_proof_replies() -> None:  # alga#3242
    answer = mail("daniel@msp.example", in_reply_to=OPENING_ID)
    known = facts(TICKET, edges=strong())
    assert isinstance(action(answer, known), Quarantine)
    assert isinstance(action(answer, known, proof=SenderProof.FAILED), Quarantine)
    reply = action(answer, known, proof=SenderProof.PROVEN)
    assert isinstance(reply, AddReply)
    assert reply.author.user == DANIEL
    assert not reply.reopens


def test_a_mail_that_claims_to_be_from_the_desk_itself_is_quarantined() -> None:
    assert isinstance(action(mail(DESK), facts()), Quarantine)


def test_trust_stands_in_for_missing_proof_of_staff_but_not_against_a_forgery() -> None:
    known = facts()
    known.trusted_senders.add("daniel@msp.example")
    decided = decide(arrival(mail("daniel@msp.example")), known, POLICY)
    assert isinstance(decided.action, OpenTicket)
    assert decided.action.author.user == DANIEL
    assert decided.findings[0].rule is Rule.TRUSTED
    assert isinstance(action(mail("daniel@msp.example"), known, proof=SenderProof.FAILED), Quarantine)
    known.trusted_senders.add("maria@brandner.example")
    forged = action(mail("maria@brandner.example"), known, proof=SenderProof.FAILED)
    assert isinstance(forged, OpenTicket)
    assert forged.author.customer_id == TRIAGE


def test_what_somebody_vouches_for_is_what_it_says_it_is() -> None:
    known = facts(TICKET, edges=strong())
    known.repeats["loop"] = 3
    parsed = mail("daniel@msp.example", in_reply_to=OPENING_ID, automatic=AutomaticReason.AUTO_REPLIED)
    released = replace(arrival(parsed, proof=SenderProof.FAILED), vouched_by="Maria")
    decided = decide(released, known, POLICY)
    assert isinstance(decided.action, AddReply)
    assert (decided.action.author.user, decided.action.reopens) == (DANIEL, False)
    assert Rule.RELEASED in {finding.rule for finding in decided.findings}
    without_thread = replace(released, evidence=evidence_of(mail(), (DESK,), TOKENS))
    assert isinstance(decide(without_thread, known, POLICY).action, OpenTicket)
