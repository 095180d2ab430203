"""The API's own pages: the OpenAPI document and Swagger UI, from our own origin."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from core.http.answering import json_response
from core.http.openapi import openapi_document
from core.http.route import Route


def add_documentation_routes(router: web.UrlDispatcher, routes: Sequence[Route], version: str) -> None:
    """`/api/openapi.json` and `/api/docs`, without a token."""
    document = openapi_document(routes, version=version)

    async def openapi(_: web.Request) -> web.StreamResponse:
        return json_response(document)

    router.add_get("/api/openapi.json", openapi)
