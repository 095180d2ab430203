"""Cards as the console shows them: drawn for who looks, with buttons that know where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from markupsafe import Markup, escape

from bot.buttons import Buttons
from bot.console.calling import ConsoleCall
from bot.console.channel import KEY, ON, ON_PAGE
from bot.console.guarding import CSRF_FIELD
from bot.console.transcript import Entry
from bot.console.wording import say
from bot.render.html import html_card
from bot.views.card import Action, Card, View
from bot.views.living import Drawn, Views
from core.errors import NotFound, PermissionDenied
from core.ids import new_uuid

PRESS = "/console/press"
MESSAGE = "message"
BACK = "back"


class CardDrawing:
    """Draws cards for pages."""

    def __init__(self, views: Views, buttons: Buttons, public_url: str) -> None:
        self._views = views
        self._buttons = buttons
        self._public = str(escape(public_url.rstrip("/")))

    async def draw(self, view: View, call: ConsoleCall) -> Drawn:
        """The view for who asks. Raises NotFound, PermissionDenied."""
        return await self._views.draw(view, call.person)

    async def view_html(self, view: View, call: ConsoleCall) -> Markup:
        """The view as it stands on a page of its own."""
        return self.html((await self.draw(view, call)).card, call, is_on_page=True)

    def html(self, card: Card, call: ConsoleCall, *, message: UUID | None = None, is_on_page: bool = False) -> Markup:
        """The card; `message` is the entry in which it stands. `is_on_page`: its answers stay out of the chat."""
        hidden: dict[str, str] = {CSRF_FIELD: call.csrf, KEY: str(new_uuid())}
        if message is not None:
            hidden[MESSAGE] = str(message)
        if is_on_page:
            hidden |= {ON: ON_PAGE, BACK: call.path}
        drawn = html_card(card, self._buttons, call.language, target=PRESS, hidden=hidden)
        # Whoever reached us by another name stays there: our own links are followed within the page's origin.
        return Markup(str(drawn).replace(f'href="{self._public}/console', 'href="/console'))  # noqa: S704 - drawn above

    def value_of(self, action: Action) -> str:
        """The signed value of a button of our own."""
        return self._buttons.value_of(action)

    def button(self, action: Action, call: ConsoleCall) -> Markup:
        """A button that opens a form, on its own on a page."""
        hidden = {CSRF_FIELD: call.csrf, KEY: str(new_uuid()), ON: ON_PAGE, BACK: call.path}
        kept = Markup("").join(
            Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in hidden.items()
        )
        return Markup(
            '<form method="post" action="{}" data-card-form>{}<button class="button button-primary" name="value" '
            'value="{}" data-command="{}" data-opens-form>{}</button></form>'
        ).format(PRESS, kept, self.value_of(action), action.command, action.label)

    async def entry(
        self, entry: Entry, call: ConsoleCall, drawn: dict[str, Card | None], *, is_own: bool
    ) -> Mapping[str, object]:
        """An entry for a template; `is_own`: of the reader's own conversation, where answers may take its place.

        `drawn` keeps the views of one page: many entries show the same.
        """
        when = call.moment(entry.created_at)
        message = entry.id if is_own else None
        card: Markup | None = None
        if entry.shown is not None:
            shown = await self._shown(View(name=entry.shown.view, arguments=dict(entry.shown.arguments)), call, drawn)
            card = _gone(call) if shown is None else self.html(shown, call, message=message)
        elif entry.content is not None:
            card = self.html(entry.content, call, message=message)
        return {
            "id": entry.id,
            "said": entry.said,
            "card": card,
            "key": entry.key,
            "tickets": " ".join(str(each) for each in entry.tickets),
            "at": when.short,
            "at_long": when.long,
            "at_iso": when.iso,
        }

    async def _shown(self, view: View, call: ConsoleCall, drawn: dict[str, Card | None]) -> Card | None:
        name = view.model_dump_json()
        if name not in drawn:
            try:
                drawn[name] = (await self.draw(view, call)).card
            except (NotFound, PermissionDenied):
                drawn[name] = None
        return drawn[name]


def _gone(call: ConsoleCall) -> Markup:
    return Markup('<p class="entry-gone">{}</p>').format(say("gone", call.language))
