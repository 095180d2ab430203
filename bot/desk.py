"""The one place where a request from chat becomes an effect and an answer, whatever surface it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import structlog

from bot.answer import Answer
from bot.buttons import Buttons, ButtonValue
from bot.commands.account import LINK_ACCOUNT, linked_card, unknown_card
from bot.commands.arguments import LONGEST_LINE
from bot.commands.call import MISSING, Call, Outcome, Services, ticket_view
from bot.commands.catalogue import BY_NAME, COMMANDS
from bot.commands.forms import LONGEST_WRITTEN, form_card, read_inputs
from bot.commands.helping import unknown_command_card
from bot.commands.kinds import KINDS, ArgumentKind
from bot.commands.parsing import Line, parse_line
from bot.commands.permitting import may_give, typed_commands
from bot.commands.specification import Command, FormStart
from bot.looking import Looking
from bot.request import Account, Edited, Joined, Place, Pressed, Reacted, Request, Said
from bot.thread_talk import ThreadTalk
from bot.turn import Directory, Turn, Turns
from bot.views.card import Card, LookupSource, Option, Text, TextStyle
from bot.views.living import Drawn
from bot.views.notices import error_card, notice_card
from bot.welcome import welcome_card
from core.actor import SYSTEM
from core.chat.cards import PostedCard, find_card
from core.chat.conversations import drop_conversation, find_conversation
from core.chat.rules import ConversationPurpose, Surface
from core.errors import AlreadyDone, InvalidInput, PermissionDenied, PsaError, Unavailable
from core.ids import TicketNumber
from core.tickets.writing import SaidIn

REACTIONS = {"ticket": "new", "admission_tickets": "new", "eyes": "take", "white_check_mark": "resolve"}
"""Emoji → command: on a message that is no ticket's, only `new` means something."""

_STEPS = frozenset({"reply_preview", "mail", "quarantine"})
"""Views that are a step on the way: what comes next takes their place."""

log = structlog.get_logger(__name__)


