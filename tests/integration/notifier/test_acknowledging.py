"""Who is told that a mail arrived, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from core.blobs.folder import FolderBlobs
from core.database.engine import Database
from core.mail.model import MailChannel
from core.tickets.rules import TicketSource
from notifier.mail.acknowledging import ACKNOWLEDGEMENTS_LIMIT
from tests.integration.notifier.desk import ADDRESS, Contact, open_desk


async def test_a_mail_is_acknowledged_once_though_its_event_is_delivered_twice(
    database: Database, blobs: FolderBlobs
) -> None:
    desk = await open_desk(database, blobs)
    ticket = await desk.open_ticket()
    await desk.deliver_events()
    await desk.deliver_events(again=True)
    (row,) = await desk.list_outgoing()
    assert (row.recipient, row.state, row.ticket_id) == (ADDRESS, "queued", ticket.id)
    assert row.envelope_from == desk.mails.tokens.address_for(ticket.number)
    (mail,) = await desk.list_mails()
    assert mail["To"] == ADDRESS
    assert mail["Subject"] == f"[#{ticket.number}] Drucker"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"].strip() == "<first@kunde.example>"
    assert desk.mails.tokens.find_in_addresses([mail["Reply-To"]]) == ticket.number
    assert desk.mails.tokens.find_in_message_ids([mail["Message-ID"]]) == ticket.number


@pytest.mark.parametrize(
    "mail",
    [
        {"is_automatic": True},
        {"envelope_from": ""},
        {"address": "no-reply@kunde.example"},
        {"address": "MAILER-DAEMON@kunde.example"},
        {"address": "support+t1.x@desk.example"},
        {"source": TicketSource.CONSOLE},
        {"channel": MailChannel.IMPORT},
    ],
    ids=lambda mail: "-".join(str(value) for value in mail.values()) or "null sender",
)
async def test_what_no_person_just_wrote_is_not_acknowledged(
    database: Database, blobs: FolderBlobs, mail: dict[str, Any]
) -> None:
    desk = await open_desk(database, blobs)
    await desk.open_ticket(**mail)
    await desk.deliver_events()
    assert await desk.list_outgoing() == []


@pytest.mark.parametrize("contact", [Contact(wants_acknowledgements=False), Contact(is_bounced=True)])
async def test_contacts_that_want_none_or_are_out_of_reach_get_none(
    database: Database, blobs: FolderBlobs, contact: Contact
) -> None:
    desk = await open_desk(database, blobs, contact)
    await desk.open_ticket()
    await desk.deliver_events()
    assert await desk.list_outgoing() == []


@pytest.mark.parametrize(
    ("contact", "greeting"),
    [
        (Contact(language="de"), "Guten Tag"),
        (Contact(language="en-GB"), "Hello"),
        (Contact(language="xx"), "Hello"),
        (Contact(address=None), "Hello"),
    ],
)
async def test_it_is_written_in_the_readers_language_or_the_desks(
    database: Database, blobs: FolderBlobs, contact: Contact, greeting: str
) -> None:
    desk = await open_desk(database, blobs, contact)
    await desk.open_ticket()
    await desk.deliver_events()
    (mail,) = await desk.list_mails()
    assert mail.get_content().startswith(greeting)


async def test_two_machines_that_answer_each_other_stop(database: Database, blobs: FolderBlobs) -> None:
    desk = await open_desk(database, blobs)
    for number in range(ACKNOWLEDGEMENTS_LIMIT + 3):
        await desk.open_ticket(message_id=f"{number}@kunde.example")
    await desk.open_ticket(address="other@kunde.example", message_id="other@kunde.example")
    await desk.deliver_events()
    recipients = [row.recipient for row in await desk.list_outgoing()]
    assert recipients.count(ADDRESS) == ACKNOWLEDGEMENTS_LIMIT
    assert recipients.count("other@kunde.example") == 1
