"""Slack's end of the line: its Web API, answer addresses and sockets on a free port, as strict as published.

It keeps messages as Slack does, so that what people would see can be asserted on; and it records every call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests.services.slack_rules import Broken, check_blocks, check_message, check_view

TEAM = "T0ACME"
DESK = "U0DESK"
DESK_BOT = "B0DESK"
APP = "A0PSA"
BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"


@dataclass
class Call:
    """A call of a method, with what it was given."""

    method: str
    arguments: dict[str, Any]


@dataclass
class Message:
    """A message as it stands; `seen_by` is set for one that one person alone sees."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    user: str = DESK
    metadata: dict[str, Any] | None = None
    seen_by: str | None = None
    edits: int = 0


@dataclass
class _Fault:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    times: int
    is_taken: bool = False


@dataclass
class FakeSlack:
    """`members` are the conversations with who is in them; the desk must be in one to write there."""

    url: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    modals: list[dict[str, Any]] = field(default_factory=list)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    unfurls: list[dict[str, Any]] = field(default_factory=list)
    triggers: set[str] = field(default_factory=set)
    response_urls: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    faults: dict[str, list[_Fault]] = field(default_factory=dict)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def add_user(self, account: str, name: str, email: str | None, **changes: Any) -> None:
        """A member of the workspace who has confirmed the address; `changes` make it another one."""
        user = {
            "id": account,
            "team_id": TEAM,
            "name": name.split()[0].lower(),
            "real_name": name,
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
            "locale": "de-AT",
            "profile": {"real_name": name, "display_name": name} | ({"email": email} if email else {}),
        }
        self.users[account] = user | changes
        self.members[self.personal(account)] = {account, DESK}

    def personal(self, account: str) -> str:
        """The conversation of the person with the desk."""
        return f"D{account[1:]}"

    def add_channel(self, channel: str, *accounts: str) -> None:
        self.members[channel] = set(accounts)

    def next_ts(self) -> str:
        """The id of the next message, unlike all before."""
        return f"1764021600.{next(self._numbers):06d}"

    def next_trigger(self) -> str:
        trigger = f"{next(self._numbers)}.98410.acme"
        self.triggers.add(trigger)
        return trigger

    def next_response_url(self, channel: str, account: str, *, uses: int = 5) -> str:
        key = f"r{next(self._numbers)}"
        self.response_urls[key] = (channel, account, uses)
        return f"{self.url}/respond/{key}"

    def fail(self, method: str, error: str, *, times: int = 1, status: int = 200) -> None:
        """The next calls of the method are answered with this error."""
        self._add_fault(method, _Fault(status, {"ok": False, "error": error}, {}, times))

    def throttle(self, method: str, seconds: int, *, times: int = 1) -> None:
        """The next calls of the method come too fast."""
        headers = {"Retry-After": str(seconds)}
        self._add_fault(method, _Fault(429, {"ok": False, "error": "ratelimited"}, headers, times))

    def lose_answer(self, method: str, *, times: int = 1) -> None:
        """The next calls of the method are done, but the answer is an error of a proxy."""
        self._add_fault(method, _Fault(502, {}, {}, times, is_taken=True))

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        return [call.arguments for call in self.calls if call.method == method]

    def seen_in(self, channel: str, account: str | None = None) -> list[Message]:
        """What stands in a channel, and what this account alone sees there."""
        return [each for each in self.messages if each.channel == channel and each.seen_by in (None, account)]

    async def send(self, envelope: dict[str, Any]) -> None:
        """Send through the newest socket."""
        await self.sockets[-1].send_str(json.dumps(envelope))

    async def answer(self, request: web.Request) -> web.Response:
        """A method of the Web API."""
        method = request.match_info["method"]
        arguments: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            arguments |= await request.json()
        else:
            arguments |= {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append(Call(method, arguments))
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        fault = self._take_fault(method)
        if fault is not None and not fault.is_taken:
            return web.json_response(fault.body, status=fault.status, headers=fault.headers)
        try:
            told = _METHODS[method](self, arguments)
        except Broken as error:
            return web.json_response({"ok": False, "error": str(error)})
        except KeyError as error:
            return web.json_response({"ok": False, "error": "invalid_arguments", "detail": str(error)})
        if fault is not None:
            return web.Response(status=fault.status, text="<h1>Bad gateway</h1>", content_type="text/html")
        return web.json_response({"ok": True, **told})

    async def respond(self, request: web.Request) -> web.Response:
        """An answer address."""
        arguments = await request.json()
        self.calls.append(Call("respond", arguments))
        fault = self._take_fault("respond")
        if fault is not None:
            return web.Response(status=fault.status, text=fault.body["error"], headers=fault.headers)
        key = request.match_info["key"]
        channel, account, uses = self.response_urls.get(key, ("", "", 0))
        if not uses:
            return web.Response(status=404, text="used_url")
        self.response_urls[key] = (channel, account, uses - 1)
        try:
            check_message(arguments)
        except Broken as error:
            return web.json_response({"ok": False, "error": str(error)})
        seen_by = None if arguments.get("response_type") == "in_channel" else account
        if arguments.get("replace_original"):
            mine = [each for each in self.messages if each.channel == channel and each.seen_by == account]
            self.messages.remove(mine[-1]) if mine else None
        self._put(channel, arguments, seen_by=seen_by)
        return web.Response(text="ok")

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """A socket; Slack says hello, and notes what is acknowledged."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_str(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}}))
        async for received in socket:
            if received.type is WSMsgType.TEXT:
                told = json.loads(received.data)
                self.acknowledged[told["envelope_id"]] = told.get("payload") or {}
        return socket

    def _add_fault(self, method: str, fault: _Fault) -> None:
        self.faults.setdefault(method, []).append(fault)

    def _take_fault(self, method: str) -> _Fault | None:
        waiting = self.faults.get(method) or []
        if not waiting:
            return None
        waiting[0].times -= 1
        return waiting.pop(0) if waiting[0].times == 0 else waiting[0]

    def _put(self, channel: str, arguments: dict[str, Any], *, seen_by: str | None = None) -> Message:
        message = Message(
            channel=channel,
            ts=self.next_ts(),
            text=arguments.get("text", ""),
            blocks=arguments.get("blocks", []),
            thread_ts=arguments.get("thread_ts"),
            metadata=arguments.get("metadata"),
            seen_by=seen_by,
        )
        self.messages.append(message)
        return message

    def _find(self, channel: str, ts: str) -> Message:
        for message in self.messages:
            if (message.channel, message.ts, message.seen_by) == (channel, ts, None):
                return message
        raise Broken("message_not_found")

    def _enter(self, channel: str) -> None:
        if channel not in self.members:
            raise Broken("channel_not_found")
        if DESK not in self.members[channel]:
            raise Broken("not_in_channel")

    def _auth_test(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": TEAM, "user_id": DESK, "bot_id": DESK_BOT, "team": "Acme", "user": "desk"}

    def _open_connection(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"url": f"{self.url.replace('http', 'ws', 1)}/socket?ticket={next(self._numbers)}"}

    def _post_message(self, arguments: dict[str, Any]) -> dict[str, Any]:
        check_message(arguments)
        self._enter(arguments["channel"])
        message = self._put(arguments["channel"], arguments)
        return {"channel": message.channel, "ts": message.ts, "message": {"text": message.text}}

    def _post_ephemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        check_message(arguments)
        self._enter(arguments["channel"])
        if arguments["user"] not in self.members[arguments["channel"]]:
            raise Broken("user_not_in_channel")
        return {"message_ts": self._put(arguments["channel"], arguments, seen_by=arguments["user"]).ts}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        check_message(arguments)
        self._enter(arguments["channel"])
        message = self._find(arguments["channel"], arguments["ts"])
        if message.user != DESK:
            raise Broken("cant_update_message")
        message.text, message.blocks = arguments["text"], arguments["blocks"]
        message.edits += 1
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def _delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._enter(arguments["channel"])
        self.messages.remove(self._find(arguments["channel"], arguments["ts"]))
        return {"channel": arguments["channel"], "ts": arguments["ts"]}

    def _unfurl(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if not ({"channel", "ts"} <= set(arguments) or {"unfurl_id", "source"} <= set(arguments)):
            raise Broken("missing_channel")
        for unfurl in arguments["unfurls"].values():
            check_blocks(unfurl["blocks"], 50)
        self.unfurls.append(arguments)
        return {}

    def _open_view(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["trigger_id"] not in self.triggers:
            raise Broken("expired_trigger_id")
        self.triggers.remove(arguments["trigger_id"])
        check_view(arguments["view"], "modal")
        view = {**arguments["view"], "id": f"V{next(self._numbers)}", "hash": "156772938.1827394"}
        self.modals.append(view)
        return {"view": view}

    def _publish_view(self, arguments: dict[str, Any]) -> dict[str, Any]:
        check_view(arguments["view"], "home")
        self.homes[arguments["user_id"]] = arguments["view"]
        return {"view": arguments["view"]}

    def _user_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["user"] not in self.users:
            raise Broken("user_not_found")
        return {"user": self.users[arguments["user"]]}

    def _open_conversation(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["users"] not in self.users:
            raise Broken("user_not_found")
        return {"channel": {"id": self.personal(arguments["users"])}}

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._enter(arguments["channel"])
        root = arguments.get("ts")
        found = [
            each
            for each in self.messages
            if each.channel == arguments["channel"] and each.seen_by is None and root in (each.thread_ts, each.ts, None)
        ]
        if root is None:
            found = [each for each in found if each.thread_ts is None]
        elif not found:
            raise Broken("thread_not_found")
        with_metadata = arguments.get("include_all_metadata") in ("1", "true")
        return {
            "messages": [
                {"ts": each.ts, "text": each.text, "user": each.user}
                | ({"metadata": each.metadata} if with_metadata and each.metadata else {})
                for each in reversed(found)
            ],
            "has_more": False,
        }


_METHODS: dict[str, Callable[[FakeSlack, dict[str, Any]], dict[str, Any]]] = {
    "apps.connections.open": FakeSlack._open_connection,
    "auth.test": FakeSlack._auth_test,
    "chat.delete": FakeSlack._delete,
    "chat.postEphemeral": FakeSlack._post_ephemeral,
    "chat.postMessage": FakeSlack._post_message,
    "chat.unfurl": FakeSlack._unfurl,
    "chat.update": FakeSlack._update,
    "conversations.history": FakeSlack._history,
    "conversations.open": FakeSlack._open_conversation,
    "conversations.replies": FakeSlack._history,
    "users.info": FakeSlack._user_info,
    "views.open": FakeSlack._open_view,
    "views.publish": FakeSlack._publish_view,
}


@asynccontextmanager
async def fake_slack() -> AsyncIterator[FakeSlack]:
    """A workspace with nobody in it, on a free port of 127.0.0.1; its Web API is at `<url>/api/`."""
    slack = FakeSlack()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", slack.answer)
    application.router.add_post("/respond/{key}", slack.respond)
    application.router.add_get("/socket", slack.connect)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield slack
    finally:
        await asyncio.gather(*(socket.close() for socket in slack.sockets))
        await runner.cleanup()
