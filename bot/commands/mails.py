"""Commands on mails that are held: look at them, accept, reject."""

from __future__ import annotations

from bot.commands.call import Call, Outcome
from bot.commands.finding import PAGE
from bot.commands.kinds import ArgumentKind
from bot.commands.specification import Argument, Command
from bot.views.card import View
from bot.wording import Words
from core.identity.roles import Permission
from core.ids import RawMailId

SEE = frozenset({Permission.MAIL_RECEIPT_VIEW})
RELEASE = frozenset({Permission.MAIL_RELEASE})

_MAIL = Argument("mail", ArgumentKind.KEY, Words("Mail", "Mail"), is_hidden=True)
_QUARANTINE = View(name="quarantine")

_ACCEPTED = Words("Angenommen. Die Mail wird jetzt zugeordnet.", "Accepted. The mail is being taken in now.")
_REJECTED = Words("Abgelehnt. Die Mail bleibt aufbewahrt.", "Rejected. The mail is kept.")


async def show_quarantine(call: Call) -> Outcome:
    return Outcome(View(name="quarantine", arguments={"page": str(call.number("page", 1))}))


async def show_mail(call: Call) -> Outcome:
    return Outcome(View(name="mail", arguments={"mail": call.text("mail")}))


async def accept(call: Call) -> Outcome:
    await call.services.quarantine.release_mail(
        call.person.actor, RawMailId(call.key("mail")), always=call.flag("always")
    )
    return Outcome(_QUARANTINE, notice=call.say(_ACCEPTED))


async def reject(call: Call) -> Outcome:
    await call.services.quarantine.reject_mail(call.person.actor, RawMailId(call.key("mail")))
    return Outcome(_QUARANTINE, notice=call.say(_REJECTED))


MAIL_COMMANDS = (
    Command(
        "quarantine",
        Words("quarantäne", "held"),
        Words("Mails, die auf eine Entscheidung warten", "Mails that wait for a decision"),
        show_quarantine,
        (PAGE,),
        SEE,
        Words("quarantäne", "quarantine"),
    ),
    Command("mail", Words("", ""), Words("Eine Mail zeigen", "Show a mail"), show_mail, (_MAIL,), SEE, is_typed=False),
    Command(
        "accept",
        Words("", ""),
        Words("Eine Mail annehmen", "Accept a mail"),
        accept,
        (
            _MAIL,
            Argument("always", ArgumentKind.FLAG, Words("Immer", "Always"), is_required=False, is_hidden=True),
        ),
        RELEASE,
        is_typed=False,
        again=show_quarantine,
    ),
    Command(
        "reject",
        Words("", ""),
        Words("Eine Mail ablehnen", "Reject a mail"),
        reject,
        (_MAIL,),
        RELEASE,
        is_typed=False,
        again=show_quarantine,
    ),
)
