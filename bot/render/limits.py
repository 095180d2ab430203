"""What the platforms take at most, and where that is written. Lengths are in UTF-16 code units."""

from __future__ import annotations

from typing import Final

from bot.buttons import Buttons
from bot.views.card import Action

# https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages allows a bot about 100 KB;
# webhooks, connectors and Graph take 28 KB, so a card of that size is safe wherever it is shown again.
ADAPTIVE_BYTES: Final = 28 * 1024
# https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards
ADAPTIVE_REFRESH_USERS: Final = 60
# https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference: more are cut off.
ADAPTIVE_PRIMARY_ACTIONS: Final = 6

# https://docs.slack.dev/reference/block-kit/blocks and …/block-elements, …/composition-objects, …/surfaces/modals
SLACK_MESSAGE_BLOCKS: Final = 50
SLACK_VIEW_BLOCKS: Final = 100
SLACK_SECTION: Final = 3000
SLACK_HEADER: Final = 150
SLACK_BUTTON: Final = 75
SLACK_VALUE: Final = 2000
SLACK_URL: Final = 3000
SLACK_ALT: Final = 2000
SLACK_ID: Final = 255
SLACK_ACTIONS: Final = 25
SLACK_OPTIONS: Final = 100
SLACK_OPTION: Final = 75
SLACK_OPTION_VALUE: Final = 150
SLACK_OVERFLOW: Final = 5
SLACK_LABEL: Final = 2000
SLACK_PLACEHOLDER: Final = 150
SLACK_INPUT: Final = 3000
SLACK_TITLE: Final = 24
SLACK_PRIVATE_METADATA: Final = 3000
SLACK_CONFIRM_TITLE: Final = 100
SLACK_CONFIRM_TEXT: Final = 300
SLACK_CONFIRM_BUTTON: Final = 30
# Not published. Messages of 13,200 characters of text were refused (slackapi/bolt-js issue 2509), one of 11,341 in rich
# text as well (issue 2867): what stands around the text counts, so this is the length of the blocks as JSON.
SLACK_MESSAGE_CHARACTERS: Final = 13_000
# Views are refused at 250,000 characters of JSON.
SLACK_VIEW_CHARACTERS: Final = 200_000

MOST_ACTIONS: Final = 20
MOST_INPUTS: Final = 20


def button_value(buttons: Buttons, action: Action) -> str:
    """The action's signed value. ValueError if no button can carry it: arguments are names and numbers, not texts."""
    value = buttons.value_of(action)
    if len(value) > SLACK_VALUE:
        raise ValueError(f"the arguments of {action.command} make a value of {len(value)} characters")
    return value
