"""Puts the Slack surface together."""

from __future__ import annotations

from bot.arrivals import Arrivals
from bot.buttons import Buttons
from bot.desk import ChatDesk
from bot.slack.app import SlackApp
from bot.slack.client import SlackClient
from bot.slack.forms import SlackForms
from bot.slack.intake import SlackIntake
from bot.slack.pages import SlackPages
from bot.slack.people import SlackPeople
from bot.slack.speaking import Speaking
from core.clock import Clock


def slack_app(
    client: SlackClient,
    people: SlackPeople,
    desk: ChatDesk,
    arrivals: Arrivals,
    buttons: Buttons,
    clock: Clock,
    *,
    language: str,
) -> SlackApp:
    """The surface over these parts; `language` is the desk's own."""
    speaking = Speaking(people, language)
    return SlackApp(
        client,
        SlackIntake(arrivals, people, clock),
        SlackForms(client, desk, buttons, speaking),
        SlackPages(client, desk, buttons, speaking),
        language=language,
    )
