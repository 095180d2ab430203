"""The console as it runs: the real application on a free port, its streams, and two customers with a ticket each."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.arrivals import Arrivals
from bot.buttons import Buttons
from bot.commands.call import Services
from bot.console.channel import ConsoleChannel
from bot.console.interpreting import interpret
from bot.console.opening import ConsoleParts, add_console
from bot.desk import ChatDesk
from bot.views.card import Action
from bot.views.living import Views
from core.actor import SYSTEM, Actor, ActorKind
from core.blobs.folder import FolderBlobs
from core.chat.accounts import ChatAccounts
from core.chat.conversations import Conversations, find_conversation
from core.chat.deliveries import ShownView, queue_view
from core.chat.rules import Surface
from core.clock import SystemClock
from core.customers.model import CustomerStatus, contacts, customers
from core.customers.service import Customers
from core.database.engine import Database
from core.http.application import build_application
from core.http.calling import HowCalled
from core.http.server import HttpServer
from core.identity.model import sessions, users
from core.identity.passwords import hash_password
from core.identity.queries import User, find_user
from core.identity.roles import Role
from core.identity.service import Users
from core.identity.sessions import digest_of
from core.identity.tokens import AccessTokens
from core.ids import ContactId, CustomerId, UserId, new_uuid
from core.mail.quarantine import Quarantine
from core.runtime.metrics import Metrics
from core.secrets import KEY_BYTES, Keyring
from core.settings import Settings, load_settings
from core.tickets.model import tickets
from core.tickets.rules import MessageKind, TicketPriority, TicketSource
from core.tickets.service import Tickets
from core.tickets.writing import (
    NewAttachment,
    NewMessage,
    NewTicket,
    TicketRef,
    add_message,
    open_ticket,
    take_ticket_numbers,
)
from notifier.chat.sender import ChatSender

PASSWORD = "correct horse battery"
CSRF = re.compile(r'name="csrf(?:-token)?" (?:content|value)="([0-9a-f]{64})"')
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@cache
def password_hash() -> str:
    """Of the password that all users here have."""
    return hash_password(PASSWORD)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: Mapping[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(self.text)
        return body


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, sends what browsers send."""

    http: aiohttp.ClientSession
    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as our script does: same origin, the session's token, and JSON wanted."""
        sent = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf, "X-Console": "1", **FORM} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.ask("POST", path, headers=sent, data=urlencode(fields).encode())

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> Answer:
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self.http.request(
            method, self.url + path, headers=sent, data=data, allow_redirects=False
        ) as response:
            for name, morsel in response.cookies.items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
            content = await response.read()
            return Answer(response.status, response.headers, content.decode(), dict(response.cookies))

    async def log_in(self, email: str, password: str = PASSWORD, **fields: str) -> Answer:
        """Through the log-in page."""
        page = await self.get("/console/login")
        found = CSRF.search(page.text)
        assert found is not None
        form = {"csrf": found[1], "email": email, "password": password, **fields}
        headers = {"Origin": self.url, **FORM}
        return await self.ask("POST", "/console/login", headers=headers, data=urlencode(form).encode())

    async def learn_csrf(self) -> None:
        """From a page, as the script does."""
        found = CSRF.search((await self.get("/console/account")).text)
        assert found is not None
        self.csrf = found[1]


@dataclass
class ConsoleDesk:
    """The running console, and what is there to be seen."""

    settings: Settings
    database: Database
    parts: ConsoleParts
    http: aiohttp.ClientSession
    url: str
    server: HttpServer
    stop: asyncio.Event
    own: CustomerId
    foreign: CustomerId
    contacts: Mapping[CustomerId, ContactId]
    people: Mapping[Role, User]

    def browser(self) -> Browser:
        return Browser(self.http, self.url)

    async def visit(self, role: Role) -> Browser:
        """A browser with a session of the user of this role."""
        token = secrets.token_urlsafe(32)
        async with self.database.begin(SYSTEM) as work:
            stamps = {"created_at": work.now, "seen_at": work.now, "expires_at": work.now + timedelta(hours=1)}
            work.insert(sessions, {"token_digest": digest_of(token), "user_id": self.people[role].id, **stamps})
        browser = Browser(self.http, self.url, {"psa_session": token})
        await browser.learn_csrf()
        return browser

    def actor(self, role: Role) -> Actor:
        user = self.people[role]
        return Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id)

    def button(self, command: str, *, opens_form: bool = False, **arguments: str) -> str:
        """The value of a button that was drawn."""
        action = Action(label="x", command=command, arguments=arguments, opens_form=opens_form)
        return self.parts.buttons.value_of(action)

    async def open_ticket(self, customer: CustomerId, title: str, said: str, name: str = "Anna Hofer") -> TicketRef:
        opening = NewMessage(
            kind=MessageKind.PUBLIC,
            source=TicketSource.EMAIL,
            text=said,
            author_name=name,
            author_address="anna@hofer.example",
            author_contact_id=self.contacts[customer],
            is_inbound=True,
        )
        draft = NewTicket(customer, self.contacts[customer], title, TicketPriority.MEDIUM, TicketSource.EMAIL, opening)
        async with self.database.begin(SYSTEM) as work:
            ref, _ = open_ticket(work, draft, (await take_ticket_numbers(work, 1))[0])
        return ref

    async def say(
        self,
        ref: TicketRef,
        said: str,
        *,
        kind: MessageKind = MessageKind.NOTE,
        html: str | None = None,
        attachments: tuple[NewAttachment, ...] = (),
        **more: Any,
    ) -> TicketRef:
        message = NewMessage(
            kind=kind,
            source=TicketSource.EMAIL,
            text=said,
            author_name=more.pop("author_name", "Nina Reiter"),
            is_inbound=more.pop("is_inbound", False),
            html=html,
            attachments=attachments,
            **more,
        )
        async with self.database.begin(SYSTEM) as work:
            after, _ = await add_message(work, ref, message)
        return after

    async def post_to_desk(self, ref: TicketRef) -> None:
        """What the consumer does when a ticket is new."""
        async with self.database.begin(SYSTEM) as work:
            found = await find_conversation(work.connection, Surface.CONSOLE, "", "desk")
            assert found is not None
            shown = ShownView("ticket", {"ticket": str(ref.number)}, "de", tickets=(ref.id,), ticket_id=ref.id)
            await queue_view(work, found.id, shown)

    async def tell_changed(self, ref: TicketRef) -> None:
        """What the consumer does when a ticket changed."""
        async with self.database.begin(SYSTEM) as work:
            await work.execute(text("SELECT pg_notify('psa_console', :id)"), {"id": str(ref.id)})

    async def ticket(self, ref: TicketRef) -> Any:
        async with self.database.connect() as connection:
            return (await connection.execute(select(tickets).where(tickets.c.id == ref.id))).one()


