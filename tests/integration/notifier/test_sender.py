"""The queue of outgoing mails is delivered: soon, once, and in spite of what a mail server may do."""

from __future__ import annotations

import asyncio
import mailbox
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from core.blobs.folder import FolderBlobs
from core.clock import SystemClock
from core.customers.model import contacts
from core.database.engine import Database
from core.errors import Misconfigured, Unavailable
from core.mail.model import OutgoingState
from core.mail.outgoing import GIVEN_UP_AFTER, LONGEST_DELAY, DueMail, OutgoingMails, delay_after
from core.runtime.metrics import Metrics
from core.settings import load_settings
from core.tickets.model import messages
from notifier.mail.maildir import MaildirTransport
from notifier.mail.opening import open_transport
from notifier.mail.sender import OutgoingSender
from notifier.mail.smarthost import SmarthostTransport, smarthost_from
from notifier.mail.transport import Delivery, DeliveryOutcome, MailTransport
from tests.integration.core.messaging.spine import eventually, running
from tests.integration.notifier.desk import Contact, TurnedClock, as_mail, open_desk
from tests.integration.notifier.outbox import list_states, queue
from tests.integration.notifier.smarthost import BREAK_OFF, SmarthostServer, smarthost
from tests.services.postgres import StoppablePostgres
from tests.services.service import free_port

A, B, C = "a@kunde.example", "b@kunde.example", "c@kunde.example"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def turned(database_url: str, clock: TurnedClock) -> AsyncIterator[Database]:
    """The database at the time of `clock`."""
    opened = Database(database_url, clock)
    yield opened
    await opened.aclose()


def by_smtp(server: SmarthostServer, login: str = "") -> MailTransport:
    return SmarthostTransport(smarthost_from(f"smtp://{login}127.0.0.1:{server.port}"), "desk.example")


def count(metrics: Metrics, result: str) -> float:
    registry: CollectorRegistry = metrics.registry
    return registry.get_sample_value("psa_outgoing_mails_total", {"result": result}) or 0.0


async def test_a_queued_mail_is_sent_at_once(database: Database) -> None:
    async with smarthost() as server, running(OutgoingSender(database, by_smtp(server), Metrics())):
        await queue(database, A)

        async def is_sent() -> bool:
            return (await list_states(database))[A] == "sent"

        await eventually(is_sent)
        begun = time.monotonic()
        await queue(database, B)

        async def other_is_sent() -> bool:
            return (await list_states(database))[B] == "sent"

        await eventually(other_is_sent)
        assert time.monotonic() - begun < 2.0  # the sweep alone would take five seconds
    (first, second) = server.taken
    assert (first.rcpt_tos, second.rcpt_tos) == ([A], [B])
    assert str(first.mail_from).startswith("support+t")
    assert isinstance(first.content, bytes)
    assert as_mail(first.content.decode())["To"] == A


async def test_a_batch_goes_over_one_connection_and_each_mail_has_an_end_of_its_own(turned: Database) -> None:
    metrics = Metrics()
    await queue(turned, A, B, "unknown@kunde.example", C)
    async with smarthost() as server:
        server.answers = {B: "451 4.2.0 try later", C: "554 5.7.1 spam"}
        async with running(OutgoingSender(turned, by_smtp(server), metrics)):

            async def all_are_tried() -> bool:
                return sum(count(metrics, result) for result in ("sent", "put_off", "failed")) == 4

            await eventually(all_are_tried)
        assert server.connections == 1
    assert await list_states(turned) == {A: "sent", B: "queued", C: "failed", "unknown@kunde.example": "failed"}
    assert [count(metrics, result) for result in ("sent", "put_off", "failed")] == [1, 1, 2]


async def test_a_refused_mail_is_told_on_its_ticket_and_a_dead_address_is_marked(
    database: Database, blobs: FolderBlobs
) -> None:
    unknown = "unknown@kunde.example"
    desk = await open_desk(database, blobs, Contact(address=unknown))
    ticket = await desk.open_ticket(address=unknown)
    await desk.deliver_events()
    async with smarthost() as server, running(OutgoingSender(database, by_smtp(server), Metrics())):

        async def is_failed() -> bool:
            return await list_states(database) == {unknown: "failed"}

        await eventually(is_failed)
    async with database.connect() as connection:
        notes = select(messages.c.text).where(messages.c.kind == "system", messages.c.ticket_id == ticket.id)
        text = (await connection.execute(notes)).scalar_one()
        bounced_at = (await connection.execute(select(contacts.c.bounced_at))).scalar_one()
    assert text == "Mail to unknown@kunde.example: failed (550 5.1.1 no such user)"
    assert bounced_at is not None
    await desk.deliver_events()
    assert len(await desk.list_outgoing()) == 1


