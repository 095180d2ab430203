"""Which queues there are and what they are bound to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.messaging.consumer import Subscription


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and the AMQP topic patterns it is bound to."""

    name: str
    topics: tuple[str, ...]

    def wants(self, event_name: str) -> bool:
        return any(topic_matches(topic, event_name) for topic in self.topics)


def queues_of(subscriptions: Iterable[Subscription]) -> tuple[Queue, ...]:
    """The queues of the subscriptions; those that share a queue share its topics."""
    topics: dict[str, list[str]] = {}
    for subscription in subscriptions:
        topics.setdefault(subscription.queue, []).extend(subscription.topics)
    return tuple(Queue(name, tuple(dict.fromkeys(patterns))) for name, patterns in topics.items())


def topic_matches(pattern: str, name: str) -> bool:
    """AMQP 0-9-1 topic matching: words between dots, `*` is one word, `#` is any number of words."""
    return _words_match(pattern.split("."), name.split("."))


def _words_match(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_words_match(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _words_match(pattern[1:], words[1:])