@asynccontextmanager
async def open_desk(
    database_url: str, folder: Path, *, public_url: str = "http://desk.example"
) -> AsyncIterator[ConsoleDesk]:
    """The console at work, until the block ends."""
    settings = load_settings(data_dir=folder, database_url=SecretStr(database_url), public_url=public_url)
    database, blobs = Database(database_url, SystemClock()), FolderBlobs(folder / "blobs")
    keyring = Keyring(bytes(KEY_BYTES))
    parts = _parts(settings, database, blobs, keyring)
    application = build_application(
        (),
        authenticate=_nobody,
        readiness=(),
        metrics=Metrics(),
        clock=database.clock,
        max_body_bytes=settings.http_max_body_bytes,
        version="1",
    )
    streams = add_console(application, parts)
    sender = ChatSender(database, {Surface.CONSOLE: ConsoleChannel(database)}, parts.views, Metrics())
    server, stop = HttpServer(application, "127.0.0.1", 0), asyncio.Event()
    own, foreign, people_at, people = await _people(database)
    try:
        async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as http:
            group.create_task(server.run(stop))
            group.create_task(streams.run(stop))
            group.create_task(sender.run(stop))
            await server.listening.wait()
            url = f"http://127.0.0.1:{server.port}"
            try:
                yield ConsoleDesk(settings, database, parts, http, url, server, stop, own, foreign, people_at, people)
            finally:
                stop.set()
    finally:
        await blobs.aclose()
        await database.aclose()


def _parts(settings: Settings, database: Database, blobs: FolderBlobs, keyring: Keyring) -> ConsoleParts:
    staff = Users(database, AccessTokens(database, keyring))
    accounts = ChatAccounts(database, link_by_address=True)
    views = Views(database, public_url=settings.public_url, desk_address=settings.desk_address)
    services = Services(
        database=database,
        tickets=Tickets(database),
        customers=Customers(database),
        users=staff,
        accounts=accounts,
        conversations=Conversations(database),
        quarantine=Quarantine(database),
        views=views,
        public_url=settings.public_url,
    )
    buttons = Buttons(keyring.derive("buttons"))
    desk = ChatDesk(services, buttons, {}, language="de")
    arrivals = Arrivals(database, desk, {Surface.CONSOLE: interpret}, Metrics())
    return ConsoleParts(
        settings=settings,
        database=database,
        blobs=blobs,
        keyring=keyring,
        users=staff,
        accounts=accounts,
        views=views,
        buttons=buttons,
        desk=desk,
        arrivals=arrivals,
    )


async def _nobody(token: str, called: HowCalled) -> Actor:
    raise AssertionError("The console takes no tokens.")


async def _people(
    database: Database,
) -> tuple[CustomerId, CustomerId, dict[CustomerId, ContactId], dict[Role, User]]:
    own, foreign = CustomerId(new_uuid()), CustomerId(new_uuid())
    people_at: dict[CustomerId, ContactId] = {}
    ids: dict[Role, UserId] = {}
    async with database.begin(SYSTEM) as work:
        stamps = {"created_at": work.now, "updated_at": work.now}
        for customer_id, name in ((own, "Tischlerei Hofer"), (foreign, "Gasthof Linde")):
            state = {"status": CustomerStatus.ACTIVE.value, "tier": "A"}
            work.insert(customers, {"id": customer_id, "name": name, "legal_name": name, **state, **stamps})
            people_at[customer_id] = ContactId(new_uuid())
            person = {"first_name": "Anna", "last_name": name.split()[-1], "email": f"anna@{name[-4:].lower()}.example"}
            work.insert(contacts, {"id": people_at[customer_id], "customer_id": customer_id, **person, **stamps})
        await work.flush()
        for role in Role:
            ids[role] = UserId(new_uuid())
            work.insert(
                users,
                {
                    "id": ids[role],
                    "email": f"{role.value}@desk.example",
                    "password_hash": password_hash(),
                    "first_name": "Nina",
                    "last_name": role.value.title(),
                    "role": role.value,
                    "customer_id": own if role.is_customer else None,
                    **stamps,
                },
            )
    async with database.connect() as connection:
        found = {role: await find_user(connection, users.c.id == user_id) for role, user_id in ids.items()}
    return own, foreign, people_at, {role: user for role, user in found.items() if user is not None}
