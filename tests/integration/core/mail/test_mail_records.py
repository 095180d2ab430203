"""Mails, receipts and outgoing mails, through their routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from core.actor import SYSTEM
from core.blobs.folder import FolderBlobs
from core.blobs.store import BlobStore
from core.clock import SystemClock
from core.customers.model import customers
from core.database.engine import Database
from core.errors import NotFound, PermissionDenied
from core.http.failures import RequestInvalid
from core.identity.roles import Permission, Role
from core.ids import new_uuid
from core.mail.http import routes
from core.mail.mailboxes import Mailboxes
from core.mail.model import mail_receipts, outgoing_mails, raw_mails
from core.mail.queries import MailRecords
from core.secrets import KEY_BYTES, Keyring
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.writing import NewMessage, NewTicket, TicketRef, open_ticket, take_ticket_numbers
from tests.integration.core.calling import Api, user_of

TECHNICIAN = user_of(Role.TECHNICIAN_L1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RAW = b"From: eva@huber.example\r\nSubject: Drucker\r\n\r\nbrennt\xff\r\n"


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[BlobStore]:
    opened = FolderBlobs(tmp_path / "blobs")
    yield opened
    await opened.aclose()


@pytest.fixture
def api(database: Database, blobs: BlobStore) -> Api:
    mailboxes = Mailboxes(database, Keyring(bytes(KEY_BYTES)))
    return Api(routes(MailRecords(database, blobs), mailboxes, SystemClock()))


async def keep_mail(database: Database, sender: str, at: datetime, *outcomes: str, **receipt: object) -> UUID:
    """A raw mail with one receipt for each outcome, a minute apart."""
    mail_id = new_uuid()
    async with database.begin(SYSTEM) as work:
        mail = {"id": mail_id, "sha256": "0" * 64, "size_bytes": len(RAW), "channel": "smtp", "client_ip": "192.0.2.9"}
        await work.execute(insert(raw_mails).values(**(mail | {"sender_address": sender, "received_at": at})))
        for minute, outcome in enumerate(outcomes):
            row = {"id": new_uuid(), "raw_mail_id": mail_id, "outcome": outcome, "findings": []} | receipt
            await work.execute(insert(mail_receipts).values(**row, created_at=at + timedelta(minutes=minute)))
    return mail_id


async def open_a_ticket(database: Database) -> tuple[TicketRef, UUID]:
    async with database.begin(SYSTEM) as work:
        customer = (await work.execute(select(customers.c.id).where(customers.c.is_triage))).scalar_one()
        opening = NewMessage(MessageKind.PUBLIC, TicketSource.EMAIL, "Hallo", "Eva", True)
        number = (await take_ticket_numbers(work, 1))[0]
        draft = NewTicket(customer, None, "Drucker", TicketPriority.MEDIUM, TicketSource.EMAIL, opening)
        return open_ticket(work, draft, number)[0], customer


async def mails(api: Api, query: str) -> list[str]:
    found = await api.call(TECHNICIAN, f"GET /api/v1/mails?{query}")
    assert found["meta"]["total"] == len(found["data"])
    return [each["attributes"]["sender_address"] for each in found["data"]]


async def test_mails_are_listed_by_sender_time_and_last_outcome(api: Api, database: Database) -> None:
    await keep_mail(database, "a@x.example", NOON, "failed", "ticket_opened")
    await keep_mail(database, "b@x.example", NOON + timedelta(hours=1), "failed")
    await keep_mail(database, "c@y.example", NOON + timedelta(hours=2))
    assert await mails(api, "") == ["c@y.example", "b@x.example", "a@x.example"]
    assert await mails(api, "outcome=failed") == ["b@x.example"]
    assert await mails(api, "outcome=ticket_opened") == ["a@x.example"]
    assert await mails(api, "sender=X.EXAMPLE") == ["b@x.example", "a@x.example"]
    assert await mails(api, "received_after=2026-03-02T13:00:00Z") == ["c@y.example", "b@x.example"]
    assert await mails(api, "received_before=2026-03-02T13:00:00Z&outcome=ticket_opened") == ["a@x.example"]
    second = await api.call(TECHNICIAN, "GET /api/v1/mails?limit=1&page=2")
    assert second["data"][0]["attributes"]["outcome"] == "failed"
    assert second["data"][0]["attributes"]["client_ip"] == "192.0.2.9"
    assert second["meta"]["total"] == 3
    with pytest.raises(RequestInvalid):
        await mails(api, "outcome=lost")


async def test_a_receipt_tells_why_for_whom_and_which_ticket(api: Api, database: Database) -> None:
    ticket, customer = await open_a_ticket(database)
    findings = [{"rule": "unknown_sender", "detail": "Nobody knows them."}]
    mail_id = await keep_mail(
        database,
        "eva@huber.example",
        NOON,
        "failed",
        "ticket_opened",
        ticket_id=ticket.id,
        customer_id=customer,
        findings=findings,
    )
    receipt = (await api.call(TECHNICIAN, f"GET /api/v1/mails/{mail_id}/receipt"))["data"]
    attributes = receipt["attributes"]
    assert (attributes["outcome"], attributes["findings"]) == ("ticket_opened", findings)
    assert (attributes["ticket_number"], attributes["customer_name"]) == (ticket.number, "Triage")
    assert receipt["relationships"]["ticket"]["data"] == {"type": "ticket", "id": str(ticket.id)}
    assert receipt["relationships"]["contact"]["data"] is None
    listed = (await api.call(TECHNICIAN, "GET /api/v1/mails"))["data"][0]
    assert listed["relationships"]["ticket"]["data"]["id"] == str(ticket.id)
    assert listed["attributes"]["ticket_number"] == ticket.number


async def test_a_raw_mail_is_downloaded_byte_for_byte(api: Api, database: Database, blobs: BlobStore) -> None:
    mail_id = await keep_mail(database, "eva@huber.example", NOON)
    async with database.begin(SYSTEM) as work:
        await work.execute(raw_mails.update().values(sha256=await blobs.put(RAW)))
    headers, content = await api.download(TECHNICIAN, f"GET /api/v1/mails/{mail_id}/raw")
    assert content == RAW
    assert headers["Content-Type"] == "message/rfc822"
    assert headers["Content-Disposition"] == f'attachment; filename="{mail_id}.eml"'


async def test_outgoing_mails_are_listed_without_and_shown_with_their_content(api: Api, database: Database) -> None:
    ticket, _ = await open_a_ticket(database)
    async with database.begin(SYSTEM) as work:
        for state, ticket_id in (("sent", ticket.id), ("queued", ticket.id), ("queued", None)):
            mail = {"id": new_uuid(), "internet_message_id": f"{new_uuid()}@desk.example", "ticket_id": ticket_id}
            mail |= {"recipient": "eva@huber.example", "envelope_from": "desk@desk.example", "subject": "Re: Drucker"}
            mail |= {"lease_token": new_uuid(), "content": "Brennt er noch?", "next_attempt_at": NOON}
            await work.execute(insert(outgoing_mails).values(**mail, state=state, created_at=NOON))
    path = "GET /api/v1/outgoing-mails"
    listed = await api.call(TECHNICIAN, f"{path}?ticket_id={ticket.id}")
    assert [each["attributes"]["state"] for each in listed["data"]] == ["queued", "sent"]
    assert "content" not in listed["data"][0]["attributes"]
    assert (await api.call(TECHNICIAN, f"{path}?state=queued"))["meta"]["total"] == 2
    shown = (await api.call(TECHNICIAN, f"{path}/{listed['data'][0]['id']}"))["data"]
    assert shown["attributes"]["content"] == "Brennt er noch?"
    assert "lease_token" not in shown["attributes"]
    assert shown["relationships"]["ticket"]["data"]["id"] == str(ticket.id)


REQUESTS = ("mails", "mails/{id}/receipt", "mails/{id}/raw", "outgoing-mails", "outgoing-mails/{id}")


async def test_without_the_permission_no_mail_is_read(api: Api, database: Database, blobs: BlobStore) -> None:
    outsiders = [role for role in Role if Permission.MAIL_RECEIPT_VIEW not in user_of(role).permissions]
    assert {Role.CUSTOMER_ADMIN, Role.BILLING_MANAGER} <= set(outsiders)
    records = MailRecords(database, blobs)
    for role in outsiders:
        actor = user_of(role, new_uuid() if role.is_customer else None)
        for request in REQUESTS:
            with pytest.raises(PermissionDenied):
                await api.call(actor, f"GET /api/v1/{request.format(id=new_uuid())}")
        with pytest.raises(PermissionDenied):
            await records.open_raw_mail(actor, new_uuid())


@pytest.mark.parametrize("reference", ["0190a2b4-0000-7000-8000-000000000000", "nonsense"])
async def test_a_mail_that_is_not_there_is_not_found(api: Api, reference: str) -> None:
    for request in REQUESTS:
        if "{id}" in request:
            with pytest.raises(NotFound):
                await api.call(TECHNICIAN, f"GET /api/v1/{request.format(id=reference)}")
