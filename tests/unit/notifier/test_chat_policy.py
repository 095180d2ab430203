"""Who hears of what in chat."""

from __future__ import annotations

import pytest

from core.chat.rules import ConversationKind, ConversationPurpose
from core.ids import new_uuid
from core.tickets.rules import MessageKind
from notifier.chat.policy import Happening, Reaction, happening_of, is_told_of_assignment, reaction_to

CHANNEL = ConversationKind.CHANNEL
H, P, R = Happening, ConversationPurpose, Reaction


@pytest.mark.parametrize("happening", list(Happening))
def test_a_customer_sees_what_is_public_in_threads_and_nothing_else(happening: Happening) -> None:
    is_public = happening in (H.SAID_BY_CUSTOMER, H.SAID_TO_CUSTOMER)
    assert reaction_to(happening, P.CUSTOMER, CHANNEL) is (R.THREAD if is_public else R.NOTHING)


def test_new_tickets_are_shown_where_they_are_triaged_and_mailboxes_to_managers() -> None:
    assert [reaction_to(H.OPENED, purpose, CHANNEL) for purpose in P] == [R.NOTHING, R.CARD, R.NOTHING, R.NOTHING]
    assert [reaction_to(H.MAILBOX, purpose, CHANNEL) for purpose in P] == [R.NOTHING, R.NOTHING, R.NOTICE, R.NOTHING]


@pytest.mark.parametrize("happening", list(Happening))
def test_a_personal_conversation_gets_nothing_of_its_threads(happening: Happening) -> None:
    assert reaction_to(happening, P.TALK, ConversationKind.PERSONAL) is R.NOTHING


@pytest.mark.parametrize(
    ("kind", "is_inbound", "is_automatic", "happening"),
    [
        (MessageKind.PUBLIC, True, False, H.SAID_BY_CUSTOMER),
        (MessageKind.PUBLIC, False, False, H.SAID_TO_CUSTOMER),
        (MessageKind.NOTE, False, False, H.NOTED),
        (MessageKind.SYSTEM, False, False, H.QUIET),
        (MessageKind.PUBLIC, True, True, H.QUIET),
    ],
)
def test_a_message_is_what_a_person_should_see_of_it(
    kind: MessageKind, is_inbound: bool, is_automatic: bool, happening: Happening
) -> None:
    assert happening_of(kind, is_inbound=is_inbound, is_automatic=is_automatic) is happening


def test_who_takes_a_ticket_is_not_told_of_it() -> None:
    tom, eva = new_uuid(), new_uuid()
    assert [is_told_of_assignment(*each) for each in ((tom, tom), (tom, eva), (tom, None), (None, eva))] == [
        False,
        True,
        True,
        False,
    ]
