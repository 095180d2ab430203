"""The chat: what is typed and pressed goes to the desk, and the answer comes back in the same response."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID

import structlog
from aiohttp import web

from bot.answer import Answer
from bot.arrivals import Arrivals
from bot.buttons import Buttons
from bot.commands.catalogue import COMMANDS
from bot.commands.permitting import typed_commands
from bot.console.calling import ConsoleCall, account_of, place_of
from bot.console.channel import KEY, ON, ON_PAGE
from bot.console.drawing import BACK, MESSAGE, CardDrawing
from bot.console.gate import json_response, see_other
from bot.console.guarding import CSRF_FIELD, HOME, own_path
from bot.console.interpreting import pressed_body, said_body
from bot.console.live import may_see_desk
from bot.console.pages import Pages, html_response
from bot.console.transcript import DESK, Entry, Transcripts
from bot.desk import ChatDesk
from bot.views.card import Card, LookupSource
from core.chat.rules import Surface
from core.errors import InvalidInput, NotFound

ENTRIES = 25
DESK_ENTRIES = 12
LONGEST_TEXT = 20_000
ANSWER_SECONDS = 25.0
OPTIONS_LONGEST = 200
_RESERVED = frozenset({CSRF_FIELD, KEY, ON, MESSAGE, BACK, "value"})

log = structlog.get_logger(__name__)


class Chatting:
    """The chat page and what its forms and buttons do."""

    def __init__(
        self,
        desk: ChatDesk,
        arrivals: Arrivals,
        buttons: Buttons,
        transcripts: Transcripts,
        drawing: CardDrawing,
        pages: Pages,
    ) -> None:
        self._desk = desk
        self._arrivals = arrivals
        self._buttons = buttons
        self._transcripts = transcripts
        self._drawing = drawing
        self._pages = pages

    async def show(self, call: ConsoleCall) -> web.StreamResponse:
        """The start page: the conversation with the desk, and what has just arrived."""
        before = _uuid(call.query("before")) if call.query("before") else None
        entries = await self._transcripts.read(str(call.user.id), limit=ENTRIES, before=before)
        has_desk = may_see_desk(call.actor)
        arrived = list(reversed(await self._transcripts.read(DESK, limit=DESK_ENTRIES))) if has_desk else []
        is_whole = len(entries) < ENTRIES
        home = await self._desk.home(account_of(call.user)) if is_whole else None
        text = call.page(
            self._pages,
            "chat.html",
            "chat",
            older=entries[0].id if not is_whole else "",
            home=self._drawing.html(home, call) if home is not None else "",
            entries=await self._draw(entries, call, is_own=True),
            has_desk=has_desk,
            desk_entries=await self._draw(arrived, call, is_own=False),
            commands=[
                {
                    "words": " ".join((*command.aliases_in(call.language), command.name)),
                    "rest": command.usage.removeprefix(command.name),
                    "summary": command.summary.in_(call.language),
                }
                for command in typed_commands(call.actor, COMMANDS)
            ],
        )
        return html_response(text)

    async def show_entry(self, call: ConsoleCall) -> web.StreamResponse:
        """One entry of one's own conversation, or of the desk's, as it is now."""
        entry_id = _uuid(call.request.match_info["entry"])
        entry = own = await self._transcripts.find(str(call.user.id), entry_id)
        if entry is None and may_see_desk(call.actor):
            entry = await self._transcripts.find(DESK, entry_id)
        if entry is None:
            raise NotFound("entry", entry_id)
        drawn = await self._drawing.entry(entry, call, {}, is_own=own is not None)
        return html_response(self._pages.render("entry.html", call.language, entry=drawn))

    async def say(self, call: ConsoleCall) -> web.StreamResponse:
        """Give the command that was typed. The same key twice has one effect."""
        text = call.fields.get("text", "").strip()
        if not 0 < len(text) <= LONGEST_TEXT:
            raise InvalidInput(f"A message has 1 to {LONGEST_TEXT} characters.", field="text")
        key = _key(call)
        await self._transcripts.say(call.user, key, text)
        body = said_body(account_of(call.user), place_of(call.user, {KEY: key}), text)
        answer = await self._answer(call, key, body, text)
        return self._shown(call, key, answer, is_on_page=False) if call.is_by_script else see_other(HOME)

    async def press(self, call: ConsoleCall) -> web.StreamResponse:
        """Do what a button or a form says. What is wrong with the inputs is told before anything happens."""
        value = call.fields.get("value", "")
        inputs = {name: given for name, given in call.fields.items() if name not in _RESERVED}
        pressed = self._buttons.read(value)
        if inputs and call.is_by_script:
            problems = await self._desk.find_problems(account_of(call.user), pressed, inputs)
            if problems:
                return json_response({"problems": problems}, 422)
        key, is_on_page = _key(call), call.fields.get(ON) == ON_PAGE
        address = {KEY: key, ON: ON_PAGE} if is_on_page else {KEY: key}
        message = await self._own_message(call)
        body = pressed_body(account_of(call.user), place_of(call.user, address), value, inputs, message)
        answer = await self._answer(call, key, body, value, *inputs.values())
        if call.is_by_script:
            return self._shown(call, key, answer, is_on_page=is_on_page)
        if not is_on_page:
            return see_other(HOME)
        card = self._drawing.html(answer.card, call, is_on_page=True) if answer is not None else None
        back = own_path(call.fields.get(BACK, ""))
        return html_response(call.page(self._pages, "answer.html", "", card=card, back=back))

    async def open_form(self, call: ConsoleCall) -> web.StreamResponse:
        """The form that a button opens; nothing happens yet."""
        pressed = self._buttons.read(call.fields.get("value", ""))
        card = await self._desk.form(account_of(call.user), place_of(call.user, {}), pressed)
        message = call.fields.get(MESSAGE, "")
        html = self._drawing.html(
            card,
            call,
            message=_uuid(message) if message else None,
            is_on_page=call.fields.get(ON) == ON_PAGE,
        )
        return json_response({"heading": card.heading, "html": html})

    async def list_options(self, call: ConsoleCall) -> web.StreamResponse:
        """What a lookup finds for what was typed so far."""
        try:
            source = LookupSource(call.query("source"))
        except ValueError as error:
            raise NotFound("lookup", call.query("source")) from error
        found = await self._desk.find_options(account_of(call.user), source, call.query("q")[:OPTIONS_LONGEST])
        return json_response({"options": [{"value": each.value, "label": each.label} for each in found]})

    async def _draw(self, entries: Sequence[Entry], call: ConsoleCall, *, is_own: bool) -> list[Mapping[str, object]]:
        drawn: dict[str, Card | None] = {}
        return [await self._drawing.entry(entry, call, drawn, is_own=is_own) for entry in entries]

    async def _own_message(self, call: ConsoleCall) -> str | None:
        """The entry in which a button stands. Only one of one's own conversation can be replaced."""
        message = call.fields.get(MESSAGE, "")
        if not message:
            return None
        entry = await self._transcripts.find(str(call.user.id), _uuid(message))
        return str(entry.id) if entry is not None else None

    async def _answer(self, call: ConsoleCall, key: str, body: Mapping[str, object], *said: str) -> Answer | None:
        """Store what was asked, and wait for the answer; if that takes too long it comes by itself."""
        digest = sha256("\x00".join(said).encode("utf-8", "replace")).hexdigest()[:16]
        future = await self._arrivals.take(Surface.CONSOLE, f"{call.user.id}:{key}:{digest}", body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError:
            log.warning("console_answer_is_late", key=key)
            return None

    def _shown(self, call: ConsoleCall, key: str, answer: Answer | None, *, is_on_page: bool) -> web.StreamResponse:
        if answer is None:
            return json_response({"key": key, "html": "", "view": "", "ticket": "", "summary": "", "is_dialog": False})
        view = answer.view
        card = answer.card
        return json_response(
            {
                "key": key,
                "html": self._drawing.html(card, call, is_on_page=is_on_page),
                "heading": card.heading,
                "summary": card.summary,
                "tone": card.tone.value,
                "view": view.name if view is not None else "",
                "ticket": view.arguments.get("ticket", "") if view is not None else "",
                "replaces": answer.replaces or "",
                "is_dialog": bool(card.actions or card.inputs or len(card.elements) > 1),
            }
        )


def _key(call: ConsoleCall) -> str:
    """The form's own key. Raises InvalidInput for one that is none."""
    return str(_uuid(call.fields.get(KEY, "")))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("entry", text[:50]) from error
