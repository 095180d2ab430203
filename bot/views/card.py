"""The neutral card: what every surface can draw. Texts are plain: nothing in them is markup, a mention or a command.

A card with inputs is a form: its actions send what was put in along with their arguments.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Tone(StrEnum):
    NORMAL = "normal"
    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"


class TextStyle(StrEnum):
    NORMAL = "normal"
    QUIET = "quiet"
    STRONG = "strong"
    QUOTE = "quote"
    CODE = "code"


class ActionStyle(StrEnum):
    NORMAL = "normal"
    PRIMARY = "primary"
    DANGER = "danger"


class LookupSource(StrEnum):
    """What a lookup input finds as one types; its value is a ticket's number, or the id of a customer or user."""

    CUSTOMERS = "customers"
    TICKETS = "tickets"
    USERS = "users"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Action(_Part):
    """A button: the command that it gives, with arguments by their names in the command's specification.

    With `opens_form` the surface first asks for the arguments that are missing (`bot.commands.forms`).
    `is_more`: may go into an overflow menu. `confirm` is asked before.
    """

    kind: Literal["action"] = "action"
    label: str
    command: str
    arguments: dict[str, str] = {}
    style: ActionStyle = ActionStyle.NORMAL
    opens_form: bool = False
    is_more: bool = False
    confirm: str | None = None


class Link(_Part):
    """A button that opens a page."""

    kind: Literal["link"] = "link"
    label: str
    url: str
    is_more: bool = False


class Text(_Part):
    kind: Literal["text"] = "text"
    text: str
    style: TextStyle = TextStyle.NORMAL
    tone: Tone = Tone.NORMAL


class Fact(_Part):
    label: str
    value: str
    tone: Tone = Tone.NORMAL


class Facts(_Part):
    kind: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class Progress(_Part):
    """A bar; `share` of 1 is full. `text` says in words what the bar shows."""

    kind: Literal["progress"] = "progress"
    label: str
    share: float = Field(ge=0, le=1)
    text: str
    tone: Tone = Tone.NORMAL


class Row(_Part):
    """A table's row. `action` is what pressing it does, `url` where its first cell leads."""

    cells: tuple[str, ...]
    action: Action | None = None
    url: str | None = None
    tone: Tone = Tone.NORMAL


class Table(_Part):
    """All rows have as many cells as there are columns."""

    kind: Literal["table"] = "table"
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


class Bar(_Part):
    label: str
    value: float = Field(ge=0)
    text: str
    tone: Tone = Tone.NORMAL


class Chart(_Part):
    """Horizontal bars, longest is the largest value."""

    kind: Literal["chart"] = "chart"
    title: str
    bars: tuple[Bar, ...]


class Image(_Part):
    """A picture at an address that the surface can reach."""

    kind: Literal["image"] = "image"
    url: str
    alt: str


class Divider(_Part):
    kind: Literal["divider"] = "divider"


class TextInput(_Part):
    kind: Literal["text_input"] = "text_input"
    name: str
    label: str
    value: str = ""
    hint: str = ""
    is_required: bool = False
    is_multiline: bool = False
    max_length: int = 3000


class Option(_Part):
    value: str
    label: str


class ChoiceInput(_Part):
    kind: Literal["choice_input"] = "choice_input"
    name: str
    label: str
    options: tuple[Option, ...]
    value: str | None = None
    is_required: bool = False


class LookupInput(_Part):
    """Found by typing; `chosen` is what is chosen at first."""

    kind: Literal["lookup_input"] = "lookup_input"
    name: str
    label: str
    source: LookupSource
    chosen: Option | None = None
    is_required: bool = False


class FlagInput(_Part):
    kind: Literal["flag_input"] = "flag_input"
    name: str
    label: str
    value: bool = False


Input = TextInput | ChoiceInput | LookupInput | FlagInput
Element = Annotated[
    Text | Facts | Progress | Table | Chart | Image | Divider | TextInput | ChoiceInput | LookupInput | FlagInput,
    Field(discriminator="kind"),
]
Button = Annotated[Action | Link, Field(discriminator="kind")]


class Card(_Part):
    """`heading` may lead to `url`; `note` stands small beside it; `summary` is all of it in one line, for notices."""

    heading: str
    summary: str
    note: str = ""
    tone: Tone = Tone.NORMAL
    url: str | None = None
    elements: tuple[Element, ...] = ()
    actions: tuple[Button, ...] = ()

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(
            each for each in self.elements if isinstance(each, TextInput | ChoiceInput | LookupInput | FlagInput)
        )


class View(_Part):
    """A card that can be drawn again at any time: which view (`bot.views.living.VIEWS`), of what."""

    name: str
    arguments: dict[str, str] = {}
