"""A typed line becomes the command that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.catalogue import BY_NAME, COMMANDS
from bot.commands.parsing import find_command, parse_line, suggest
from core.ids import TicketNumber


@pytest.mark.parametrize(
    ("line", "command", "arguments"),
    [
        ("take #42", "take", {"ticket": "42"}),
        ("/take 42", "take", {"ticket": "42"}),
        ("Nimm Ticket 42", "take", {"ticket": "42"}),
        ("ÜBERNEHMEN 42", "take", {"ticket": "42"}),
        ("ubernehmen 42", "take", {"ticket": "42"}),
        ("assign 42 Nina", "assign", {"ticket": "42", "user": "Nina"}),
        ("assign @Nina Reiter #42", "assign", {"ticket": "42", "user": "Nina Reiter"}),
        ('zuweisen #42 "Nina Reiter"', "assign", {"ticket": "42", "user": "Nina Reiter"}),
        ("status 42 in Arbeit", "status", {"ticket": "42", "status": "in_progress"}),
        ("status gelöst #42 Toner neu", "status", {"ticket": "42", "status": "resolved", "text": "Toner neu"}),
        ("prio 42 hoch", "prio", {"ticket": "42", "priority": "high"}),
        ("erledigt 42 Toner neu --kunde", "resolve", {"ticket": "42", "text": "Toner neu", "notify": "true"}),
        ("resolve #42", "resolve", {"ticket": "42"}),
        ("merge 42 41", "merge", {"ticket": "42", "other": "41"}),
        ("tag 42 +vpn -drucker", "tag", {"ticket": "42", "tags": "+vpn -drucker"}),
        ("note 42: Zeile eins\nZeile zwei", "note", {"ticket": "42", "text": "Zeile eins\nZeile zwei"}),
        ("suche drucker -toner", "search", {"words": "drucker -toner"}),
        ("new Hofer: Drucker druckt nicht", "new", {"customer": "Hofer", "text": "Drucker druckt nicht"}),
        ('new „Gasthof zur Linde“ Bondrucker', "new", {"customer": "Gasthof zur Linde", "text": "Bondrucker"}),
        ("neu Drucker druckt nicht", "new", {"text": "Drucker druckt nicht"}),
        ("new Notfall im Serverraum", "new", {"text": "Notfall im Serverraum"}),
        ("kunde Gasthof zur Linde", "customer", {"customer": "Gasthof zur Linde"}),
        ("liste", "queue", {}),
        ("queue Hofer", "queue", {"customer": "Hofer"}),
        ("link account", "link-account", {}),
        ("link-account ABCD-2345", "link-account", {"code": "ABCD-2345"}),
        ("?", "help", {}),
        ("hilfe zuweisen", "help", {"command": "zuweisen"}),
    ],
)  # fmt: skip
def test_a_line_gives_its_command(line: str, command: str, arguments: dict[str, str]) -> None:
    parsed = parse_line(line, COMMANDS)
    assert parsed.command is not None
    assert (parsed.command.name, dict(parsed.arguments)) == (command, arguments)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("take", {"ticket": "42"}),
        ("take 41", {"ticket": "41"}),
        ("note 5 Minuten gewartet", {"ticket": "42", "text": "5 Minuten gewartet"}),
        ("note #41 gehört hierher", {"ticket": "41", "text": "gehört hierher"}),
        ("reply Der Toner kommt morgen.", {"ticket": "42", "text": "Der Toner kommt morgen."}),
        ("assign Nina", {"ticket": "42", "user": "Nina"}),
    ],
)
def test_in_a_thread_the_ticket_goes_without_saying(line: str, arguments: dict[str, str]) -> None:
    assert dict(parse_line(line, COMMANDS, TicketNumber(42)).arguments) == arguments


def test_what_no_argument_takes_is_left() -> None:
    parsed = parse_line("take 42 bitte gleich", COMMANDS)
    assert (dict(parsed.arguments), parsed.left) == ({"ticket": "42"}, "bitte gleich")


def test_an_unknown_word_is_told_back() -> None:
    parsed = parse_line("tkae 42", COMMANDS)
    assert (parsed.command, parsed.word) == (None, "tkae")


@pytest.mark.parametrize(
    ("typed", "meant"), [("tkae", "take"), ("zuweissen", "assign"), ("asign", "assign"), ("suhce", "search")]
)
def test_a_slip_of_the_finger_is_understood(typed: str, meant: str) -> None:
    assert meant in [command.name for command in suggest(typed, COMMANDS)]


def test_nothing_is_suggested_for_what_is_like_nothing() -> None:
    assert suggest("xyzzyqqq", COMMANDS) == []


def test_only_buttons_give_what_is_not_typed() -> None:
    typed = [command for command in COMMANDS if command.is_typed]
    assert parse_line("send 42", typed).command is None


def test_no_two_commands_share_a_name() -> None:
    for command in COMMANDS:
        for name in (command.name, *command.aliases_in("de"), *command.aliases_in("en")):
            found = find_command(name, COMMANDS)
            assert found is not None
            assert found.name == command.name, f"{name} belongs to {found.name}, too"


def test_every_example_gives_its_command() -> None:
    for command in COMMANDS:
        if not command.is_typed:
            continue
        for language in ("de", "en"):
            parsed = parse_line(command.examples.in_(language), COMMANDS)
            assert parsed.command is BY_NAME[command.name]
            assert not parsed.left
            assert all(each.name in parsed.arguments for each in command.arguments if each.is_required)


@given(st.text(max_size=300))
def test_any_line_is_parsed(line: str) -> None:
    parse_line(line, COMMANDS)
    parse_line(line, COMMANDS, TicketNumber(42))
    parse_line(f"note {line}", COMMANDS)


@pytest.mark.timeout(100)
@pytest.mark.parametrize("piece", ["„ ", "“ ", "« ", '" a', "--x ", "+a ", "a: ", "#", "9"])
def test_a_long_line_does_not_hold_everybody_up(piece: str) -> None:
    """The end of a quote was looked for from each opening one: that took longer with the square of the length."""
    parsed = parse_line(f"note {piece * 200_000}", COMMANDS, TicketNumber(5))
    assert parsed.command is BY_NAME["note"]


@pytest.mark.parametrize("line", ["channel customer {}", "assign 42 {}", "queue {}", "search {}", "help {}"])
def test_what_a_button_has_to_carry_is_never_long(line: str) -> None:
    parsed = parse_line(line.format("x" * 20_000), COMMANDS)
    assert parsed.command is not None
    assert all(len(each) <= 200 for each in parsed.arguments.values())
