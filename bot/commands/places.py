"""What a conversation is for: `channel` says so, in the very channel."""

from __future__ import annotations

from bot.commands.call import Call, Outcome
from bot.commands.kinds import ArgumentKind
from bot.commands.people import find_customer
from bot.commands.specification import Argument, Command
from bot.views.notices import notice_card
from bot.wording import Words
from core.chat.conversations import ConversationChanges
from core.chat.rules import ConversationPurpose
from core.errors import InvalidInput
from core.identity.roles import Permission

_NO_PLACE = Words("Das geht nur in einem Kanal.", "This only works in a channel.")
_DONE = Words("Dieser Kanal", "This channel")
_NOW: dict[ConversationPurpose, Words] = {
    ConversationPurpose.TALK: Words("ist jetzt ein gewöhnlicher Kanal.", "is an ordinary channel now."),
    ConversationPurpose.TRIAGE: Words("zeigt ab jetzt neue Tickets.", "shows new tickets from now on."),
    ConversationPurpose.MANAGERS: Words(
        "bekommt ab jetzt, was Manager wissen müssen.", "gets what managers must know from now on."
    ),
    ConversationPurpose.CUSTOMER: Words(
        "ist ab jetzt mit dem Kunden geteilt: Was hier in Tickets steht, liest er mit.",
        "is shared with the customer from now on, who reads what is written on tickets here.",
    ),
}


async def use_channel(call: Call) -> Outcome:
    """Say what the channel is for that the command was given in. Raises InvalidInput in a personal chat."""
    if call.conversation_id is None:
        raise InvalidInput(call.say(_NO_PLACE))
    purpose = ConversationPurpose(call.text("purpose"))
    is_shared = purpose is ConversationPurpose.CUSTOMER
    changes = ConversationChanges(purpose=purpose, customer_id=await find_customer(call) if is_shared else None)
    await call.services.conversations.change_conversation(call.person.actor, call.conversation_id, changes)
    return Outcome(card=notice_card(call.say(_DONE), call.say(_NOW[purpose]), call.language))


PLACE_COMMANDS = (
    Command(
        "channel",
        Words("kanal", "room"),
        Words(
            "Sagen, wofür dieser Kanal da ist: eingang, manager, gespräch, oder kunde und sein Name",
            "Say what this channel is for: triage, managers, talk, or customer and its name",
        ),
        use_channel,
        (
            Argument("purpose", ArgumentKind.PURPOSE, Words("Wofür?", "For what?")),
            Argument("customer", ArgumentKind.CUSTOMER, Words("Kunde", "Customer"), is_required=False),
        ),
        frozenset({Permission.CHAT_MANAGE}),
        Words("kanal eingang", "channel triage"),
        submit=Words("Festlegen", "Set"),
    ),
)
