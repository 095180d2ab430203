"""Who sees what: staff, customers, and text that would like to be more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

import bot.console
from core.actor import SYSTEM
from core.identity.model import users
from core.identity.roles import Role
from core.ids import new_uuid
from core.mail.model import OutgoingState, outgoing_mails
from core.tickets.model import attachments, messages
from core.tickets.rules import MessageKind
from core.tickets.service import Tickets
from core.tickets.writing import NewAttachment, TicketRef
from tests.integration.bot.console.desk import ConsoleDesk

SECRET = "streng-vertraulich"
FILE = NewAttachment("datei.txt", "text/plain", 1, "0" * 64)
TEMPLATES = sorted((Path(str(bot.console.__file__)).parent / "templates").glob("*.html"))
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "</textarea></title></style><script>alert(1)</script>",
    "'><a href=//evil.example>x</a>",
    "<!--",
    "]]><iframe src=//evil.example>",
)


class Seen(HTMLParser):
    """The elements of a page, and the addresses and handlers in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()
        self.addresses: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")}

    def handle_data(self, data: str) -> None:
        self.text += data


async def make_ticket(desk: ConsoleDesk, title: str = "Drucker druckt nicht") -> TicketRef:
    ref = await desk.open_ticket(desk.own, title, "Seit heute früh.")
    return await desk.say(ref, f"Das Kennwort ist {SECRET}.")


@pytest.mark.parametrize("role", [Role.TECHNICIAN_L1, Role.CUSTOMER_ADMIN])
async def test_notes_are_for_the_desk_only(desk: ConsoleDesk, role: Role) -> None:
    ref = await make_ticket(desk)
    browser = await desk.visit(role)
    page = await browser.get(f"/console/tickets/{ref.number}")
    assert page.status == 200
    assert "Seit heute früh." in page.text
    is_staff = not role.is_customer
    assert (SECRET in page.text) is is_staff
    assert ('data-write-form="note"' in page.text) is is_staff
    assert ("/console/quarantine" in page.text) is is_staff


@pytest.mark.parametrize("role", [Role.CUSTOMER_ADMIN, Role.CUSTOMER_TECHNICIAN, Role.CUSTOMER_USER])
async def test_a_foreign_ticket_is_not_there(desk: ConsoleDesk, role: Role) -> None:
    ref = await desk.open_ticket(desk.foreign, "Fremdes", f"Das ist {SECRET}.")
    ref = await desk.say(ref, SECRET, kind=MessageKind.PUBLIC, html=f"<b>{SECRET}</b>", attachments=(FILE,))
    message, attachment = await ids_of(desk, ref)
    browser = await desk.visit(role)
    number = ref.number
    for path in (
        f"/console/tickets/{number}",
        f"/console/messages/{message}/html",
        f"/console/attachments/{attachment}",
        f"/console/cards?view=ticket&ticket={number}",
        f"/console/views/ticket?ticket={number}",
        f"/console/cards?view=receipt&ticket={number}",
        f"/console/cards?view=customer&customer={desk.foreign}",
    ):
        page = await browser.get(path)
        assert page.status in (403, 404), path
        assert SECRET not in page.text
        assert "Fremdes" not in page.text
    for path in ("/console", "/console/tickets?state=all", f"/console/tickets?q={SECRET}", "/console/views/mine"):
        page = await browser.get(path)
        assert page.status == 200
        assert "Fremdes" not in page.text
    options = await browser.get("/console/options?source=tickets&q=Fremdes")
    assert options.json == {"options": []}
    key = str(new_uuid())
    shown = await browser.post("/console/say", {"text": f"show #{number}", "key": key})
    assert SECRET not in shown.text
    assert "Fremdes" not in shown.text