class ChatDesk:
    """Answers requests. What it raises is Unavailable only: then nothing happened, and the request is tried again."""

    def __init__(
        self, services: Services, buttons: Buttons, directories: Mapping[Surface, Directory], *, language: str
    ) -> None:
        self._services = services
        self._buttons = buttons
        self._language = language
        self._turns = Turns(services.database, services.accounts, directories, language)
        self._looking = Looking(services, self._turns, language)
        self._talk = ThreadTalk(services, self._turns, directories)

    async def answer(self, request: Request, origin: UUID) -> Answer | None:
        """The effect of a request, once for each `origin`, and what is shown for it; None: nothing is."""
        if isinstance(request, Joined):
            return await self._joined(request)
        if isinstance(request, Edited):
            try:
                await self._talk.revise(request, origin)
            except Unavailable:
                raise
            except PsaError as error:
                # Nobody asked for anything, so nobody is told.
                log.info("chat_edit_left_out", error=str(error))
            return None
        turn = await self._turns.begin(request.account, request.place, origin)
        try:
            if isinstance(request, Said):
                return await self._said(turn, request)
            if isinstance(request, Pressed):
                return await self._pressed(turn, request)
            return await self._reacted(turn, request)
        except Unavailable:
            raise
        except PsaError as error:
            return self._private(turn, error_card(error, turn.language))

    async def form(
        self, account: Account, place: Place, pressed: ButtonValue, prefilled: Mapping[str, str] | None = None
    ) -> Card:
        """The form that a button opens, without any effect; `prefilled` are values that may still be changed.

        Raises PsaError where the person may not, or is not known.
        """
        turn = await self._turns.begin(account, place)
        command = _command(pressed.command)
        call = self._call(turn, command, pressed.arguments)
        start = await command.start(call) if command.start else FormStart()
        values = {**start.values, **{name: Option(value=text, label="") for name, text in (prefilled or {}).items()}}
        return form_card(command, pressed.arguments, replace(start, values=values), turn.language)

    async def find_problems(self, account: Account, pressed: ButtonValue, inputs: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with a form's inputs, by name, in the person's language; no effect."""
        person = await self._looking.find_person(account)
        language = person.language if person else self._language
        _, problems = read_inputs(_command(pressed.command), pressed.arguments, inputs, language)
        return problems

    async def find_options(self, account: Account, source: LookupSource, typed: str) -> list[Option]:
        """What a lookup input offers; nothing to someone whom the desk does not know."""
        return await self._looking.find_options(account, source, typed)

    async def search_tickets(
        self, account: Account, words: str, limit: int = 10, place: Place | None = None
    ) -> list[Drawn]:
        """Ticket cards, for message extensions; with a `place` as all who are there may see them."""
        return await self._looking.search_tickets(account, words, limit, place)

    async def draw_link(self, account: Account, url: str, place: Place | None = None) -> Card | None:
        """The card of a ticket whose address somebody wrote; None where it is none, or not for them to see."""
        return await self._looking.draw_link(account, url, place)

    async def home(self, account: Account) -> Card:
        """The person's own start page."""
        return await self._looking.home(account)

    async def _said(self, turn: Turn, said: Said) -> Answer | None:
        context = await self._thread_ticket(turn, said.place.thread)
        is_stray = context is not None and not await self._talk.may_stand_in(turn.conversation, context)
        if not said.is_addressed:
            return await self._talked(turn, said, context) if context is not None else None
        allowed = typed_commands(turn.person.actor, COMMANDS) if turn.person else ()
        line = parse_line(said.text, allowed or (BY_NAME[LINK_ACCOUNT],), None if is_stray else context)
        if turn.person is None:
            return await self._met(turn, line)
        if line.command is not None:
            return await self._typed(turn, said, line)
        if context is not None:
            return await self._talked(turn, said, context)
        if turn.conversation.purpose is ConversationPurpose.CUSTOMER and not turn.person.actor.is_staff:
            return await self._run(turn, BY_NAME["new"], {"text": said.text}, self._said_in(turn, said.message))
        if not line.word:
            return await self._run(turn, BY_NAME["help"], {}, None)
        return self._private(turn, unknown_command_card(line.word, allowed, turn.language))

    async def _met(self, turn: Turn, line: Line) -> Answer:
        """Somebody whom the desk does not know: they may link their account, and nothing else."""
        code = line.arguments.get("code")
        if line.command is None or code is None:
            return self._private(turn, unknown_card(self._services.public_url, turn.language))
        account = turn.account
        user = await self._services.accounts.link_by_code(account.surface, account.tenant, account.account, code)
        return self._private(turn, linked_card(f"{user.first_name} {user.last_name}", user.language))

    async def _talked(self, turn: Turn, said: Said, ticket: TicketNumber) -> Answer | None:
        """What is said in a ticket's thread, without a command, belongs to the ticket."""
        if turn.person is None:
            return self._private(turn, unknown_card(self._services.public_url, turn.language))
        await self._talk.add(turn, said, ticket, self._said_in(turn, said.message))
        return None

    async def _typed(self, turn: Turn, said: Said, line: Line) -> Answer:
        command = line.command
        if command is None:
            raise InvalidInput("There is no command.")
        arguments = self._with_customer(turn, command, dict(line.arguments))
        if all(each.name in arguments for each in command.arguments if each.is_required):
            says = any(each.kind is ArgumentKind.TEXT and each.name in arguments for each in command.arguments)
            said_in = self._said_in(turn, said.message) if says else None
            return await self._run(turn, command, arguments, said_in)
        form = await self._form_of_typed(turn, command, arguments)
        return self._private(turn, form)

    async def _form_of_typed(self, turn: Turn, command: Command, arguments: dict[str, str]) -> Card:
        """The form for what a line does not say. Its text stands in the form: a button carries names and numbers only.

        Raises InvalidInput where it says more than a form holds.
        """
        written = [each.name for each in command.arguments if KINDS[each.kind].words == 0 and each.name in arguments]
        texts = {name: arguments.pop(name) for name in written}
        if any(len(text) > LONGEST_WRITTEN for text in texts.values()):
            missing = next(each for each in command.arguments if each.is_required and each.name not in arguments)
            raise InvalidInput(MISSING.in_(turn.language, label=missing.label.in_(turn.language)), field=missing.name)
        return await self.form(turn.account, turn.place, ButtonValue(command.name, arguments, opens_form=True), texts)

    async def _pressed(self, turn: Turn, pressed: Pressed) -> Answer:
        value = self._buttons.read(pressed.value)
        command = _command(value.command)
        card = await self._card_of(turn, pressed.message)
        if turn.person is None:
            return self._private(turn, unknown_card(self._services.public_url, turn.language))
        if value.opens_form and not pressed.inputs:
            form = await self.form(turn.account, turn.place, value)
            return self._private(turn, form)
        arguments, problems = read_inputs(command, value.arguments, pressed.inputs, turn.language)
        if problems:
            start = FormStart(_typed_again(command, pressed.inputs))
            form = form_card(command, value.arguments, start, turn.language, problems)
            return replace(self._private(turn, form), replaces=pressed.message if card is None else None)
        answer = await self._run(turn, command, arguments, None)
        return replace(answer, replaces=pressed.message) if _replaces(card, answer) else answer

    async def _reacted(self, turn: Turn, reacted: Reacted) -> Answer | None:
        """A reaction gives a command to who may give it; to others it is just an emoji."""
        name = REACTIONS.get(reacted.emoji)
        if name is None or turn.person is None or not may_give(turn.person.actor, BY_NAME[name]):
            return None
        number = await self._thread_ticket(turn, reacted.message)
        if name != "new":
            arguments = {"ticket": str(number)}
            return await self._run(turn, BY_NAME[name], arguments, None) if number is not None else None
        if number is not None:
            return None
        text = reacted.text or await self._talk.find_text(reacted.place, reacted.message)
        if not text:
            return None
        turn = replace(turn, place=replace(turn.place, thread=turn.place.thread or reacted.message))
        arguments = self._with_customer(turn, BY_NAME["new"], {"text": text})
        return await self._run(turn, BY_NAME["new"], arguments, self._said_in(turn, reacted.message))

    async def _joined(self, joined: Joined) -> Answer | None:
        if joined.is_there and joined.account is not None:
            turn = await self._turns.begin(joined.account, joined.place)
            card = welcome_card(turn, self._services.public_url)
            return replace(self._private(turn, card), is_private=False)
        if joined.is_there:
            await self._turns.remember(joined.place)
            return None
        async with self._services.database.begin(SYSTEM) as work:
            place = joined.place
            gone = await find_conversation(work.connection, place.surface, place.tenant, place.conversation)
            if gone is not None:
                await drop_conversation(work, gone.id)
        return None

    async def _run(self, turn: Turn, command: Command, arguments: Mapping[str, str], said_in: SaidIn | None) -> Answer:
        """Give the command, and draw what came of it for those who will see it."""
        call = self._call(turn, command, arguments, said_in)
        try:
            outcome = await command.run(call)
        except AlreadyDone:
            outcome = await _again(command, call)
        if outcome.view is None:
            card = outcome.card or notice_card(outcome.notice, "", turn.language)
            return self._private(turn, card)
        is_seen_by_all = turn.is_personal or (command.is_shared and turn.may_show(call.person))
        drawn = await self._services.views.draw(outcome.view, turn.onlooker if is_seen_by_all else call.person)
        return Answer(
            card=_told(drawn.card, outcome.notice),
            place=turn.place,
            person=turn.person,
            is_private=not is_seen_by_all,
            view=outcome.view,
            tickets=drawn.tickets,
            ticket_id=drawn.ticket_id,
        )

    def _call(self, turn: Turn, command: Command, arguments: Mapping[str, str], said_in: SaidIn | None = None) -> Call:
        if turn.person is None:
            raise PermissionDenied("This account is linked to nobody.")
        if not may_give(turn.person.actor, command):
            raise PermissionDenied(f"You may not give the command {command.name}.")
        return Call(self._services, turn.person, turn.account, arguments, said_in, turn.conversation.id)

    def _private(self, turn: Turn, card: Card) -> Answer:
        return Answer(card=card, place=turn.place, person=turn.person)

    @staticmethod
    def _with_customer(turn: Turn, command: Command, arguments: dict[str, str]) -> dict[str, str]:
        """In a channel that is shared with a customer, what is opened is that customer's."""
        customer_id = turn.conversation.customer_id
        if command.name == "new" and customer_id is not None:
            arguments.setdefault("customer", str(customer_id))
        return arguments

    @staticmethod
    def _said_in(turn: Turn, message: str | None) -> SaidIn | None:
        return SaidIn(turn.conversation.id, message) if message else None

    async def _thread_ticket(self, turn: Turn, thread: str | None) -> TicketNumber | None:
        return await self._talk.find_ticket(turn.conversation.id, thread) if thread is not None else None

    async def _card_of(self, turn: Turn, message: str | None) -> PostedCard | None:
        if message is None:
            return None
        async with self._services.database.connect() as connection:
            return await find_card(connection, turn.conversation.id, message)


def _command(name: str) -> Command:
    command = BY_NAME.get(name)
    if command is None:
        raise InvalidInput(f"There is no command {name}.")
    return command


def _replaces(card: PostedCard | None, answer: Answer) -> bool:
    """Whether an answer takes the place of the card whose button was pressed.

    A card that is redrawn by its view stays what it is; one that is not (a form, an error), or only a step, gives way.
    """
    if card is None or answer.view is None:
        return card is None
    return card.view == answer.view.name or card.view in _STEPS


def _typed_again(command: Command, inputs: Mapping[str, str]) -> dict[str, Option]:
    """What was put into a form, to stand in it once more; not what no choice can be."""
    texts = {each.name for each in command.arguments if each.kind is ArgumentKind.TEXT}
    return {
        name: Option(value=typed, label=typed)
        for name, typed in inputs.items()
        if name in texts or len(typed) <= LONGEST_LINE
    }


def _told(card: Card, notice: str) -> Card:
    """The card with what was done said on it."""
    if not notice:
        return card
    said = Text(text=notice, style=TextStyle.STRONG)
    return card.model_copy(update={"summary": notice, "elements": (said, *card.elements)})


async def _again(command: Command, call: Call) -> Outcome:
    """What to show for a command that had its effect before."""
    if command.again is not None:
        return await command.again(call)
    if call.has("ticket"):
        return Outcome(ticket_view(call.ticket()))
    return Outcome(card=notice_card(command.summary.in_(call.language), "", call.language))
