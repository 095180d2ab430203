"""The published document over the whole API, and the page that shows it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import orjson
from openapi_spec_validator import OpenAPIV31SpecValidator

from psa.processes import routes
from tests.integration.api.world import World


async def document_of(world: World) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((await world.ask(None, "GET /api/openapi.json")).content)
    return document


async def test_the_document_over_all_routes_is_valid(world: World) -> None:
    OpenAPIV31SpecValidator(await document_of(world)).validate()


async def test_every_operation_says_what_it_does_answers_and_belongs_to(world: World) -> None:
    document = await document_of(world)
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {f"{route.method} {route.path}" for route in routes(world.parts)}
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["tags"], name
        assert all(operation["tags"]), name
        assert set(operation["tags"]) <= tags, name
        assert any(status.startswith("2") for status in operation["responses"]), name
        assert "default" in operation["responses"], name
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


async def test_an_idempotency_key_is_announced_only_where_it_is_kept(world: World) -> None:
    document = await document_of(world)
    announcing = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
    }
    assert announcing == {"POST /api/v1/tickets"}


async def test_the_page_loads_nothing_from_elsewhere(world: World) -> None:
    page = await world.ask(None, "GET /api/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    sources = {source for part in policy.split(";") for source in part.split()[1:]}
    assert sources <= {"'none'", "'self'", "data:"}
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert needed
    for name in needed:
        path = urljoin("/api/docs", name)
        assert path.startswith("/api/docs/")
        assert (await world.ask(None, f"GET {path}")).status == 200
