"""One's own account: linked chat accounts, language, sessions."""

from __future__ import annotations

import re

from aiohttp import web

from bot.console.calling import ConsoleCall
from bot.console.gate import see_other
from bot.console.pages import Pages, html_response
from bot.console.wording import say
from core.chat.accounts import ChatAccounts
from core.chat.link_codes import LinkCode
from core.chat.rules import Surface
from core.errors import InvalidInput
from core.identity.preferences import Preferences
from core.identity.sessions import Sessions

SURFACES = {Surface.TEAMS: "Teams", Surface.SLACK: "Slack", Surface.CONSOLE: "Console"}
ACCOUNT = "/console/account"
_TOLD = frozenset({"saved", "unlinked"})
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = re.compile(r"Windows|Android|iPhone|iPad|Mac OS X|Linux")


class AccountPage:
    """What everyone sees and changes about themselves."""

    def __init__(self, accounts: ChatAccounts, sessions: Sessions, preferences: Preferences, pages: Pages) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._preferences = preferences
        self._pages = pages

    async def show(self, call: ConsoleCall) -> web.StreamResponse:
        return await self._page(call, None)

    async def issue_code(self, call: ConsoleCall) -> web.StreamResponse:
        """Show a one-time code by which an account in chat is linked to this user."""
        return await self._page(call, await self._accounts.issue_code(call.actor))

    async def unlink(self, call: ConsoleCall) -> web.StreamResponse:
        try:
            surface = Surface(call.fields.get("surface", ""))
        except ValueError as error:
            raise InvalidInput("There is no such surface.", field="surface") from error
        await self._accounts.unlink(call.actor, surface, call.fields.get("tenant", ""), call.fields.get("account", ""))
        return see_other(f"{ACCOUNT}?told=unlinked")

    async def choose_language(self, call: ConsoleCall) -> web.StreamResponse:
        await self._preferences.choose_language(call.actor, call.fields.get("language", ""))
        return see_other(f"{ACCOUNT}?told=saved")

    async def _page(self, call: ConsoleCall, code: LinkCode | None) -> web.Response:
        accounts = await self._accounts.list_accounts(call.actor)
        sessions = await self._sessions.list_sessions(call.actor)
        told = call.query("told")
        text = call.page(
            self._pages,
            "account.html",
            "account",
            email=call.user.email,
            role=call.user.role.value.replace("_", " "),
            told=say(told, call.language) if told in _TOLD else "",
            code=code.code if code is not None else "",
            code_until=call.moment(code.expires_at).short if code is not None else "",
            accounts=[
                {
                    "surface": SURFACES[each.surface],
                    "value": each.surface.value,
                    "tenant": each.tenant,
                    "account": each.account,
                    "display_name": each.display_name,
                    "at": call.moment(each.linked_at),
                }
                for each in accounts
            ],
            sessions=[
                {
                    "agent": device_of(each.user_agent) or say("unknown_device", call.language),
                    "address": each.ip_address or "",
                    "at": call.moment(each.seen_at),
                    "is_this": each.digest == call.session.digest,
                }
                for each in sessions
            ],
        )
        return html_response(text)


def device_of(user_agent: str | None) -> str:
    """A browser and its system, as far as its name tells; empty where it tells nothing."""
    agent = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = _SYSTEMS.search(agent)
    return ", ".join(part for part in (browser, system[0].replace("Mac OS X", "macOS") if system else "") if part)
