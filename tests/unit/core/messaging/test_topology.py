"""Topic patterns match as AMQP 0-9-1 says."""

from __future__ import annotations

import pytest

from core.messaging.topology import topic_matches


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("ticket.created", "ticket.created", True),
        ("ticket.*", "ticket.created", True),
        ("ticket.*", "ticket", False),
        ("ticket.*", "ticket.status.changed", False),
        ("ticket.#", "ticket", True),
        ("ticket.#", "ticket.status.changed", True),
        ("#.changed", "ticket.status.changed", True),
        ("*.created", "ticket.created", True),
        ("#", "anything.at.all", True),
        ("ticket.created", "ticket.createdx", False),
    ],
)
def test_a_pattern_matches_the_names_it_should(pattern: str, name: str, matches: bool) -> None:
    assert topic_matches(pattern, name) is matches
