"""Whom an argument means: a user of the desk, or a customer, by what was typed or chosen."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.arguments import find_key, spellings
from bot.commands.call import Call
from bot.wording import Words
from core.customers.queries import CustomerFilter
from core.errors import InvalidInput
from core.ids import CustomerId, UserId

MOST_NAMED = 5

_ME = frozenset({"me", "myself", "mich", "mir", "ich", "selbst"})
_NOBODY = frozenset({"nobody", "none", "niemand", "keiner", "niemandem", "-"})

_NO_USER = Words(
    "Am Desk gibt es niemanden mit „{typed}“.",
    "There is nobody at the desk called “{typed}”.",
)
_MANY = Words("„{typed}“ passt auf mehrere: {names}. Wen meinen Sie?", "“{typed}” fits several: {names}. Who is meant?")
_NO_CUSTOMER = Words("Es gibt keinen Kunden „{typed}“.", "There is no customer “{typed}”.")
_MANY_CUSTOMERS = Words(
    "„{typed}“ passt auf mehrere Kunden: {names}. Welchen meinen Sie?",
    "“{typed}” fits several customers: {names}. Which one is meant?",
)


async def find_assignee(call: Call, name: str = "user") -> UserId | None:
    """The user of the desk that the argument names: a part of the name or address, "me", or nobody (None).

    Raises InvalidInput where nobody or several are meant.
    """
    typed = call.text(name)
    if spellings(typed) & _ME:
        return call.person.actor.user_id
    if spellings(typed) & _NOBODY:
        return None
    key = find_key(typed)
    if key is not None:
        return UserId(call.key(name))
    found = await call.services.users.find_staff(call.person.actor, typed, limit=MOST_NAMED)
    exact = [user for user in found if typed.casefold() in (user.email, f"{user.first_name} {user.last_name}".lower())]
    chosen = exact if len(exact) == 1 else found
    if not chosen:
        raise InvalidInput(call.say(_NO_USER, typed=typed), field=name)
    if len(chosen) > 1:
        names = _listed([f"{user.first_name} {user.last_name}" for user in chosen])
        raise InvalidInput(call.say(_MANY, typed=typed, names=names), field=name)
    return chosen[0].id


async def find_customer(call: Call, name: str = "customer") -> CustomerId:
    """The customer that the argument names, by a part of its name. Raises InvalidInput where none or several fit."""
    typed = call.text(name)
    if find_key(typed) is not None:
        return CustomerId(call.key(name))
    wanted = CustomerFilter(search=typed)
    found = (await call.services.customers.list_customers(call.person.actor, wanted, limit=MOST_NAMED)).rows
    exact = [row for row in found if row["name"].casefold() == typed.casefold()]
    chosen = exact if len(exact) == 1 else found
    if not chosen:
        raise InvalidInput(call.say(_NO_CUSTOMER, typed=typed), field=name)
    if len(chosen) > 1:
        names = _listed([row["name"] for row in chosen])
        raise InvalidInput(call.say(_MANY_CUSTOMERS, typed=typed, names=names), field=name)
    return CustomerId(chosen[0]["id"])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED])
