"""The OpenAPI 3.1 document, derived from the routes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from core.http.envelope import Error
from core.http.route import Route

OPENAPI_VERSION = "3.1.0"
REFERENCE = "#/components/schemas/{model}"
_References = Mapping[Any, dict[str, Any]]
"""From (model, mode) to the reference to its schema."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def openapi_document(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """All routes with their parameters, bodies, answers and permissions (https://spec.openapis.org/oas/v3.1.0)."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Error, "serialization")]
    for route in routes:
        wanted += [(route.body, "validation")] if route.body else []
        wanted += [(route.response, "serialization")] if route.response else []
    references, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": "PSA-Platform API", "version": version, "description": "Help desk, time and billing."},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(route: Route, references: _References) -> dict[str, Any]:
    name = f"{route.method} {route.path.removeprefix('/api/v1')}"
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", name).strip("_").lower(),
        "summary": route.summary,
        "tags": [route.tag],
        "security": [] if route.permissions is None else [{"bearerAuth": []}],
        "parameters": _parameters(route),
        "responses": _responses(route, references),
    }
    if route.permissions:
        operation["description"] = f"Needs the permission {' or '.join(sorted(route.permissions))}."
    if route.body:
        schema = references[route.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACEHOLDER.findall(route.path)
    ]
    schema = route.query.model_json_schema(ref_template=REFERENCE)
    local = schema.get("$defs", {})
    for name, part in schema.get("properties", {}).items():
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", []),
                "description": part.get("description", ""),
                "schema": _as_sent(_inlined(part, local)),
            }
        )
    if route.needs_version:
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}})
    if route.takes_idempotency_key:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 200},
            }
        )
    return found


def _as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """Names with commas between them are a string on the wire; so are their defaults."""
    default = schema.get("default")
    return (
        schema | {"default": ",".join(default)}
        if schema.get("type") == "string" and isinstance(default, list)
        else schema
    )


def _inlined(schema: Any, local: dict[str, Any]) -> Any:
    """Query schemas have no place among the components: what they refer to is written out."""
    if isinstance(schema, list):
        return [_inlined(part, local) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(local[schema["$ref"].rpartition("/")[2]], local)
    return {name: _inlined(part, local) for name, part in schema.items() if name != "description"}


def _responses(route: Route, references: _References) -> dict[str, Any]:
    success: dict[str, Any] = {"description": route.summary}
    if route.is_download:
        success["content"] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    elif route.response:
        success["content"] = {"application/json": {"schema": references[route.response, "serialization"]}}
    error = {"application/json": {"schema": references[Error, "serialization"]}}
    failures = {422: "A parameter is wrong"}
    if route.permissions is not None:
        failures |= {401: "No valid token", 403: "Not permitted"}
    if "{" in route.path:
        failures[404] = "No such thing, or none you may see"
    if route.body:
        failures |= {400: "The body is not JSON", 409: "The state does not allow it"}
    if route.needs_version:
        failures |= {412: "Someone else changed it first", 428: "If-Match is missing"}
    return (
        {str(route.status): success}
        | {str(status): {"description": text, "content": error} for status, text in sorted(failures.items())}
        | {"default": {"description": "Anything else: too much, too large, or a fault of ours", "content": error}}
    )
