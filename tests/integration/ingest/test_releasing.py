"""Held mails that people decide on: let in once, for good, or left out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.actor import SYSTEM, Actor, ActorKind
from core.database.engine import Database
from core.errors import AlreadyDone, Conflict, InvalidInput, NotFound, PermissionDenied
from core.identity.roles import Role
from core.identity.service import NewUser
from core.ids import RawMailId, new_uuid
from core.mail.events import MailReleased
from core.mail.model import MailChannel, ReceiptOutcome, mail_receipts
from core.mail.quarantine import REJECTED, RELEASED, Quarantine
from core.mail.quarantine_http import quarantine_routes
from core.messaging.bus import RetryPolicy
from core.messaging.embedded import EmbeddedBus
from core.messaging.event import Envelope
from core.messaging.model import outbox, queued_deliveries
from core.messaging.topology import queues_of
from core.messaging.worker import ConsumerWorker
from core.runtime.metrics import Metrics
from core.tickets.model import messages, tickets
from ingest.arrival import IncomingMail
from ingest.deciding.decision import Rule
from ingest.receiving import MailReceiver
from ingest.recording import Recorded
from ingest.releasing import RELEASE_QUEUE, release_subscription, take_released_mail_in
from ingest.replaying import read_kept_mail
from psa.wiring import Parts, mail_receiver, open_parts
from tests.integration.core.calling import Api
from tests.integration.core.messaging.spine import eventually, relay, running
from tests.scenario.reception import settings_for

TONI = "toni@msp.example"


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk whose people get mails that nobody can prove."""

    parts: Parts
    receiver: MailReceiver
    quarantine: Quarantine
    maria: Actor

    @property
    def database(self) -> Database:
        return self.parts.database

    async def get_mail(self, sender: str = TONI, subject: str = "Drucker", extra: str = "") -> Recorded:
        """A mail by a pipe, where nothing proves its sender."""
        raw = f"From: {sender}\r\nTo: support@desk.example\r\nSubject: {subject}\r\n{extra}\r\nEr druckt nicht.\r\n"
        incoming = IncomingMail(raw.encode(), MailChannel.PIPE, self.parts.clock.now())
        return await self.receiver.receive(incoming)

    async def release(self, mail: Recorded, *, always: bool = False) -> None:
        await self.quarantine.release_mail(self.maria, mail.raw_mail_id, always=always)

    async def deliver_events(self, *, again: bool = False) -> None:
        """Let the consumer take every release so far; `again` publishes those a second time that it had."""
        subscription = release_subscription(self.database, self.parts.blobs, self.receiver)
        bus = EmbeddedBus(self.database, queues_of([subscription]), retries=RetryPolicy(delays_seconds=()))
        if again:
            async with self.database.begin(SYSTEM) as work:
                await work.execute(update(outbox).values(published_at=None))

        async def all_taken() -> bool:
            async with self.database.connect() as connection:
                pending = await connection.execute(select(outbox.c.id).where(outbox.c.published_at.is_(None)))
                alive = queued_deliveries.c.dead_at.is_(None)
                waiting = await connection.execute(select(queued_deliveries.c.event_id).where(alive))
                return not pending.all() and not waiting.all()

        worker = ConsumerWorker(self.database, bus, subscription, Metrics())
        async with running(relay(self.database, bus), worker):
            await eventually(all_taken)
        assert await bus.list_dead(RELEASE_QUEUE) == []

    async def outcomes(self, mail: Recorded) -> list[tuple[str, str]]:
        """The outcome and the first rule of each receipt of the mail."""
        statement = select(mail_receipts).where(mail_receipts.c.raw_mail_id == mail.raw_mail_id)
        order = (mail_receipts.c.created_at, mail_receipts.c.id)
        async with self.database.connect() as connection:
            rows = await connection.execute(statement.order_by(*order))
            return [(row.outcome, row.findings[0]["rule"]) for row in rows]

    async def held(self, *, with_filed: bool = False) -> list[str]:
        found = await self.quarantine.list_held_mails(self.maria, with_filed=with_filed)
        assert found.total == len(found.rows)
        return [row["subject"] for row in found.rows]

    async def opened(self) -> Sequence[Any]:
        statement = select(tickets.c.number, tickets.c.title, messages.c.author_user_id, messages.c.text)
        async with self.database.connect() as connection:
            return (await connection.execute(statement.join(messages).order_by(tickets.c.number))).all()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_parts(settings_for(database_url, tmp_path, mail_loop_limit=1)) as parts:
        people = [NewUser(TONI, "Toni", "Muster", Role.TECHNICIAN_L2)]
        people.append(NewUser("maria@msp.example", "Maria", "Muster", Role.SERVICE_MANAGER))
        ids = [await parts.users.add_user(SYSTEM, each) for each in people]
        maria = Actor(ActorKind.USER, ids[1], people[1].email, people[1].role)
        yield Desk(parts, mail_receiver(parts), Quarantine(parts.database), maria)


