"""A request to the console by someone who is logged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.console.guarding import THEME_COOKIE
from bot.console.pages import Moment, Pages, moment
from bot.person import Person
from bot.request import Account, Place
from core.actor import Actor, ActorKind
from core.chat.rules import ConversationKind, Surface
from core.http.calling import HowCalled
from core.identity.queries import User
from core.identity.roles import Permission
from core.identity.sessions import Session
from core.ids import new_uuid

THEMES = ("light", "dark")
CONSOLE_TENANT = ""


@dataclass(frozen=True, slots=True)
class ConsoleCall:
    """Who asks for what. `fields` are those of a form; `csrf` is for the forms of the answer."""

    request: web.Request
    how: HowCalled
    session: Session
    person: Person
    csrf: str
    now: datetime
    fields: Mapping[str, str]

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def actor(self) -> Actor:
        return self.person.actor

    @property
    def language(self) -> str:
        return self.person.language

    @property
    def is_by_script(self) -> bool:
        """Our own script asks, and takes JSON."""
        return self.request.headers.get("X-Console") == "1"

    @property
    def path(self) -> str:
        return self.request.path_qs

    def query(self, name: str) -> str:
        """A parameter, without spaces around; empty where there is none."""
        return self.request.query.get(name, "").strip()

    def moment(self, instant: datetime) -> Moment:
        return moment(instant, self.now, self.person.timezone, self.language)

    def page(self, pages: Pages, template: str, here: str, **values: object) -> str:
        """A page with what all have in common; `here` is its place in the navigation."""
        common = {
            "here": here,
            "csrf": self.csrf,
            "key": str(new_uuid()),
            "name": self.person.name,
            "path": self.path,
            "theme": theme_of(self.request),
            "may_see_mail": self.actor.may(Permission.MAIL_RECEIPT_VIEW),
            "is_staff": self.actor.is_staff,
        }
        return pages.render(template, self.language, **{**common, **values})


def account_of(user: User) -> Account:
    """A user on the console. Who is logged in is vouched for by the session."""
    name = f"{user.first_name} {user.last_name}"
    return Account(Surface.CONSOLE, CONSOLE_TENANT, str(user.id), name, user.email)


def place_of(user: User, address: Mapping[str, object]) -> Place:
    """A user's own conversation with the desk; `address` tells the channel about the answer."""
    name = f"{user.first_name} {user.last_name}"
    kind = ConversationKind.PERSONAL
    return Place(Surface.CONSOLE, CONSOLE_TENANT, str(user.id), kind, name=name, address=address)


def person_of(user: User, how: HowCalled) -> Person:
    """The user as an actor that calls from there."""
    return Person(actor_of(user, how), f"{user.first_name} {user.last_name}", user.language, user.timezone)


def theme_of(request: web.Request) -> str:
    """`light` or `dark` where someone chose, else `auto`: as the system has it."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def actor_of(user: User, how: HowCalled) -> Actor:
    return how.as_caller(Actor(ActorKind.USER, user.id, user.email, user.role, user.customer_id))
