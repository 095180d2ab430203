"""The views by name: each draws its card from what is true now, within what the person may see.

| view | arguments |
|---|---|
| `ticket` | `ticket`: its number |
| `queue` | `page`, `customer`: its id; both may be missing |
| `mine` | `page` |
| `my_day` | |
| `search` | `words`, `page` |
| `receipt` | `ticket`: its number |
| `quarantine` | `page` |
| `mail` | `mail`: the id of a held one |
| `reply_preview` | `draft`: its id; one's own |
| `customer` | `customer`: its id |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.person import Person
from bot.views.card import View
from bot.views.customer import draw_customer
from bot.views.drawing import Drawing, Drawn
from bot.views.my_day import draw_my_day
from bot.views.quarantine import draw_mail, draw_quarantine
from bot.views.queue import draw_mine, draw_queue
from bot.views.receipt import draw_receipt
from bot.views.reply_preview import draw_reply_preview
from bot.views.search import draw_search
from bot.views.ticket import draw_ticket
from core.database.engine import Database
from core.errors import NotFound

__all__ = ["VIEWS", "Drawn", "Views"]

VIEWS: Final[Mapping[str, Callable[[Drawing], Awaitable[Drawn]]]] = {
    "ticket": draw_ticket,
    "queue": draw_queue,
    "mine": draw_mine,
    "my_day": draw_my_day,
    "search": draw_search,
    "receipt": draw_receipt,
    "quarantine": draw_quarantine,
    "mail": draw_mail,
    "reply_preview": draw_reply_preview,
    "customer": draw_customer,
}


class Views:
    """Draws views. `public_url` is where the console is reached, `desk_address` the desk's own mail address."""

    def __init__(self, database: Database, *, public_url: str, desk_address: str) -> None:
        self._database = database
        self._public_url = public_url.rstrip("/")
        self._desk_address = desk_address

    async def draw(self, view: View, person: Person) -> Drawn:
        """The view as the person may see it now, read on one connection. Raises NotFound, PermissionDenied."""
        build = VIEWS.get(view.name)
        if build is None:
            raise NotFound("view", view.name)
        async with self._database.connect() as connection:
            return await build(
                Drawing(
                    connection=connection,
                    person=person,
                    now=self._database.clock.now(),
                    arguments=view.arguments,
                    public_url=self._public_url,
                    desk_address=self._desk_address,
                )
            )
