"""What the desk writes on a ticket reaches the customer, in the customer's thread."""

from __future__ import annotations

from typing import Any

import pytest

from core.blobs.folder import FolderBlobs
from core.database.engine import Database
from core.errors import NotFound
from core.ids import TicketId, new_uuid
from core.mail.readers import find_readers
from core.tickets.rules import MessageKind, TicketSource
from core.tickets.writing import NewAttachment
from notifier.mail.replying import FILES_LIMIT_BYTES
from tests.integration.notifier.desk import ADDRESS, DESK_ADDRESS, Contact, as_mail, open_desk, reply

COLLEAGUE = "ben@kunde.example"


async def test_a_public_reply_goes_to_the_requester_and_those_in_copy_each_with_an_id_of_its_own(
    database: Database, blobs: FolderBlobs
) -> None:
    desk = await open_desk(database, blobs)
    ticket = await desk.open_ticket(is_automatic=True, copied=(COLLEAGUE, "support@desk.example", "no address"))
    await desk.write(ticket, reply("Bitte neu starten."))
    await desk.deliver_events()
    await desk.deliver_events(again=True)
    mails = {row.recipient: as_mail(row.content) for row in await desk.list_outgoing()}
    assert set(mails) == {ADDRESS, COLLEAGUE}
    assert mails[ADDRESS]["Message-ID"] != mails[COLLEAGUE]["Message-ID"]
    for mail in mails.values():
        assert (mail["To"], mail["Cc"]) == (ADDRESS, COLLEAGUE)
        assert mail["Subject"] == f"[#{ticket.number}] Drucker"
        assert mail["In-Reply-To"].strip() == "<first@kunde.example>"
        assert mail["Auto-Submitted"] is None
        text = mail.get_content()
        assert text.startswith("Bitte neu starten.")
        assert "Tom Techniker" in text
        assert desk.mails.tokens.find_in_text(text) == ticket.number


async def test_a_preview_names_exactly_those_who_get_the_mail(database: Database, blobs: FolderBlobs) -> None:
    desk = await open_desk(database, blobs)
    copied = (COLLEAGUE, "support+t-1@desk.example", "tom@desk.example", "no address")
    ticket = await desk.open_ticket(is_automatic=True, copied=copied)
    tom = "Tom@desk.example"
    async with database.connect() as connection:
        seen = await find_readers(connection, ticket.id, author_address=tom, desk_address=DESK_ADDRESS)
        with pytest.raises(NotFound):
            await find_readers(connection, TicketId(new_uuid()), author_address=tom, desk_address=DESK_ADDRESS)
    assert (seen.to, seen.cc, seen.language) == ((ADDRESS,), (COLLEAGUE,), None)
    await desk.write(ticket, reply(author_address=tom))
    await desk.deliver_events()
    assert {row.recipient for row in await desk.list_outgoing()} == {*seen.to, *seen.cc}


async def test_the_references_tell_each_reader_the_whole_thread(database: Database, blobs: FolderBlobs) -> None:
    desk = await open_desk(database, blobs)
    ticket = await desk.open_ticket(is_automatic=True, copied=(COLLEAGUE,))
    ticket, _ = await desk.write(ticket, reply("Eins."))
    await desk.deliver_events()
    ours = {row.recipient: row.internet_message_id for row in await desk.list_outgoing()}
    long_id = f"{'x' * 150}@kunde.example"
    answer = reply("Hilft nicht.", is_inbound=True, author_address=ADDRESS, internet_message_id=long_id)
    ticket, _ = await desk.write(ticket, answer)
    await desk.write(ticket, reply("Zwei."))
    await desk.deliver_events()
    newest = {row.recipient: row.content for row in (await desk.list_outgoing())[2:]}
    assert set(newest) == {ADDRESS, COLLEAGUE}
    for recipient, content in newest.items():
        mail = as_mail(content)
        assert mail["In-Reply-To"].strip() == f"<{long_id}>"
        assert mail["References"].split() == ["<first@kunde.example>", f"<{ours[recipient]}>", f"<{long_id}>"]
        assert f" <{long_id}>\r\n" in content


@pytest.mark.parametrize(
    "message",
    [
        {"kind": MessageKind.NOTE},
        {"kind": MessageKind.SYSTEM},
        {"is_inbound": True, "author_address": ADDRESS},
        {"is_automatic": True},
    ],
    ids=["note", "system", "inbound", "automatic"],
)
async def test_notes_and_what_customers_or_machines_wrote_stay_here(
    database: Database, blobs: FolderBlobs, message: dict[str, Any]
) -> None:
    desk = await open_desk(database, blobs)
    ticket = await desk.open_ticket(is_automatic=True)
    await desk.write(ticket, reply(**message))
    await desk.deliver_events()
    assert await desk.list_outgoing() == []


async def test_neither_the_author_nor_a_dead_address_is_written_to(database: Database, blobs: FolderBlobs) -> None:
    desk = await open_desk(database, blobs, Contact(is_bounced=True))
    ticket = await desk.open_ticket(is_automatic=True, copied=(COLLEAGUE, "tom@desk.example"))
    await desk.write(ticket, reply(author_address="tom@desk.example", source=TicketSource.EMAIL))
    await desk.deliver_events()
    assert [row.recipient for row in await desk.list_outgoing()] == [COLLEAGUE]


async def test_files_go_along_unless_they_are_set_aside_or_too_large(database: Database, blobs: FolderBlobs) -> None:
    desk = await open_desk(database, blobs)
    ticket = await desk.open_ticket(is_automatic=True)
    content = bytes(range(256))
    key = await blobs.put(content)
    good = NewAttachment("Übersicht.pdf", "application/pdf", len(content), key)
    infected = NewAttachment("virus.exe", "application/x-dosexec", 10, "1" * 64, set_aside="infected")
    huge = NewAttachment("film.mkv", "video/x-matroska", FILES_LIMIT_BYTES, "2" * 64)
    await desk.write(ticket, reply(attachments=(good, infected, huge)))
    await desk.deliver_events()
    (mail,) = await desk.list_mails()
    found = [(part.get_filename(), part.get_payload(decode=True)) for part in mail.iter_attachments()]
    assert found == [("Übersicht.pdf", content)]
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert "film.mkv" in text
    assert "virus.exe" not in text
