"""Puts chat together: the desk, the surfaces that the settings name, and what each kind of process runs of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.arrivals import Arrivals, ArrivalWorker, Interpret
from bot.buttons import Buttons
from bot.channel import Channel
from bot.commands.call import Services
from bot.console.channel import ConsoleChannel
from bot.console.interpreting import interpret as interpret_console
from bot.console.opening import ConsoleParts, add_console
from bot.desk import ChatDesk
from bot.slack.channel import SlackChannel
from bot.slack.client import SlackClient, open_slack
from bot.slack.http import add_slack_routes
from bot.slack.interpreting import interpret as interpret_slack
from bot.slack.opening import slack_app
from bot.slack.people import SlackDirectory, SlackPeople
from bot.slack.socket_mode import SlackSocket
from bot.teams.app import Teams, add_teams_routes, open_teams
from bot.teams.interpreting import interpret as interpret_teams
from bot.teams.registration import read_registration
from bot.turn import Directory
from bot.views.living import Views
from core.chat.conversations import Conversations
from core.chat.rules import Surface
from core.customers.service import Customers
from core.errors import Misconfigured
from core.mail.compose import Desk
from core.mail.quarantine import Quarantine
from core.runtime.component import Component
from core.tickets.service import Tickets
from notifier.chat.sender import ChatSender
from psa.wiring import Parts


@dataclass(frozen=True, slots=True)
class Slack:
    """The connection to Slack, and what it knows of people there."""

    client: SlackClient
    people: SlackPeople


@dataclass(frozen=True, slots=True)
class Chat:
    """The desk in chat. `slack` and `teams` are None where they are not set up."""

    parts: Parts
    desk: ChatDesk
    arrivals: Arrivals
    buttons: Buttons
    views: Views
    channels: dict[Surface, Channel]
    slack: Slack | None
    teams: Teams | None

    def serve(self, application: web.Application) -> list[Component]:
        """Add what people and platforms talk to; returns the components that must run beside it."""
        parts, settings = self.parts, self.parts.settings
        console = ConsoleParts(
            settings=settings,
            database=parts.database,
            blobs=parts.blobs,
            keyring=parts.keyring,
            users=parts.users,
            accounts=parts.chat_accounts,
            views=self.views,
            buttons=self.buttons,
            desk=self.desk,
            arrivals=self.arrivals,
        )
        components: list[Component] = [ArrivalWorker(self.arrivals), add_console(application, console)]
        if self.teams is not None:
            public_url = settings.public_url
            add_teams_routes(application, self.teams, self.arrivals, self.desk, self.buttons, public_url=public_url)
        if self.slack is not None:
            components += self._serve_slack(application, self.slack)
        return components

    def sender(self) -> Component:
        """What delivers the queue of chat deliveries."""
        settings = self.parts.settings
        desk = Desk(self.parts.tokens, settings.desk_name, settings.desk_address)
        return ChatSender(self.parts.database, self.channels, self.views, self.parts.metrics, desk=desk)

    def _serve_slack(self, application: web.Application, slack: Slack) -> list[Component]:
        settings, clock = self.parts.settings, self.parts.clock
        app = slack_app(
            slack.client,
            slack.people,
            self.desk,
            self.arrivals,
            self.buttons,
            clock,
            language=settings.desk_language,
        )
        if settings.slack_app_token is not None:
            return [SlackSocket(app, slack.client, settings.slack_app_token.get_secret_value())]
        if settings.slack_signing_secret is None:
            raise Misconfigured(
                "Slack needs PSA_SLACK_SIGNING_SECRET (Events API) or PSA_SLACK_APP_TOKEN (Socket Mode)."
            )
        add_slack_routes(application.router, app, settings.slack_signing_secret.get_secret_value(), clock)
        return []


@asynccontextmanager
async def open_chat(parts: Parts) -> AsyncIterator[Chat]:
    """Chat with the surfaces of the settings; connections to them are closed at the end. Raises Misconfigured."""
    settings, database = parts.settings, parts.database
    buttons = Buttons(parts.keyring.derive("chat buttons"))
    views = Views(database, public_url=settings.public_url, desk_address=settings.desk_address)
    channels: dict[Surface, Channel] = {Surface.CONSOLE: ConsoleChannel(database)}
    directories: dict[Surface, Directory] = {}
    async with AsyncExitStack() as stack:
        registration = read_registration(settings)
        teams: Teams | None = None
        if registration is not None:
            teams = await stack.enter_async_context(open_teams(registration, database, buttons, parts.clock))
            channels[Surface.TEAMS], directories[Surface.TEAMS] = teams.channel, teams.directory
        slack: Slack | None = None
        if settings.slack_bot_token is not None:
            token = settings.slack_bot_token.get_secret_value()
            client = await stack.enter_async_context(open_slack(token, settings.slack_api_url))
            slack = Slack(client, SlackPeople(client, parts.clock))
            channels[Surface.SLACK] = SlackChannel(client, slack.people, buttons, parts.clock)
            directories[Surface.SLACK] = SlackDirectory(client, slack.people)
        desk = ChatDesk(services_of(parts, views), buttons, directories, language=settings.desk_language)
        yield Chat(
            parts=parts,
            desk=desk,
            arrivals=Arrivals(database, desk, INTERPRETERS, parts.metrics),
            buttons=buttons,
            views=views,
            channels=channels,
            slack=slack,
            teams=teams,
        )


INTERPRETERS: dict[Surface, Interpret] = {
    Surface.TEAMS: interpret_teams,
    Surface.SLACK: interpret_slack,
    Surface.CONSOLE: interpret_console,
}


def services_of(parts: Parts, views: Views) -> Services:
    """The use cases that commands call."""
    database = parts.database
    return Services(
        database=database,
        tickets=Tickets(database),
        customers=Customers(database),
        users=parts.users,
        accounts=parts.chat_accounts,
        conversations=Conversations(database),
        quarantine=Quarantine(database),
        views=views,
        public_url=parts.settings.public_url.rstrip("/"),
    )
