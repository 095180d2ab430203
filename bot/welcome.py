"""What the desk says when it comes into a conversation."""

from __future__ import annotations

from bot.commands.account import unknown_card
from bot.turn import Turn
from bot.views.card import Action, Card
from bot.views.notices import notice_card
from bot.wording import Words

_HELLO = Words("Servus! Ich bin der Service Desk.", "Hello, I am the service desk.")
_PERSONAL = Words(
    "Schreiben Sie mir Befehle wie „liste“ oder „neu Hofer: Drucker druckt nicht“.",
    "Write me commands such as “queue” or “new Hofer: printer does not print”.",
)
_CHANNEL = Words(
    "Erwähnen Sie mich mit einem Befehl. Soll ich neue Tickets hier melden, kann ein Service-Manager diesen Kanal als "
    "Eingang festlegen. Was in einem Ticket-Thread steht, bleibt intern.",
    "Mention me with a command. A service manager can make this channel the triage channel; then new tickets are shown "
    "here. What is written in a ticket's thread stays internal.",
)
_SHARED = Words(
    "Schreiben Sie mir hier, wobei wir helfen können: Erwähnen Sie mich, und es wird ein Ticket.",
    "Tell me here what we can help with: mention me, and it becomes a ticket.",
)


def welcome_card(turn: Turn, public_url: str) -> Card:
    """How to talk to the desk, in the conversation's language."""
    language = turn.language
    if turn.is_personal and turn.person is None:
        return unknown_card(public_url, language, _HELLO.in_(language))
    words = _PERSONAL if turn.is_personal else _SHARED if turn.conversation.customer_id else _CHANNEL
    card = notice_card(_HELLO.in_(language), words.in_(language), language)
    actions = (Action(label=Words("Hilfe", "Help").in_(language), command="help"),)
    return card.model_copy(update={"actions": actions})
