"""Any view as a page of its own, and as a fragment for pages that show it beside other things."""

from __future__ import annotations

from aiohttp import web

from bot.console.calling import ConsoleCall
from bot.console.drawing import CardDrawing
from bot.console.pages import POLICY, Pages, html_response
from bot.views.card import View
from bot.views.living import VIEWS
from core.errors import NotFound

QUARANTINE = "quarantine"
LONGEST_ARGUMENT = 200


class Viewing:
    """Views by their address: `/console/views/queue?page=2`."""

    def __init__(self, drawing: CardDrawing, pages: Pages) -> None:
        self._drawing = drawing
        self._pages = pages

    async def show(self, call: ConsoleCall) -> web.StreamResponse:
        """The view as a page, which is kept up to date."""
        return await self._page(call, call.request.match_info["view"], "")

    async def show_quarantine(self, call: ConsoleCall) -> web.StreamResponse:
        return await self._page(call, QUARANTINE, QUARANTINE)

    async def show_fragment(self, call: ConsoleCall) -> web.StreamResponse:
        """The card alone: `/console/cards?view=receipt&ticket=1042`."""
        view = self._view(call, call.query("view"))
        return html_response(str(await self._drawing.view_html(view, call)), policy=POLICY)

    async def _page(self, call: ConsoleCall, name: str, here: str) -> web.Response:
        drawn = await self._drawing.draw(self._view(call, name), call)
        card = self._drawing.html(drawn.card, call, is_on_page=True)
        return html_response(
            call.page(self._pages, "view.html", here, heading=drawn.card.heading, card=card, view=name)
        )

    def _view(self, call: ConsoleCall, name: str) -> View:
        if name not in VIEWS:
            raise NotFound("view", name[:50])
        arguments = {
            each: value
            for each, value in call.request.query.items()
            if each != "view" and len(value) <= LONGEST_ARGUMENT
        }
        return View(name=name, arguments=arguments)
