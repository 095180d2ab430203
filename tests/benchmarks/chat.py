"""chat: from a command to its card on each surface, from a ticket's change to its cards, and cards a second.

One process with all three surfaces and 100,000 tickets; Slack and Teams are fakes that speak HTTP, in the same process.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from sqlalchemy import text

from bot.request import Account, Place, Said
from core.chat.rules import ConversationKind, Surface
from core.database.embedded import embedded_postgres
from core.ids import new_uuid
from core.tickets.rules import TicketPriority
from core.tickets.service import TicketChanges, Tickets
from core.tickets.writing import TicketRef
from tests.benchmarks.chat_cards import run as measure_cards
from tests.benchmarks.databases import make_database
from tests.benchmarks.report import percentile, report
from tests.scenario.slack.desk import TONI
from tests.scenario.surfaces import InConsole, InSlack, InTeams, Product, product

NAME = "chat"
TICKETS = int(os.environ.get("PSA_BENCH_TICKETS", "100000"))
ROUNDS = int(os.environ.get("PSA_BENCH_ROUNDS", "25"))
COMMANDS = ("zeige {a}", "nimm {a}", "notiz {a} gemessen", "prio {a} hoch", "meine", "liste")
POLL_SECONDS = 0.001

_SEED = """
INSERT INTO tickets (id, number, customer_id, title, description, status, priority, source, created_at, updated_at,
                     assigned_to)
SELECT gen_random_uuid(), nextval('ticket_number_seq'), :customer, 'Drucker ' || n, 'Bitte um Hilfe.',
       CASE WHEN n % 10 < 7 THEN 'closed' ELSE (ARRAY['new', 'in_progress', 'waiting_customer'])[n % 10 - 6] END,
       (ARRAY['low', 'medium', 'high', 'critical'])[1 + n % 4], 'email', now() - n * interval '1 minute', now(),
       CASE WHEN n % 20 = 8 THEN CAST(:user AS uuid) END
FROM generate_series(1, :count) n
"""

_UNDER_WAY = """
SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL) OR EXISTS (SELECT FROM queued_deliveries)
    OR EXISTS (SELECT FROM chat_deliveries WHERE state = 'queued')
    OR EXISTS (SELECT FROM chat_arrivals WHERE state = 'waiting')
