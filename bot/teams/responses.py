"""What Teams takes as the answer to an invoke, by the shapes that its documentation gives.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.teams.drawing import CARD_TYPE
from bot.views.card import Card, Option

Body = dict[str, Any]

TITLE_CHARACTERS = 60
THUMBNAIL_TYPE = "application/vnd.microsoft.card.thumbnail"
MESSAGE_TYPE = "application/vnd.microsoft.activity.message"
SEARCH_TYPE = "application/vnd.microsoft.search.searchResponse"
ERROR_TYPE = "application/vnd.microsoft.error"


def shown_card(drawn: Body) -> Body:
    """To a pressed Action.Execute: this card in place of the one that was pressed."""
    return {"statusCode": 200, "type": CARD_TYPE, "value": drawn}


def shown_message(text: str) -> Body:
    """To a pressed Action.Execute: a line beside the card."""
    return {"statusCode": 200, "type": MESSAGE_TYPE, "value": text}


def refused(code: str, text: str) -> Body:
    """To an invoke that makes no sense."""
    return {"statusCode": 400, "type": ERROR_TYPE, "value": {"code": code, "message": text}}


def dialog(card: Card, drawn: Body) -> Body:
    """A dialog with this card, or the open one changed to it."""
    content = {"contentType": CARD_TYPE, "content": drawn}
    value = {"title": card.heading[:TITLE_CHARACTERS], "height": "medium", "width": "medium", "card": content}
    return {"task": {"type": "continue", "value": value}}


def dialog_message(text: str) -> Body:
    """A dialog that only says this."""
    return {"task": {"type": "message", "value": text}}


def dialog_closed() -> Body:
    """The dialog closes: an empty answer."""
    return {}


def results(found: Sequence[tuple[Card, Body]]) -> Body:
    """To a search of the message extension, and to a link: cards to choose from, each with a preview."""
    attachments = [
        {
            "contentType": CARD_TYPE,
            "content": drawn,
            "preview": {"contentType": THUMBNAIL_TYPE, "content": {"title": card.heading, "text": card.summary}},
        }
        for card, drawn in found
    ]
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": attachments}}


def options(found: Sequence[Option]) -> Body:
    """To typing in an input that looks things up."""
    value = {"results": [{"title": each.label, "value": each.value} for each in found]}
    return {"statusCode": 200, "type": SEARCH_TYPE, "value": value}
