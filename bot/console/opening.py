"""Puts the console together, and into the application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.arrivals import Arrivals
from bot.buttons import Buttons
from bot.console.account_page import AccountPage
from bot.console.chatting import Chatting
from bot.console.drawing import CardDrawing
from bot.console.entering import Entering
from bot.console.gate import Gate
from bot.console.guarding import CsrfTokens
from bot.console.live import LiveStreams
from bot.console.mail_content import MailContent
from bot.console.pages import Asset, Pages
from bot.console.ticket_list import TicketList
from bot.console.ticket_page import TicketPage
from bot.console.transcript import Transcripts
from bot.console.viewing import Viewing
from bot.desk import ChatDesk
from bot.views.living import Views
from core.blobs.store import BlobStore
from core.chat.accounts import ChatAccounts
from core.customers.service import Customers
from core.database.engine import Database
from core.identity.preferences import Preferences
from core.identity.service import Users
from core.identity.sessions import Sessions
from core.secrets import Keyring
from core.settings import Settings

CSRF_PURPOSE = "console forms"
KEPT_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the console works with."""

    settings: Settings
    database: Database
    blobs: BlobStore
    keyring: Keyring
    users: Users
    accounts: ChatAccounts
    views: Views
    buttons: Buttons
    desk: ChatDesk
    arrivals: Arrivals


def add_console(application: web.Application, parts: ConsoleParts) -> LiveStreams:
    """All routes below `/console`. The streams are a component of the process that serves them."""
    settings, database = parts.settings, parts.database
    pages = Pages()
    tokens = CsrfTokens(parts.keyring.derive(CSRF_PURPOSE))
    sessions = Sessions(database, parts.users, lifetime=timedelta(hours=settings.console_session_hours))
    transcripts = Transcripts(database, parts.accounts, language=settings.desk_language)
    streams = LiveStreams(database, sessions, transcripts)
    gate = Gate(
        sessions, tokens, pages, database.clock, public_url=settings.public_url, language=settings.desk_language
    )
    drawing = CardDrawing(parts.views, parts.buttons, settings.public_url)
    entering = Entering(gate, sessions, tokens, pages, transcripts, streams)
    chatting = Chatting(parts.desk, parts.arrivals, parts.buttons, transcripts, drawing, pages)
    content = MailContent(database, parts.blobs, pages)
    viewing = Viewing(drawing, pages)
    account = AccountPage(parts.accounts, sessions, Preferences(database), pages)
    router = application.router
    for path, page in {
        "/console": chatting.show,
        "/console/entries/{entry}": chatting.show_entry,
        "/console/options": chatting.list_options,
        "/console/live": streams.serve,
        "/console/tickets": TicketList(database, Customers(database), drawing, pages).show,
        "/console/tickets/{number}": TicketPage(database, drawing, pages).show,
        "/console/messages/{message}/html": content.show_html,
        "/console/attachments/{attachment}": content.download,
        "/console/quarantine": viewing.show_quarantine,
        "/console/views/{view}": viewing.show,
        "/console/cards": viewing.show_fragment,
        "/console/account": account.show,
    }.items():
        router.add_get(path, gate.page(page), allow_head=path != "/console/live")
    for path, action in {
        "/console/say": chatting.say,
        "/console/press": chatting.press,
        "/console/form": chatting.open_form,
        "/console/theme": entering.choose_theme,
        "/console/logout": entering.log_out,
        "/console/logout/everywhere": entering.log_out_everywhere,
        "/console/account/code": account.issue_code,
        "/console/account/unlink": account.unlink,
        "/console/account/language": account.choose_language,
    }.items():
        router.add_post(path, gate.action(action))
    router.add_get("/console/login", gate.open(entering.show))
    router.add_post("/console/login", gate.open(entering.log_in))
    for name, asset in pages.assets.items():
        router.add_get(f"/console/static/{name}", _file(asset))
    router.add_route("*", "/console/{tail:.*}", gate.open(_nowhere))
    application.on_shutdown.append(streams.close)
    return streams


async def _nowhere(_: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


def _file(asset: Asset) -> Handler:
    """A file that never changes under its address, or is asked for anew."""

    async def send(request: web.Request) -> web.StreamResponse:
        is_exact = request.query.get("v") == asset.digest
        kept = f"public, max-age={KEPT_SECONDS}, immutable" if is_exact else "no-cache"
        headers = {"Cache-Control": kept, "ETag": f'"{asset.digest}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=asset.content, content_type=asset.kind, charset="utf-8", headers=headers)

    return send