async def test_what_was_refused_for_now_is_tried_again_later(turned: Database, clock: TurnedClock) -> None:
    metrics = Metrics()
    await queue(turned, A)
    async with smarthost() as server, running(OutgoingSender(turned, by_smtp(server), metrics)):
        server.answers = {A: "451 4.2.0 try later"}

        async def is_put_off() -> bool:
            return count(metrics, "put_off") == 1

        await eventually(is_put_off)
        server.answers = {}
        clock.ahead = timedelta(minutes=1)
        await queue(turned, B)  # wakes the sender

        async def is_sent() -> bool:
            return (await list_states(turned))[A] == "sent"

        await eventually(is_sent)
    assert server.tried.count(A) == 2


async def test_a_mail_that_nobody_takes_is_given_up_after_days(turned: Database, clock: TurnedClock) -> None:
    mails = OutgoingMails(turned)
    await queue(turned, A)
    attempts = 0
    started = clock.now()
    while claimed := await mails.claim(10):
        (mail,) = claimed
        attempts += 1
        assert mail.attempts == attempts
        if await mails.put_off(mail, "451 try later") is OutgoingState.FAILED:
            break
        clock.ahead += delay_after(attempts) + timedelta(seconds=1)
    assert await list_states(turned) == {A: "failed"}
    assert GIVEN_UP_AFTER - LONGEST_DELAY < clock.now() - started < GIVEN_UP_AFTER
    assert 20 < attempts < 40


async def test_a_mail_that_breaks_every_connection_holds_up_no_other(database: Database) -> None:
    metrics = Metrics()
    await queue(database, A, B, C)
    async with smarthost() as server:
        server.answers = {A: BREAK_OFF}
        async with running(OutgoingSender(database, by_smtp(server), metrics)):

            async def others_are_sent() -> bool:
                return count(metrics, "sent") == 2

            await eventually(others_are_sent)
    assert await list_states(database) == {A: "queued", B: "sent", C: "sent"}
    assert server.tried.count(A) == 1


async def test_a_wrong_password_fails_no_mail(database: Database) -> None:
    await queue(database, A)
    async with smarthost(needs_login=True) as server:
        async with running(OutgoingSender(database, by_smtp(server, "desk:wrong@"), Metrics())):

            async def has_tried_again() -> bool:
                return server.logins >= 2

            await eventually(has_tried_again)
        assert await list_states(database) == {A: "queued"}


async def test_a_server_that_wants_a_login_fails_no_mail(database: Database) -> None:
    metrics = Metrics()
    await queue(database, A)
    async with smarthost(needs_login=True) as server, running(OutgoingSender(database, by_smtp(server), metrics)):

        async def is_put_off() -> bool:
            return count(metrics, "put_off") == 1

        await eventually(is_put_off)
    assert await list_states(database) == {A: "queued"}


async def test_we_log_in_with_what_the_url_says(database: Database) -> None:
    await queue(database, A)
    async with smarthost(needs_login=True) as server:
        sender = OutgoingSender(database, by_smtp(server, "desk:se%20cret@"), Metrics())
        async with running(sender):

            async def is_sent() -> bool:
                return (await list_states(database))[A] == "sent"

            await eventually(is_sent)


async def test_starttls_is_used_where_it_is_offered_and_proven_where_a_password_depends_on_it(
    database: Database, tls_files: tuple[Path, Path]
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*tls_files)
    await queue(database, A)
    (mail,) = await OutgoingMails(database).claim(1)
    async with smarthost(tls=tls) as server:
        async with by_smtp(server).open() as session:
            assert (await session.deliver(mail)).outcome is DeliveryOutcome.TAKEN
        assert server.tls_connections == 1
        insisting = replace(smarthost_from(f"smtp://u:p@127.0.0.1:{server.port}"), needs_tls=True)
        with pytest.raises(Unavailable, match="certificate verify failed"):
            async with SmarthostTransport(insisting, "desk.example").open():
                pass
    async with smarthost() as server:
        insisting = replace(insisting, port=server.port)
        with pytest.raises(Unavailable, match="STARTTLS"):
            async with SmarthostTransport(insisting, "desk.example").open():
                pass
        assert server.logins == 0


