"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import re

import aiohttp
from openapi_spec_validator import OpenAPIV31SpecValidator


async def test_the_document_is_valid_openapi_3_1(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/openapi.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == "1.2.3"
    OpenAPIV31SpecValidator(document).validate()


async def test_every_route_is_in_the_document(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/openapi.json") as response:
        document = await response.json()
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {("GET", "/api/v1/notes"), ("POST", "/api/v1/notes"), ("DELETE", "/api/v1/notes/{note_id}")} <= operations
    take = document["paths"]["/api/v1/notes"]["post"]
    assert take["security"] == [{"bearerAuth": []}]
    sort = next(p for p in document["paths"]["/api/v1/notes"]["get"]["parameters"] if p["name"] == "sort")
    assert sort["schema"]["default"] == "title"
    assert document["paths"]["/api/v1/open"]["get"]["security"] == []
    assert document["components"]["schemas"]["NewNote"]["properties"]["title"]["examples"]
    assert document["components"]["schemas"]["Error"]["examples"]


async def test_the_page_and_all_it_needs_come_from_our_own_origin(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/docs") as response:
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page
    needed = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(needed) == 4
    kinds = {"css": "text/css", "js": "application/javascript", "png": "image/png"}
    for name in needed:
        assert "//" not in name
        async with http.get(f"/api/{name}") as response:
            assert response.status == 200
            assert response.content_type == kinds[name.rpartition(".")[2]]
            etag = response.headers["ETag"]
        async with http.get(f"/api/{name}", headers={"If-None-Match": etag}) as response:
            assert response.status == 304