"""


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder) / "postgres") as server_url:
        database_url = await make_database(server_url, "chat")
        async with product(database_url, Path(folder)) as desk:
            await _seed(desk)
            bare = await _measure(lambda line: _bare(desk, line), desk)
            report(NAME, "desk_alone_p50", percentile(bare, 0.5), "ms", len(bare), tickets=TICKETS)
            for name, give in _surfaces(desk).items():
                waits = await _measure(give, desk)
                report(
                    NAME, f"command_to_card_{name}_p50", percentile(waits, 0.5), "ms", len(waits), tickets=TICKETS,
                    baseline="the desk without a surface", baseline_value=percentile(bare, 0.5),
                )  # fmt: skip
                report(
                    NAME, f"command_to_card_{name}_p95", percentile(waits, 0.95), "ms", len(waits), tickets=TICKETS,
                    baseline="bar", baseline_value=100.0,
                )  # fmt: skip
            for name, changes in (await _measure_updates(desk)).items():
                report(
                    NAME, f"event_to_update_{name}_p95", percentile(changes, 0.95), "ms", len(changes), tickets=TICKETS,
                    baseline="bar", baseline_value=500.0, p50=round(percentile(changes, 0.5), 1),
                )  # fmt: skip
    await measure_cards()


async def _seed(desk: Product) -> None:
    values = {"customer": desk.desk.linde, "user": str(desk.desk.technician.user_id), "count": TICKETS}
    async with desk.database.engine.begin() as connection:
        await connection.execute(text(_SEED), values)
    async with desk.database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("VACUUM ANALYZE"))


async def _measure(give: Callable[[str], Awaitable[object]], desk: Product) -> list[float]:
    """Milliseconds of each command, the first round left out. Nobody else works: what one command set off is over."""
    waits: list[float] = []
    for turn in range(ROUNDS + 1):
        ticket = await desk.desk.open(f"Gemessen {turn}")
        for command in COMMANDS:
            began = time.perf_counter()
            await give(command.format(a=ticket.number))
            if turn:
                waits.append(1000 * (time.perf_counter() - began))
            await _settled(desk)
    return waits


async def _settled(desk: Product) -> None:
    """Return when no event and no delivery is under way."""
    async with desk.database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while (await plain.execute(text(_UNDER_WAY))).scalar_one():
            await _a_moment()


async def _bare(desk: Product, line: str) -> object:
    account = Account(Surface.SLACK, "T0DESK", "U0BARE", "Toni", desk.desk.technician.email)
    place = Place(Surface.SLACK, "T0DESK", "D0BARE", ConversationKind.PERSONAL)
    return await desk.chat.desk.answer(Said(account, place, line, None, is_addressed=True), new_uuid())


def _surfaces(desk: Product) -> dict[str, Callable[[str], Awaitable[object]]]:
    slack, teams, console = (desk.talks[name] for name in ("slack", "teams", "console"))
    assert isinstance(slack, InSlack)
    assert isinstance(teams, InTeams)
    assert isinstance(console, InConsole)
    # That takes longer than all that is measured.
    teams.teams.fake.loads_cards = False

    async def in_slack(line: str) -> None:
        posted = len(slack.slack.slack.messages)
        await slack.slack.say(line)
        await _until(lambda: len(slack.slack.slack.messages) > posted)

    async def in_teams(line: str) -> None:
        posted = len(teams.teams.answers)
        await teams.teams.say(teams.toni, line)
        await _until(lambda: len(teams.teams.answers) > posted)

    return {"slack": in_slack, "teams": in_teams, "console": console.say}


async def _measure_updates(desk: Product) -> dict[str, list[float]]:
    """Milliseconds from a change's commit to the redrawn card, on cards that stand in Slack and in Teams."""
    slack, teams = desk.talks["slack"], desk.talks["teams"]
    assert isinstance(slack, InSlack)
    assert isinstance(teams, InTeams)
    ticket = await desk.desk.open("Gemessen")
    await slack.say(f"zeige {ticket.number}")
    await teams.say(f"zeige {ticket.number}")
    message = slack.slack.slack.seen_in(slack.slack.slack.personal(TONI), TONI)[-1]
    shown = teams.teams.answers[-1]
    waits: dict[str, list[float]] = {"slack": [], "teams": []}
    for turn in range(ROUNDS * 2):
        edits, cards = message.edits + 1, len(shown.cards) + 1
        await _settled(desk)
        began = await _change(desk, ticket, turn)
        await asyncio.gather(
            _note(waits["slack"], began, partial(_has, lambda: message.edits, edits)),
            _note(waits["teams"], began, partial(_has, lambda: len(shown.cards), cards)),
        )
    return waits


async def _change(desk: Product, ticket: TicketRef, turn: int) -> float:
    priority = TicketPriority.HIGH if turn % 2 else TicketPriority.LOW
    await Tickets(desk.database).change_ticket(desk.desk.manager, ticket.number, None, TicketChanges(priority=priority))
    return time.perf_counter()


async def _note(waits: list[float], began: float, is_there: Callable[[], bool]) -> None:
    await _until(is_there)
    waits.append(1000 * (time.perf_counter() - began))


def _has(count: Callable[[], int], wanted: int) -> bool:
    return count() >= wanted


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 30
    while not is_so():
        if time.perf_counter() > deadline:
            raise TimeoutError("Waited 30 s in vain for a card.")
        await _a_moment()


async def _a_moment() -> None:
    await asyncio.sleep(POLL_SECONDS)
