"""A ticket's page: its card, what was said, what can be said, who takes part, what reached whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.kinds import KINDS, ArgumentKind
from bot.console.calling import ConsoleCall
from bot.console.drawing import CardDrawing
from bot.console.pages import POLICY_WITH_FRAMES, Pages, html_response
from bot.console.wording import say
from bot.views.card import Action, View
from core.chat.model import chat_conversations, chat_deliveries
from core.chat.rules import DeliveryKind, DeliveryState, Surface
from core.database.engine import Database
from core.errors import NotFound
from core.identity.roles import Permission
from core.mail.model import OutgoingState, outgoing_mails
from core.tickets.lookups import find_linked_tickets, find_participants, find_revisions, find_watchers
from core.tickets.model import tickets
from core.tickets.queries import LONGEST_NUMBER, find_attachments, find_messages, get_ticket, ticket_reference
from core.tickets.rules import MessageKind, ParticipantKind

RECENT = 60
"""Messages shown at first; the older ones are a press away."""

MOST = 2000
DELIVERIES = 12
SIZES = ("B", "kB", "MB", "GB")


class TicketPage:
    """The page of one ticket."""

    def __init__(self, database: Database, drawing: CardDrawing, pages: Pages) -> None:
        self._database = database
        self._drawing = drawing
        self._pages = pages

    async def show(self, call: ConsoleCall) -> web.StreamResponse:
        number = call.request.match_info["number"]
        if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
            raise NotFound("ticket", number)
        reference = ticket_reference(number)
        drawn = await self._drawing.draw(View(name="ticket", arguments={"ticket": number}), call)
        async with self._database.connect() as connection:
            ticket = await get_ticket(connection, call.actor, reference)
            thread = await _thread(connection, call, ticket)
            around = await _around(connection, call, ticket)
        text = call.page(
            self._pages,
            "ticket.html",
            "tickets",
            number=ticket["number"],
            title=ticket["title"],
            card=self._drawing.html(drawn.card, call, is_on_page=True),
            facts=_facts(call, ticket),
            may_reply=call.actor.may(Permission.TICKET_REPLY) and ticket["merged_into_id"] is None,
            forms=self._forms(call, number),
            longest=KINDS[ArgumentKind.TEXT].longest,
            **thread,
            **around,
        )
        return html_response(text, policy=POLICY_WITH_FRAMES)

    def _forms(self, call: ConsoleCall, number: str) -> list[Mapping[str, str]]:
        """What can be written: the desk replies or notes, customers talk to the desk."""
        if not call.actor.is_staff:
            return [self._form(call, number, "reply", "reply_own", "send", "", "")]
        return [
            self._form(call, number, "reply", "reply", "preview", "reply_hint", "reply_note"),
            self._form(call, number, "note", "note", "save_note", "note_hint", "note_note"),
        ]

    def _form(self, call: ConsoleCall, number: str, kind: str, *names: str) -> Mapping[str, str]:
        label, button, hint, note = (say(each, call.language) if each else "" for each in names)
        value = self._drawing.value_of(Action(label=button, command=kind, arguments={"ticket": number}))
        return {"kind": kind, "label": label, "button": button, "hint": hint, "note": note, "value": value}


async def _thread(connection: AsyncConnection, call: ConsoleCall, ticket: Mapping[str, Any]) -> dict[str, object]:
    """The last messages with their files and mails."""
    total = (await find_messages(connection, call.actor, ticket["id"], limit=1)).total
    skipped = 0 if call.query("all") else max(0, total - RECENT)
    found = await find_messages(connection, call.actor, ticket["id"], offset=skipped, limit=MOST)
    files: dict[Any, list[Mapping[str, object]]] = defaultdict(list)
    for row in await find_attachments(connection, call.actor, ticket["id"]):
        files[row["message_id"]].append(_file(row))
    mails = await _mails(connection, call, ticket)
    wordings = {
        row["id"]: [each["text"] for each in await find_revisions(connection, call.actor, row["id"])]
        for row in found.rows
        if row["edited_at"] is not None and row["deleted_at"] is None
    }
    return {
        "skipped": skipped,
        "messages": [
            {**_message(call, row, files[row["id"]], mails[row["id"]]), "wordings": wordings.get(row["id"], ())}
            for row in found.rows
        ],
    }


async def _mails(
    connection: AsyncConnection, call: ConsoleCall, ticket: Mapping[str, Any]
) -> Mapping[Any, Sequence[Mapping[str, object]]]:
    """How the mails stand by which messages went out, for who may know."""
    sent: dict[Any, list[Mapping[str, object]]] = defaultdict(list)
    if not call.actor.may(Permission.MAIL_RECEIPT_VIEW):
        return sent
    m = outgoing_mails.c
    columns = (m.message_id, m.recipient, m.state, m.last_error)
    statement = select(*columns).where(m.ticket_id == ticket["id"], m.message_id.is_not(None)).order_by(m.id)
    for row in await connection.execute(statement):
        error = row.last_error if row.state != OutgoingState.SENT else ""
        sent[row.message_id].append({"recipient": row.recipient, "state": row.state, "error": error or ""})
    return sent


async def _around(connection: AsyncConnection, call: ConsoleCall, ticket: Mapping[str, Any]) -> dict[str, object]:
    """What stands beside the thread. Whom the desk has in copy is the desk's matter."""
    participants = await find_participants(connection, call.actor, ticket["id"]) if call.actor.is_staff else []
    kinds = {ParticipantKind.REQUESTER: "requester", ParticipantKind.COPIED: "copied"}
    watchers = await find_watchers(connection, call.actor, ticket["id"])
    merged_into = None
    if ticket["merged_into_id"] is not None:
        target = select(tickets.c.number).where(tickets.c.id == ticket["merged_into_id"])
        merged_into = (await connection.execute(target)).scalar_one()
    return {
        "participants": [
            {"address": each["address"], "kind_text": say(kinds[each["kind"]], call.language)} for each in participants
        ],
        "watchers": [f"{each['first_name']} {each['last_name']}" for each in watchers],
        "linked": await find_linked_tickets(connection, call.actor, ticket["id"]),
        "merged_into": merged_into,
        "deliveries": await _deliveries(connection, call, ticket) if call.actor.is_staff else [],
    }


