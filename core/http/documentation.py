"""The API's own pages: the OpenAPI document and Swagger UI, all from our own origin."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from core.http.answering import json_response
from core.http.openapi import openapi_document
from core.http.route import Route

PAGES = Path(__file__).parent / "pages"
SWAGGER_UI_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Scripts, styles and requests of our own origin only, none inline; the style sheet draws its icons as data: images."""


def add_documentation_routes(router: web.UrlDispatcher, routes: Sequence[Route], version: str) -> None:
    """`/api/openapi.json` and `/api/docs`, without a token."""
    document = openapi_document(routes, version=version)
    # Of the package only the files are of use: it is located, never imported.
    swagger_ui = Path(str(distribution("swagger-ui-py").locate_file("swagger_ui/static")))

    async def openapi(_: web.Request) -> web.StreamResponse:
        return json_response(document)

    router.add_get("/api/openapi.json", openapi)
    router.add_get("/api/docs", _file(PAGES / "docs.html"))
    router.add_get("/api/docs/docs.js", _file(PAGES / "docs.js"))
    for name in SWAGGER_UI_FILES:
        router.add_get(f"/api/docs/{name}", _file(swagger_ui / name))


def _file(path: Path) -> Handler:
    """The file, kept by browsers as long as its ETag is the same."""

    async def send(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"})

    return send
