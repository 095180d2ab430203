"""The routes of tickets, messages and files, called as the HTTP application calls them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event
from yarl import URL

from core.blobs.folder import FolderBlobs
from core.database.engine import Database
from core.errors import Conflict, NotFound, PermissionDenied, VersionConflict
from core.http.failures import PreconditionMissing, RequestInvalid
from core.http.openapi import openapi_document
from core.http.route import Call, NoQuery, Reply
from core.tickets.http import TicketInput, routes
from core.tickets.rules import TicketPriority, TicketStatus
from core.tickets.service import Tickets
from core.tickets.writing import NewAttachment
from tests.integration.core.calling import Api
from tests.integration.core.tickets.desk import Desk

PRINTER = {"title": "Drucker druckt nicht", "description": "Seit heute früh kommt nur leeres Papier."}


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[FolderBlobs]:
    store = FolderBlobs(tmp_path / "blobs")
    yield store
    await store.aclose()


@pytest.fixture
def api(database: Database, blobs: FolderBlobs) -> Api:
    return Api(routes(Tickets(database), database, blobs))


async def test_a_ticket_is_opened_shown_changed_and_deleted(api: Api, desk: Desk) -> None:
    opened = (await api.call(desk.anna, "POST /api/v1/tickets", PRINTER))["data"]
    assert opened["attributes"]["version"] == 1
    assert opened["relationships"]["customer"]["data"]["id"] == str(desk.hofer)
    number = opened["attributes"]["number"]
    for reference in (number, opened["id"]):
        assert (await api.call(desk.anna, f"GET /api/v1/tickets/{reference}"))["data"] == opened
    change = {"priority": "critical", "assigned_to": str(desk.technician.user_id)}
    changed = await api.call(desk.technician, f"PATCH /api/v1/tickets/{number}", change, version=1)
    shown = changed["data"]["attributes"]
    assert (shown["priority"], shown["status"], shown["version"]) == ("critical", "assigned", 2)
    assert await api.call(desk.manager, f"DELETE /api/v1/tickets/{number}") is None
    with pytest.raises(NotFound):
        await api.call(desk.anna, f"GET /api/v1/tickets/{number}")


async def test_a_change_names_the_version_it_changes(api: Api, desk: Desk) -> None:
    ticket = await desk.open("Drucker")
    path = f"PATCH /api/v1/tickets/{ticket.id}"
    with pytest.raises(PreconditionMissing):
        await api.call(desk.technician, path, {"title": "Drucker EG"})
    with pytest.raises(VersionConflict):
        await api.call(desk.technician, path, {"title": "Drucker EG"}, version=7)


@pytest.mark.parametrize(
    "body",
    [
        PRINTER | {"title": "ab"},
        PRINTER | {"title": "a" * 201},
        PRINTER | {"description": "kurz"},
        PRINTER | {"priority": "urgent"},
        PRINTER | {"status": "closed"},
        PRINTER | {"tags": ["x"] * 21},
        {"title": "Drucker"},
    ],
)
async def test_a_ticket_that_is_not_well_formed_is_refused(api: Api, desk: Desk, body: Mapping[str, object]) -> None:
    with pytest.raises(RequestInvalid):
        await api.call(desk.anna, "POST /api/v1/tickets", body)


@pytest.mark.parametrize("reference", ["0", "99999", "9" * 40, "abc", "-1", "1e3", "²", str(UUID(int=7))])
async def test_what_names_no_ticket_is_not_found(api: Api, desk: Desk, reference: str) -> None:
    with pytest.raises(NotFound):
        await api.call(desk.technician, f"GET /api/v1/tickets/{reference}")


async def test_the_list_has_what_is_open_and_what_nobody_has(api: Api, desk: Desk) -> None:
    mine, done, free = [await desk.open(title) for title in ("mine", "done", "free")]
    service = Tickets(desk.database)
    await service.take_ticket(desk.technician, mine.id)
    await service.change_ticket(desk.technician, done.id, None, {"status": TicketStatus.CLOSED})
    for query, numbers in (
        ("is_open=true", [free.number, mine.number]),
        ("is_open=false", [done.number]),
        ("is_open=true&is_unassigned=true", [free.number]),
    ):
        found = await api.call(desk.technician, f"GET /api/v1/tickets?{query}")
        assert [each["attributes"]["number"] for each in found["data"]] == numbers


async def test_the_list_is_filtered_sorted_and_paged(api: Api, desk: Desk) -> None:
    for priority in ("low", "critical", "high", "critical"):
        await desk.open(f"{priority} printer", priority=TicketPriority(priority))
    await desk.open("other", customer=desk.linde)
    path = "/api/v1/tickets?status=new,assigned&search=printer&sort=priority,number&order=desc,asc&limit=3"
    first = await api.call(desk.technician, f"GET {path}")
    second = await api.call(desk.technician, f"GET {path}&page=2")
    found = [each["attributes"]["title"] for each in (*first["data"], *second["data"])]
    assert found == ["critical printer", "critical printer", "high printer", "low printer"]
    assert first["meta"]["total"] == 4
    assert first["meta"]["total_pages"] == 2
    assert URL(first["links"]["next"]).query["page"] == "2"
    assert second["links"]["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "status=open", "priority=urgent", "sort=colour", "order=up", "sort=number&order=asc,desc", "fields=password",
        "include=secrets", "limit=101", "page=0", "customer_id=7", "created_after=yesterday", "search=%20",
        "colour=red", "status=new&status=closed", "number=99999999999999999999999",
    ],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(api: Api, desk: Desk, query: str) -> None:
    with pytest.raises(RequestInvalid):
        await api.call(desk.technician, f"GET /api/v1/tickets?{query}")


async def test_fields_and_include_say_what_is_answered(api: Api, desk: Desk) -> None:
    await desk.open("eins", contact=desk.ben_contact)
    await desk.open("zwei", contact=desk.ben_contact)
    answer = await api.call(
        desk.technician, "GET /api/v1/tickets?fields=id,title,status&include=customer,contact,assigned_to"
    )
    assert [set(each["attributes"]) for each in answer["data"]] == [{"title", "status"}] * 2
    included = {each["type"]: each["attributes"] for each in answer["included"]}
    assert len(answer["included"]) == 2
    assert included["customer"] == {"name": "Tischlerei Hofer"}
    assert included["contact"] == {"first_name": "Ben", "last_name": "Hofer", "email": "ben@hofer.example"}


async def test_including_takes_as_many_queries_for_many_tickets_as_for_one(api: Api, desk: Desk) -> None:
    statements: list[str] = []
    event.listen(desk.database.engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    counts = []
    for _ in range(3):
        await desk.open("noch einer", contact=desk.ben_contact)
        statements.clear()
        await api.call(desk.technician, "GET /api/v1/tickets?include=customer,contact,assigned_to")
        counts.append(len(statements))
    assert len(set(counts)) == 1


@pytest.mark.parametrize("name", ["messages", "comments"])
async def test_messages_are_written_and_listed(api: Api, desk: Desk, name: str) -> None:
    ticket = await desk.open("Drucker", contact=desk.anna_contact)
    path = f"/api/v1/tickets/{ticket.number}/{name}"
    note = await api.call(desk.technician, f"POST {path}", {"text": "unter uns", "kind": "note"})
    assert note["data"]["attributes"]["author_name"] == "Toni Muster"
    await api.call(desk.anna, f"POST {path}", {"text": "Danke!"})
    await api.call(desk.technician, f"POST {path}", {"text": "Gern."})
    seen = await api.call(desk.anna, f"GET {path}")
    assert [each["attributes"]["text"] for each in seen["data"]] == ["Bitte um Hilfe.", "Danke!", "Gern."]
    addresses = [each["attributes"]["author_address"] for each in seen["data"]]
    assert addresses == [None, "Anna.Hofer@hofer.example", None]
    assert (await api.call(desk.technician, f"GET {path}?limit=2&page=2"))["meta"]["total"] == 4
    with pytest.raises(PermissionDenied):
        await api.call(desk.anna, f"POST {path}", {"text": "psst", "kind": "note"})
    with pytest.raises(RequestInvalid):
        await api.call(desk.technician, f"POST {path}", {"text": "Systemmeldung", "kind": "system"})


async def test_a_file_is_downloaded_and_one_set_aside_is_not(api: Api, desk: Desk, blobs: FolderBlobs) -> None:
    content = b"<script>alert(1)</script>"
    sha256 = await blobs.put(content)
    page = NewAttachment("Übersicht.html", "text/html", len(content), sha256)
    virus = NewAttachment("rechnung.exe", "application/x-msdownload", 5, "0" * 64, set_aside="too large")
    ticket = await desk.open("Mail", contact=desk.anna_contact, attachments=(page, virus))
    listed = (await api.call(desk.anna, f"GET /api/v1/tickets/{ticket.number}/attachments"))["data"]
    assert [each["attributes"]["filename"] for each in listed] == ["Übersicht.html", "rechnung.exe"]
    first, second = (f"GET /api/v1/attachments/{each['id']}/content" for each in listed)
    headers, got = await api.download(desk.anna, first)
    assert got == content
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment; ")
    with pytest.raises(Conflict, match="set aside"):
        await api.download(desk.anna, second)
    with pytest.raises(NotFound):
        await api.download(desk.linde_admin, first)


async def test_receipts_are_listed_for_staff(api: Api, desk: Desk) -> None:
    ticket = await desk.open("Mail", contact=desk.anna_contact)
    path = f"GET /api/v1/tickets/{ticket.number}/receipts"
    assert (await api.call(desk.technician, path))["data"] == []
    with pytest.raises(PermissionDenied):
        await api.call(desk.anna, path)


async def test_a_merge_answers_with_the_ticket_that_goes_on(api: Api, desk: Desk) -> None:
    old, living = await desk.open("Drucker"), await desk.open("Drucker")
    path = f"POST /api/v1/tickets/{old.number}/merge"
    answer = await api.call(desk.technician, path, {"into": f"#{living.number}"})
    assert answer["data"]["id"] == str(living.id)
    gone = (await api.call(desk.technician, f"GET /api/v1/tickets/{old.number}"))["data"]
    assert gone["relationships"]["merged_into"]["data"] == {"type": "ticket", "id": str(living.id)}


async def test_the_same_idempotency_key_opens_one_ticket(api: Api, desk: Desk) -> None:
    (route,) = (each for each in api.routes if each.takes_idempotency_key)

    async def post(key: str, body: Mapping[str, object]) -> Reply:
        model, url = TicketInput.model_validate(body), URL(route.path)
        reply = await route.handler(Call(desk.anna, {}, url, {"Idempotency-Key": key}, NoQuery(), model))
        assert isinstance(reply, Reply)
        return reply

    first, second = await post("k-1", PRINTER), await post("k-1", dict(reversed(PRINTER.items())))
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["ETag"] == '"1"'
    with pytest.raises(Conflict):
        await post("k-1", PRINTER | {"title": "Drucker brennt"})
    for wrong in ("", "k" * 201, "a\x00b"):
        with pytest.raises(RequestInvalid):
            await post(wrong, PRINTER)


def test_the_routes_fit_into_the_published_document(api: Api) -> None:
    paths = openapi_document(api.routes, version="1")["paths"]
    assert set(paths["/api/v1/tickets/{id}"]) == {"get", "patch", "delete"}