async def _deliveries(
    connection: AsyncConnection, call: ConsoleCall, ticket: Mapping[str, Any]
) -> list[Mapping[str, str]]:
    """The last posts about the ticket in other places, and how they stand."""
    c, d = chat_conversations.c, chat_deliveries.c
    statement = (
        select(c.surface, c.name, d.state, d.last_error)
        .join(chat_conversations, c.id == d.conversation_id)
        .where(
            d.ticket_id == ticket["id"],
            d.kind == DeliveryKind.POST.value,
            or_(c.surface != Surface.CONSOLE.value, d.state == DeliveryState.FAILED.value),
        )
        .order_by(d.id.desc())
        .limit(DELIVERIES)
    )
    return [
        {
            "where": f"{row.surface.title()} {row.name}".strip(),
            "state": row.state,
            "state_text": say(f"delivery_{row.state}", call.language),
            "error": (row.last_error or "") if row.state != DeliveryState.SENT else "",
        }
        for row in await connection.execute(statement)
    ]


def _message(
    call: ConsoleCall,
    row: Mapping[str, Any],
    files: Sequence[Mapping[str, object]],
    mails: Sequence[Mapping[str, object]],
) -> Mapping[str, object]:
    kind = MessageKind(row["kind"])
    return {
        "id": row["id"],
        "kind": kind.value,
        "kind_text": say(f"kind_{kind.value}", call.language),
        "is_inbound": row["is_inbound"],
        "is_automatic": row["is_automatic"],
        "author": row["author_name"],
        "address": row["author_address"] if row["is_inbound"] else None,
        "at": call.moment(row["created_at"]),
        "text": row["text"].strip("\n"),
        "quoted": row["quoted"],
        "signature": row["signature"],
        "has_html": bool(row["html"]),
        "edited": row["edited_at"] is not None,
        "is_deleted": row["deleted_at"] is not None,
        "files": files,
        "mails": mails,
    }


def _file(row: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "id": row["id"],
        "name": row["filename"],
        "size": readable_size(row["size_bytes"]),
        "set_aside": row["set_aside"] or "",
    }


def _facts(call: ConsoleCall, ticket: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the card does not say."""
    told: list[tuple[str, object]] = [
        ("customer", ticket["customer_name"]),
        ("category", ticket["category"]),
        ("updated", call.moment(ticket["updated_at"]).long),
    ]
    return [(say(name, call.language), str(value)) for name, value in told if value]


def readable_size(size_bytes: int) -> str:
    """A size for people, in powers of 1000."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(SIZES) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {SIZES[unit]}" if unit == 0 or size >= 10 else f"{size:.1f} {SIZES[unit]}"