def envelope_of(mail: Recorded) -> Envelope:
    event = MailReleased(subject_id=mail.raw_mail_id, subject_version=2, user_id=None, user="Maria Muster")
    payload = event.model_dump(mode="json")
    now = datetime.now(UTC)
    return Envelope(id=new_uuid(), name=event.name, version=event.version, occurred_at=now, payload=payload)


def test_the_rules_of_people_are_among_those_that_a_receipt_can_name() -> None:
    assert (Rule.RELEASED, Rule.REJECTED) == (RELEASED, REJECTED)


async def test_a_released_mail_is_taken_in_as_what_it_says_it_is(desk: Desk) -> None:
    mail = await desk.get_mail()
    assert (mail.outcome, await desk.held()) == (ReceiptOutcome.QUARANTINED, ["Drucker"])
    shown = await desk.quarantine.get_held_mail(desk.maria, mail.raw_mail_id)
    assert shown["sender_address"] == TONI
    assert shown["findings"][0]["rule"] == Rule.AUTHENTICATION
    await desk.release(mail)
    assert await desk.held() == []
    assert await desk.opened() == []
    await desk.deliver_events()
    (ticket,) = await desk.opened()
    assert (ticket.title, ticket.text.strip(), ticket.author_user_id is not None) == (
        "Drucker",
        "Er druckt nicht.",
        True,
    )
    assert await desk.outcomes(mail) == [
        ("quarantined", "authentication"),
        ("quarantined", "released"),
        ("ticket_opened", "released"),
    ]