async def test_mails_wait_for_a_smarthost_that_is_away(database: Database) -> None:
    port = free_port()
    transport = SmarthostTransport(smarthost_from(f"smtp://127.0.0.1:{port}"), "desk.example")
    await queue(database, A, B)
    async with running(OutgoingSender(database, transport, Metrics())):

        async def is_released() -> bool:
            return await list_states(database) == {A: "queued", B: "queued"}

        await eventually(is_released)
        async with smarthost(port=port) as server:

            async def all_are_sent() -> bool:
                return len(server.taken) == 2 and set((await list_states(database)).values()) == {"sent"}

            await eventually(all_are_sent)


async def test_the_sender_outlives_an_outage_of_the_database(stoppable_postgres: StoppablePostgres) -> None:
    database = Database(stoppable_postgres.url, SystemClock())
    async with smarthost() as server, running(OutgoingSender(database, by_smtp(server), Metrics())):
        await queue(database, A)

        async def is_sent() -> bool:
            return set((await list_states(database)).values()) == {"sent"}

        await eventually(is_sent)
        await asyncio.to_thread(stoppable_postgres.stop)
        with pytest.raises(Unavailable):
            await database.ping()
        await asyncio.to_thread(stoppable_postgres.start)

        async def is_back() -> bool:
            await queue(database, B)
            return True

        await eventually(is_back)
        await eventually(is_sent)
    await database.aclose()


class Interrupting:
    """A transport that takes every mail; the database restarts while it does."""

    def __init__(self, node: StoppablePostgres) -> None:
        self.taken: list[str] = []
        self._node = node

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Interrupting]:
        yield self

    async def deliver(self, mail: DueMail) -> Delivery:
        self.taken.append(mail.recipient)
        await asyncio.to_thread(self._node.stop)
        self._restart = asyncio.create_task(asyncio.to_thread(self._node.start))
        return Delivery(DeliveryOutcome.TAKEN, "250 taken")


async def test_a_mail_is_not_sent_twice_because_the_database_restarted(stoppable_postgres: StoppablePostgres) -> None:
    database = Database(stoppable_postgres.url, SystemClock())
    await queue(database, A)
    transport = Interrupting(stoppable_postgres)
    async with running(OutgoingSender(database, transport, Metrics())):

        async def is_sent() -> bool:
            return (await list_states(database))[A] == "sent"

        await eventually(is_sent)
    assert transport.taken == [A]
    await database.aclose()


async def test_two_senders_share_the_queue_and_send_nothing_twice(database: Database) -> None:
    recipients = [f"{number}@kunde.example" for number in range(60)]
    await queue(database, *recipients)
    async with smarthost() as server:
        senders = [OutgoingSender(database, by_smtp(server), Metrics()) for _ in range(2)]
        async with running(*senders):

            async def all_are_sent() -> bool:
                return set((await list_states(database)).values()) == {"sent"}

            await eventually(all_are_sent)
    assert sorted(server.tried) == sorted(recipients)


async def test_a_claim_whose_sender_died_is_taken_over_and_its_late_word_counts_no_more(
    turned: Database, clock: TurnedClock
) -> None:
    mails = OutgoingMails(turned)
    await queue(turned, A)
    (lost,) = await mails.claim(10)
    assert await mails.claim(10) == []
    clock.ahead = timedelta(minutes=6)
    (taken_over,) = await mails.claim(10)
    await mails.mark_failed(lost, "too late")
    assert await list_states(turned) == {A: "queued"}
    await mails.mark_sent(taken_over)
    assert await list_states(turned) == {A: "sent"}


async def test_without_a_smarthost_mails_are_put_into_a_maildir(database: Database, tmp_path: Path) -> None:
    transport = open_transport(load_settings(data_dir=tmp_path / "var"))
    assert isinstance(transport, MaildirTransport)
    await queue(database, A)
    async with running(OutgoingSender(database, transport, Metrics())):

        async def is_sent() -> bool:
            return (await list_states(database))[A] == "sent"

        await eventually(is_sent)
    (mail,) = mailbox.Maildir(tmp_path / "var" / "outbox", create=False)
    assert (mail["To"], mail["Delivered-To"]) == (A, A)


def test_a_password_leaves_this_machine_over_tls_only() -> None:
    assert smarthost_from("smtp://user:pw@mail.example").needs_tls
    assert not smarthost_from("smtp://user:pw@127.0.0.1:25").needs_tls
    assert smarthost_from("smtps://user:p%40w@mail.example").password == "p@w"
    assert smarthost_from("smtps://mail.example").port == 465


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://u:secret@x:port"])
def test_a_smarthost_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        smarthost_from(url)
    assert "secret" not in str(refused.value)
