"""What the doctor says about chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.chat.queries import get_chat_health
from core.database.engine import Database

STUCK = timedelta(minutes=5)
FAILED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ChatProblem:
    """What is wrong with chat, and how to mend it."""

    problem: str
    mend: str


async def check_chat(database: Database, now: datetime, *, stuck: timedelta = STUCK) -> list[ChatProblem]:
    """What failed this week, what is due and has not moved for longer than `stuck`, and what is out of reach."""
    async with database.connect() as connection:
        health = await get_chat_health(connection, now, since=now - FAILED_FOR)
    problems = []
    if health.failed_arrivals:
        problems.append(
            ChatProblem(
                f"{health.failed_arrivals} things that arrived from chat could not be done this week.",
                "See `psa chat dead`, mend the cause in the logs, then `psa chat retry ID`.",
            )
        )
    if health.failed_deliveries:
        problems.append(
            ChatProblem(
                f"{health.failed_deliveries} chat deliveries could not be sent this week.",
                "See `psa chat dead` for the surface's words, mend the cause, then `psa chat retry ID`.",
            )
        )
    if health.oldest_arrival is not None and health.oldest_arrival <= now - stuck:
        problems.append(
            ChatProblem(
                f"What arrived from chat waits since {health.oldest_arrival:%Y-%m-%d %H:%M} UTC.",
                "See that a process with `psa serve bot` (or `psa run`) is running.",
            )
        )
    if health.oldest_delivery is not None and health.oldest_delivery <= now - stuck:
        problems.append(
            ChatProblem(
                f"Chat deliveries wait since {health.oldest_delivery:%Y-%m-%d %H:%M} UTC.",
                "See `psa chat deliveries`, and that a process with `psa serve notifier` (or `psa run`) is running.",
            )
        )
    problems += [
        ChatProblem(
            f"The desk may not write in {name} any more.",
            "Add the app to it again and say something to it there, or give the conversation no purpose.",
        )
        for name in health.lost
    ]
    return problems
