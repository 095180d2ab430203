"""The same script, typed in Slack, in Teams and in the console: the same answers, and the same tickets after it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.database.engine import Database
from core.tickets.model import messages, ticket_links, tickets
from core.tickets.writing import TicketRef
from tests.scenario.surfaces import product

SCRIPT = (
    "hilfe",
    "neu Hofer: Scanner im Lager defekt",
    "liste Hofer",
    "meine",
    "zeige {a}",
    "nimm {a}",
    "prio {a} hoch",
    "tag {a} +vpn +scanner",
    "tag {a} -vpn",
    "notiz {a} Kabel geprüft",
    "status {a} in Arbeit",
    "zuweisen {a} Maria",
    "zuweisen {a} mich",
    "beobachten {a}",
    "nicht-beobachten {a}",
    "antwort {a} Wir kommen morgen um neun.",
    "warte {a} Rückruf abgewartet",
    "wiederöffnen {a}",
    "verknüpfen {a} {b}",
    "zusammenführen {b} {a}",
    "suche Drucker",
    "kunde Linde",
    "beleg {a}",
    "quarantäne",
    "erledigt {a} Netzteil getauscht",
    "schließen {a}",
    "heute",
    "verschieben {c} Linde",
    "zeige 999999",
    "zuweissen {a}",
    "link-account",
)


async def test_the_same_script_has_the_same_outcome_on_all_three_surfaces(database_url: str, tmp_path: Path) -> None:
    async with product(database_url, tmp_path) as desk:
        told: dict[str, list[tuple[str, str]]] = {}
        left: dict[str, list[Any]] = {}
        for name, talk in desk.talks.items():
            made = [await desk.desk.open(title) for title in ("Drucker klemmt", "Drucker klemmt auch", "Bondrucker")]
            numbers = dict(zip("abc", (str(each.number) for each in made), strict=True))
            told[name] = []
            for line in SCRIPT:
                headline = await talk.say(line.format(**numbers))
                told[name].append((line, _without_numbers(headline, numbers)))
                if line.startswith("antwort"):
                    sent = await talk.press("Senden")
                    told[name].append(("Senden", _without_numbers(sent, numbers)))
            left[name] = [await outcome(desk.database, each) for each in made]
        assert told["teams"] == told["slack"]
        assert told["console"] == told["slack"]
        assert left["teams"] == left["slack"]
        assert left["console"] == left["slack"]
        first, second, third = left["slack"]
        assert first["status"] == "closed"
        assert [kind for kind, _ in first["said"]].count("public") == 2
        assert second["merged"]
        assert third["customer"] == desk.desk.linde


async def test_every_button_of_a_ticket_does_the_same_on_all_three_surfaces(database_url: str, tmp_path: Path) -> None:
    async with product(database_url, tmp_path) as desk:
        left: dict[str, list[Any]] = {}
        for name, talk in desk.talks.items():
            made = [await desk.desk.open(title) for title in ("Drucker klemmt", "Drucker klemmt auch", "Bondrucker")]
            a, b, c = (str(each.number) for each in made)
            maria, linde = str(desk.desk.manager.user_id), str(desk.desk.linde)
            for label, inputs in (
                ("Übernehmen", None),
                ("Notiz…", {"text": "Kabel geprüft"}),
                ("Kunden antworten…", {"text": "Wir kommen."}),
                ("Warten…", {"text": "Rückruf"}),
                ("Zuweisen…", {"user": maria}),
                ("Priorität…", {"priority": "high"}),
                ("Status…", {"status": "in_progress"}),
                ("Schlagworte…", {"tags": "+vpn"}),
                ("Verknüpfen…", {"other": c}),
                ("Beobachten", None),
                ("Nicht mehr beobachten", None),
                ("Lösen…", {"text": "Netzteil getauscht", "notify": "true"}),
                ("Wieder öffnen…", {"text": "doch nicht"}),
                ("Schließen", None),
            ):
                await talk.say(f"zeige {a}")
                if inputs is None:
                    await talk.press(label)
                else:
                    await talk.fill(label, inputs, then="Senden" if label.startswith("Kunden") else "")
            await talk.say(f"zeige {b}")
            await talk.fill("Zusammenführen…", {"other": a})
            await talk.say(f"zeige {c}")
            await talk.fill("Anderer Kunde…", {"customer": linde})
            left[name] = [await outcome(desk.database, each) for each in made]
        assert left["teams"] == left["slack"]
        assert left["console"] == left["slack"]
        first, second, third = left["slack"]
        assert (first["status"], first["priority"], first["tags"]) == ("closed", "high", ["vpn"])
        said = [text for _, text in first["said"]]
        assert [text for text in said if "#" not in text][1:] == [
            "Kabel geprüft",
            "Wir kommen.",
            "Rückruf",
            "Netzteil getauscht",
            "doch nicht",
        ]
        assert second["merged"]
        assert third["customer"] == desk.desk.linde


async def outcome(database: Database, ref: TicketRef) -> dict[str, Any]:
    """What is left of a ticket, without what differs from one to the next."""
    async with database.connect() as connection:
        row = (await connection.execute(select(tickets).where(tickets.c.id == ref.id))).one()
        said = await connection.execute(
            select(messages.c.kind, messages.c.text)
            .where(messages.c.ticket_id == ref.id)
            .order_by(messages.c.created_at, messages.c.id)
        )
        links = await connection.execute(select(ticket_links.c.kind).where(ticket_links.c.ticket_id == ref.id))
        return {
            "status": row.status,
            "priority": row.priority,
            "assigned": row.assigned_to,
            "customer": row.customer_id,
            "tags": row.tags,
            "version": row.version,
            "merged": row.merged_into_id is not None,
            "said": [(each.kind, re.sub(r"#\d+", "#", each.text)) for each in said],
            "links": [each.kind for each in links],
        }


def _without_numbers(text: str, numbers: dict[str, str]) -> str:
    for name, number in numbers.items():
        text = text.replace(number, name)
    # Slack says a card's tone by a sign before its heading.
    return re.sub(r"^[^\w#]+", "", re.sub(r"\d+", "n", text))
