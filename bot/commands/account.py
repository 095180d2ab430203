"""Commands about oneself: link and unlink the chat account. Linking works for those, too, whom nobody knows yet."""

from __future__ import annotations

from bot.commands.call import Call, Outcome
from bot.commands.kinds import ArgumentKind
from bot.commands.specification import Argument, Command
from bot.views.card import Card, Link
from bot.views.notices import notice_card
from bot.wording import Words

LINK_ACCOUNT = "link-account"

_LINKED = Words("Verknüpft", "Linked")
_LINKED_AS = Words("Dieses Konto gehört jetzt zu {name}.", "This account now belongs to {name}.")
_ALREADY = Words(
    "Dieses Konto ist mit {name} verknüpft. „unlink-account“ löst die Verknüpfung.",
    "This account is linked to {name}. “unlink-account” ends that.",
)
_UNLINKED = Words("Die Verknüpfung ist gelöst.", "This account is not linked any more.")
_UNKNOWN = Words("Wer sind Sie?", "Who are you?")
_HOW = Words(
    "Dieses Konto ist noch mit niemandem verknüpft. Öffnen Sie Ihr Konto in der Konsole, lassen Sie sich dort einen "
    "Code geben und schreiben Sie mir: link-account CODE",
    "This account is not linked to anybody yet. Open your account in the console, get a code there and write to me: "
    "link-account CODE",
)
_OPEN = Words("Konto in der Konsole öffnen", "Open my account in the console")


async def link_account(call: Call) -> Outcome:
    """Link the account by a code from the console; without a code, say who it is linked to."""
    if call.has("code"):
        account = call.account
        user = await call.services.accounts.link_by_code(
            account.surface, account.tenant, account.account, call.text("code")
        )
        return Outcome(card=linked_card(f"{user.first_name} {user.last_name}", user.language))
    text = call.say(_ALREADY, name=call.person.name)
    return Outcome(card=notice_card(call.say(_LINKED), text, call.language))


async def unlink_account(call: Call) -> Outcome:
    account = call.account
    await call.services.accounts.unlink(call.person.actor, account.surface, account.tenant, account.account)
    return Outcome(card=unknown_card(call.services.public_url, call.language, call.say(_UNLINKED)))


def linked_card(name: str, language: str) -> Card:
    return notice_card(_LINKED.in_(language), _LINKED_AS.in_(language, name=name), language)


def unknown_card(public_url: str, language: str, before: str = "") -> Card:
    """What someone is told whom the desk does not know: how to change that, and nothing else."""
    text = f"{before} {_HOW.in_(language)}".strip()
    card = notice_card(_UNKNOWN.in_(language), text, language)
    return card.model_copy(update={"actions": (Link(label=_OPEN.in_(language), url=f"{public_url}/console/account"),)})


ACCOUNT_COMMANDS = (
    Command(
        LINK_ACCOUNT,
        Words("konto-verknüpfen verknüpfe-konto", "connect-account login"),
        Words("Dieses Chat-Konto mit der eigenen Person verknüpfen", "Link this chat account to oneself"),
        link_account,
        (Argument("code", ArgumentKind.CODE, Words("Code", "Code"), is_required=False),),
        examples=Words("link-account ABCD-2345", "link-account ABCD-2345"),
        is_for_staff=False,
    ),
    Command(
        "unlink-account",
        Words("konto-trennen", "disconnect-account logout"),
        Words("Die Verknüpfung dieses Chat-Kontos lösen", "Unlink this chat account"),
        unlink_account,
        examples=Words("unlink-account", "unlink-account"),
        is_for_staff=False,
    ),
)