async def test_a_mail_is_released_once_and_opens_one_ticket_however_often_its_event_comes(desk: Desk) -> None:
    mail = await desk.get_mail()
    presses = [desk.quarantine.release_mail(desk.maria, mail.raw_mail_id) for _ in range(3)]
    outcomes = await asyncio.gather(*presses, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Conflict", "NoneType"]

    async def deliver() -> None:
        async with desk.database.begin(SYSTEM) as work:
            await take_released_mail_in(desk.database, desk.parts.blobs, desk.receiver, envelope_of(mail), work)

    await asyncio.gather(*(deliver() for _ in range(3)))
    await desk.deliver_events()
    await desk.deliver_events(again=True)
    assert len(await desk.opened()) == 1
    assert len(await desk.outcomes(mail)) == 3


async def test_replays_of_one_mail_side_by_side_have_their_effect_once(desk: Desk) -> None:
    mail = await desk.get_mail()
    kept = await read_kept_mail(desk.database, desk.parts.blobs, mail.raw_mail_id)
    incoming = kept.as_incoming(vouched_by="Maria Muster")
    others = [mail_receiver(desk.parts).receive(incoming) for _ in range(2)]
    results = await asyncio.gather(*(desk.receiver.receive(incoming) for _ in range(3)), *others)
    (ticket,) = await desk.opened()
    assert {(result.outcome, result.ticket_number) for result in results} == {("ticket_opened", ticket.number)}


async def test_a_staff_address_that_is_trusted_for_good_needs_no_proof_any_more(desk: Desk) -> None:
    await desk.release(await desk.get_mail(), always=True)
    later = await desk.get_mail(subject="Toner")
    assert later.outcome is ReceiptOutcome.TICKET_OPENED
    assert (await desk.outcomes(later))[0][1] == Rule.TRUSTED
    other = await desk.get_mail("Maria <maria@msp.example>", subject="Papier")
    assert other.outcome is ReceiptOutcome.QUARANTINED


async def test_a_rejected_mail_is_kept_without_any_effect(desk: Desk) -> None:
    mail = await desk.get_mail()
    await desk.quarantine.reject_mail(desk.maria, mail.raw_mail_id)
    assert await desk.outcomes(mail) == [("quarantined", "authentication"), ("rejected", "rejected")]
    assert await desk.held() == []
    with pytest.raises(NotFound):
        await desk.quarantine.get_held_mail(desk.maria, mail.raw_mail_id)
    for attempt in (desk.release(mail), desk.quarantine.reject_mail(desk.maria, mail.raw_mail_id)):
        with pytest.raises(Conflict):
            await attempt
    async with desk.database.begin(SYSTEM) as work:
        await take_released_mail_in(desk.database, desk.parts.blobs, desk.receiver, envelope_of(mail), work)
    assert await desk.opened() == []


async def test_what_was_parked_is_no_spam_when_somebody_says_so(desk: Desk) -> None:
    await desk.get_mail("eva@kunde.example", "Backup")
    parked = await desk.get_mail("eva@kunde.example", "Backup", "X-Again: 1\r\nMessage-ID: <2@kunde.example>\r\n")
    assert (parked.outcome, await desk.held()) == (ReceiptOutcome.PARKED, ["Backup"])
    with pytest.raises(InvalidInput):
        await desk.release(parked, always=True)
    await desk.release(parked)
    await desk.deliver_events()
    assert [row.title for row in await desk.opened()] == ["Backup", "Backup"]


async def test_an_automatic_mail_that_was_filed_is_shown_when_asked_for_and_can_open_a_ticket(desk: Desk) -> None:
    filed = await desk.get_mail("eva@kunde.example", "Abwesend", "Auto-Submitted: auto-replied\r\n")
    assert filed.outcome is ReceiptOutcome.AUTOMATIC_FILED
    assert (await desk.held(), await desk.held(with_filed=True)) == ([], ["Abwesend"])
    await desk.release(filed)
    await desk.deliver_events()
    assert [row.title for row in await desk.opened()] == ["Abwesend"]


async def test_held_mails_are_for_those_who_may(desk: Desk) -> None:
    mail = await desk.get_mail()
    first_level = replace(desk.maria, role=Role.TECHNICIAN_L1)
    assert (await desk.quarantine.list_held_mails(first_level)).total == 1
    for attempt in (
        desk.quarantine.release_mail(first_level, mail.raw_mail_id),
        desk.quarantine.reject_mail(first_level, mail.raw_mail_id),
        desk.quarantine.list_held_mails(replace(desk.maria, role=Role.CUSTOMER_ADMIN)),
    ):
        with pytest.raises(PermissionDenied):
            await attempt
    with pytest.raises(NotFound):
        await desk.quarantine.release_mail(desk.maria, RawMailId(new_uuid()))


async def test_the_same_press_twice_is_known_as_such(desk: Desk) -> None:
    mail = await desk.get_mail()
    pressed = replace(desk.maria, origin=new_uuid())
    await desk.quarantine.release_mail(pressed, mail.raw_mail_id)
    with pytest.raises(AlreadyDone):
        await desk.quarantine.release_mail(pressed, mail.raw_mail_id)


async def test_held_mails_are_worked_over_the_api(desk: Desk) -> None:
    api = Api(quarantine_routes(desk.quarantine, desk.parts.clock))
    first, second = await desk.get_mail(), await desk.get_mail(subject="Toner")
    await desk.get_mail("eva@kunde.example", "Abwesend", "Auto-Submitted: auto-replied\r\n")
    shown = await api.call(desk.maria, "GET /api/v1/mails/held")
    assert [each["attributes"]["subject"] for each in shown["data"]] == ["Toner", "Drucker"]
    assert (await api.call(desk.maria, "GET /api/v1/mails/held?with_filed=true"))["meta"]["total"] == 3
    await api.call(desk.maria, f"POST /api/v1/mails/{first.raw_mail_id}/release", {"always": True})
    await api.call(desk.maria, f"POST /api/v1/mails/{second.raw_mail_id}/reject")
    assert (await api.call(desk.maria, "GET /api/v1/mails/held"))["data"] == []
    await desk.deliver_events()
    assert [row.title for row in await desk.opened()] == ["Drucker"]
    with pytest.raises(Conflict):
        await api.call(desk.maria, f"POST /api/v1/mails/{first.raw_mail_id}/release", {})