async def test_what_is_the_desks_own_matter_is_not_on_a_customers_pages(desk: ConsoleDesk) -> None:
    ref = await make_ticket(desk)
    await queue_mail(desk, ref, "kunde@hofer.example")
    browser = await desk.visit(Role.CUSTOMER_ADMIN)
    page = await browser.get(f"/console/tickets/{ref.number}")
    for hidden in ("kunde@hofer.example", "Mail-Beleg", "Beteiligte", 'data-command="take"', 'data-command="assign"'):
        assert hidden not in page.text, hidden
    staff = await (await desk.visit(Role.TECHNICIAN_L2)).get(f"/console/tickets/{ref.number}")
    assert "kunde@hofer.example" in staff.text
    for path in (
        "/console/quarantine",
        "/console/cards?view=quarantine",
        f"/console/cards?view=receipt&ticket={ref.number}",
    ):
        assert (await browser.get(path)).status in (403, 404), path
    for source in ("users", "customers"):
        found = (await browser.get(f"/console/options?source={source}")).json["options"]
        assert all("Linde" not in each["label"] and "technician" not in each["label"].lower() for each in found)


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_text_wherever_it_stands(desk: ConsoleDesk, text: str) -> None:
    ref = await desk.open_ticket(desk.own, text, text, name=text)
    await desk.say(
        ref,
        text,
        kind=MessageKind.PUBLIC,
        quoted=text,
        signature=text,
        author_name=text,
        is_inbound=True,
        author_address="a@hofer.example",
        attachments=(NewAttachment(text, "text/html", 1, "0" * 64),),
    )
    async with desk.database.begin(SYSTEM) as work:
        changed = {"first_name": text, "last_name": text}
        await work.execute(update(users).where(users.c.role == Role.TECHNICIAN_L2.value).values(changed))
    browser = await desk.visit(Role.TECHNICIAN_L2)
    number = ref.number
    key = str(new_uuid())
    said = await browser.post("/console/say", {"text": text, "key": key})
    shown = await browser.post("/console/say", {"text": f"show #{number}", "key": str(new_uuid())})
    pages = [
        (await browser.get(path)).text
        for path in (
            "/console",
            f"/console/tickets/{number}",
            "/console/tickets?state=all",
            "/console/account",
            f"/console/cards?view=ticket&ticket={number}",
            "/console/views/queue",
        )
    ]
    searched = await browser.ask("GET", "/console/tickets?q=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    for page in (*pages, searched.text, said.json["html"], shown.json["html"]):
        seen = Seen(page)
        assert "iframe" not in seen.tags
        assert not seen.handlers
        assert not any("evil" in each or each.startswith("javascript") for each in seen.addresses)
        assert page.count("<script") == page.count('<script type="module" src="/console/static/console.js')
    assert any(text in Seen(page).text for page in pages)


def test_templates_switch_no_escaping_off() -> None:
    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|\bon[a-z]+=|<style|style=", source), path


async def test_a_formatted_mail_comes_without_any_power(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Mit Bild", "Siehe Bild.")
    picture = b"\x89PNG\r\n\x1a\n"
    digest = await put(desk, picture)
    inline = NewAttachment("bild.png", "image/png", len(picture), digest, is_inline=True, content_id="bild@hofer")
    html = (
        '<p>Hallo <img src="cid:bild@hofer"><img src="cid:fehlt"><img alt="x" src="http://evil.example/p">'
        '<a href="https://hofer.example">x</a></p>'
    )
    ref = await desk.say(ref, "Siehe Bild.", kind=MessageKind.PUBLIC, html=html, attachments=(inline,))
    message, _ = await ids_of(desk, ref)
    browser = await desk.visit(Role.CUSTOMER_ADMIN)
    page = await browser.get(f"/console/messages/{message}/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "img-src data:;" in policy
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page.text
    assert "cid:" not in page.text
    assert "evil.example" not in page.text
    ticket = await browser.get(f"/console/tickets/{ref.number}")
    assert "frame-src 'self'" in ticket.headers["Content-Security-Policy"]


async def test_files_are_saved_never_opened_and_what_was_set_aside_is_not_handed_out(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Dateien", "Anbei.")
    content = b"<script>alert(1)</script>"
    digest = await put(desk, content)
    ref = await desk.say(
        ref,
        "Anbei.",
        kind=MessageKind.PUBLIC,
        attachments=(NewAttachment("seite.html", "text/html", len(content), digest),),
    )
    _, attachment = await ids_of(desk, ref)
    browser = await desk.visit(Role.CUSTOMER_ADMIN)
    file = await browser.get(f"/console/attachments/{attachment}")
    assert file.text == content.decode()
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Content-Security-Policy"] == "sandbox"
    aside = NewAttachment("virus.exe", "application/x-dosexec", 1, digest, set_aside="Eicar")
    ref = await desk.say(ref, "Noch eine.", kind=MessageKind.PUBLIC, attachments=(aside,))
    _, attachment = await ids_of(desk, ref)
    assert (await browser.get(f"/console/attachments/{attachment}")).status == 409
    page = await browser.get(f"/console/tickets/{ref.number}")
    assert f"/console/attachments/{attachment}" not in page.text


async def test_how_a_mail_stands_is_told_where_it_was_written(desk: ConsoleDesk) -> None:
    ref = await make_ticket(desk)
    await queue_mail(desk, ref, "anna@hofer.example", OutgoingState.FAILED, "550 no such user")
    page = await (await desk.visit(Role.TECHNICIAN_L2)).get(f"/console/tickets/{ref.number}")
    assert "Mail nicht zugestellt: anna@hofer.example" in page.text
    assert "550 no such user" in page.text


async def ids_of(desk: ConsoleDesk, ref: TicketRef) -> tuple[UUID, UUID | None]:
    """The ticket's last message, and its file."""
    statement = (
        select(messages.c.id, attachments.c.id.label("attachment"))
        .outerjoin(attachments, attachments.c.message_id == messages.c.id)
        .where(messages.c.ticket_id == ref.id)
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(1)
    )
    async with desk.database.connect() as connection:
        row = (await connection.execute(statement)).one()
    return row.id, row.attachment


async def put(desk: ConsoleDesk, content: bytes) -> str:
    """The key under which the content is kept."""
    return await desk.parts.blobs.put(content)


async def queue_mail(
    desk: ConsoleDesk,
    ref: TicketRef,
    recipient: str,
    state: OutgoingState = OutgoingState.QUEUED,
    error: str | None = None,
) -> None:
    """A mail by which the ticket's last message goes out."""
    message, _ = await ids_of(desk, ref)
    async with desk.database.begin(SYSTEM) as work:
        work.insert(
            outgoing_mails,
            {
                "id": new_uuid(),
                "internet_message_id": str(new_uuid()),
                "ticket_id": ref.id,
                "message_id": message,
                "recipient": recipient,
                "envelope_from": "desk@desk.example",
                "subject": "x",
                "content": "x",
                "state": state.value,
                "attempts": 1,
                "next_attempt_at": work.now,
                "last_error": error,
                "created_at": work.now,
            },
        )


async def test_what_a_note_said_before_is_there_for_the_desk(desk: ConsoleDesk) -> None:
    ref = await desk.open_ticket(desk.own, "Drucker", "Er klemmt.")
    author = desk.actor(Role.TECHNICIAN_L1)
    tickets = Tickets(desk.database)
    note = await tickets.add_message(author, ref.number, MessageKind.NOTE, "Tonr <b>leer</b>")
    await tickets.revise_message(author, note, "Toner leer")
    page = await (await desk.visit(Role.TECHNICIAN_L2)).get(f"/console/tickets/{ref.number}")
    assert "Toner leer" in page.text
    assert "Andere Fassungen" in page.text
    assert "Tonr &lt;b&gt;leer&lt;/b&gt;" in page.text
    customers = await (await desk.visit(Role.CUSTOMER_ADMIN)).get(f"/console/tickets/{ref.number}")
    assert customers.status == 200
    assert "Tonr" not in customers.text
