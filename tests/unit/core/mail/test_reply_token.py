"""The signed reply token."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import TicketNumber
from core.mail.reply_token import CANDIDATE_LIMIT, ReplyTokens

TOKENS = ReplyTokens(b"k" * 32, "support@desk.example")
OTHERS = ReplyTokens(b"o" * 32, "support@desk.example")
NUMBER = TicketNumber(4711)
UNIQUE = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

numbers = st.integers(min_value=1, max_value=10**18 - 1).map(TicketNumber)


def test_the_three_places_have_their_form() -> None:
    assert re.fullmatch(r"support\+t4711\.[a-z2-7]{16}@desk\.example", TOKENS.address_for(NUMBER))
    assert re.fullmatch(rf"t4711\.{UNIQUE.hex}\.[a-z2-7]{{16}}@desk\.example", TOKENS.message_id_for(NUMBER, UNIQUE))
    assert re.fullmatch(r"\[ref:4711:[a-z2-7]{16}\]", TOKENS.body_mark_for(NUMBER))


@given(number=numbers, unique=st.uuids())
def test_a_token_finds_its_ticket_in_each_place(number: TicketNumber, unique: UUID) -> None:
    assert TOKENS.find_in_addresses([TOKENS.address_for(number)]) == number
    assert TOKENS.find_in_message_ids([TOKENS.message_id_for(number, unique)]) == number
    assert TOKENS.find_in_text(f"Hallo\n{TOKENS.body_mark_for(number)}\n") == number


@pytest.mark.parametrize(
    "rewritten",
    [
        "{local}@desk.example",
        '"{local}"@desk.example',
        "Support <{local}@desk.example>",
        "SRS0=Hx7a=QK=desk.example={local}@forwarder.example",
        "SRS1=ab1=relay.example==Hx7a=QK=desk.example={local}@forwarder.example",
        "prvs=4711ab12cd={local}@desk.example",
        "btv1==123abc==={local}@desk.example",
        "newsletter-bounces+{local}=desk.example@list.example",
        "bounce-{local}=desk.example-17@list.example",
    ],
)
@pytest.mark.parametrize("fold", [str, str.upper, str.lower], ids=["kept", "upper", "lower"])
def test_a_rewritten_address_keeps_its_token(rewritten: str, fold: Callable[[str], str]) -> None:
    local = TOKENS.address_for(NUMBER).rpartition("@")[0]
    assert TOKENS.find_in_addresses([fold(rewritten.format(local=local))]) == NUMBER


@pytest.mark.parametrize("form", ["{}", "<{}>", "  <{}>\r\n", "<{}>(comment)"])
def test_a_message_id_is_found_with_brackets_and_in_capitals(form: str) -> None:
    ours = form.format(TOKENS.message_id_for(NUMBER, UNIQUE))
    assert TOKENS.find_in_message_ids(["<other@client.example>", ours]) == NUMBER
    assert TOKENS.find_in_message_ids([ours.upper()]) == NUMBER


@pytest.mark.parametrize("form", ["> > {}", "<p>{}</p>", "Text davor {} und danach", "*{}*"])
def test_a_body_mark_is_found_wherever_it_stands(form: str) -> None:
    """frappe/helpdesk#3215: a forwarded mail has lost its In-Reply-To, the mark in its body has not gone."""
    mark = TOKENS.body_mark_for(NUMBER)
    assert TOKENS.find_in_text(form.format(mark)) == NUMBER
    assert TOKENS.find_in_text(form.format(mark.upper())) == NUMBER
    assert TOKENS.find_in_text(form.format(mark.replace(":4711:", ":4711:\n> "))) == NUMBER


def test_nothing_is_found_where_nothing_is() -> None:
    assert TOKENS.find_in_addresses([]) is None
    assert TOKENS.find_in_addresses(["support@desk.example", "t4711@desk.example", ""]) is None
    assert TOKENS.find_in_message_ids(["", "<>", "t4711.x.y@desk.example"]) is None
    assert TOKENS.find_in_text("[ref:4711:] [ref::] [#4711]") is None


@given(text=st.text())
def test_any_text_is_safe_to_search(text: str) -> None:
    assert TOKENS.find_in_addresses([text]) is None
    assert TOKENS.find_in_message_ids([text]) is None
    assert TOKENS.find_in_text(text) is None


@given(number=numbers, mac=st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16))
def test_a_forged_token_never_verifies(number: TicketNumber, mac: str) -> None:
    assert TOKENS.find_in_addresses([f"support+t{number}.{mac}@desk.example"]) is None
    assert TOKENS.find_in_message_ids([f"t{number}.{UNIQUE.hex}.{mac}@desk.example"]) is None
    assert TOKENS.find_in_text(f"[ref:{number}:{mac}]") is None


@given(number=numbers, unique=st.uuids())
def test_a_token_of_another_key_never_verifies(number: TicketNumber, unique: UUID) -> None:
    assert TOKENS.find_in_addresses([OTHERS.address_for(number)]) is None
    assert TOKENS.find_in_message_ids([OTHERS.message_id_for(number, unique)]) is None
    assert TOKENS.find_in_text(OTHERS.body_mark_for(number)) is None


@given(one=numbers, other=numbers, unique=st.uuids(), other_unique=st.uuids())
def test_a_token_moved_to_another_ticket_never_verifies(
    one: TicketNumber, other: TicketNumber, unique: UUID, other_unique: UUID
) -> None:
    if one != other:
        assert TOKENS.find_in_addresses([TOKENS.address_for(one).replace(f"t{one}.", f"t{other}.")]) is None
        moved = TOKENS.message_id_for(one, unique).replace(f"t{one}.", f"t{other}.")
        assert TOKENS.find_in_message_ids([moved]) is None
        assert TOKENS.find_in_text(TOKENS.body_mark_for(one).replace(f":{one}:", f":{other}:")) is None
    if unique != other_unique:
        moved = TOKENS.message_id_for(one, unique).replace(unique.hex, other_unique.hex)
        assert TOKENS.find_in_message_ids([moved]) is None


@given(number=numbers)
def test_a_token_moved_to_another_place_never_verifies(number: TicketNumber) -> None:
    address_mac = TOKENS.address_for(number).partition("@")[0].rpartition(".")[2]
    body_mac = TOKENS.body_mark_for(number)[:-1].rpartition(":")[2]
    assert TOKENS.find_in_text(f"[ref:{number}:{address_mac}]") is None
    assert TOKENS.find_in_addresses([f"support+t{number}.{body_mac}@desk.example"]) is None


@given(number=numbers, position=st.integers(0, 15))
def test_a_changed_letter_never_verifies(number: TicketNumber, position: int) -> None:
    local, _, domain = TOKENS.address_for(number).partition("@")
    head, _, mac = local.rpartition(".")
    changed = mac[:position] + ("a" if mac[position] != "a" else "b") + mac[position + 1 :]
    assert TOKENS.find_in_addresses([f"{head}.{changed}@{domain}"]) is None


def test_a_mail_full_of_forged_marks_costs_a_bounded_effort() -> None:
    forged = f"[ref:4711:{'a' * 16}] "
    assert TOKENS.find_in_text(forged * (CANDIDATE_LIMIT - 1) + TOKENS.body_mark_for(NUMBER)) == NUMBER
    assert TOKENS.find_in_text(forged * CANDIDATE_LIMIT + TOKENS.body_mark_for(NUMBER)) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        ReplyTokens(b"short", "support@desk.example")
