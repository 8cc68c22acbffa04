"""The catalogues for programs, generated from `protocol`: OpenAPI 3.1 of the routes, and the socket's events."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct

from protocol import tus
from protocol.commands import COMMANDS
from protocol.errors import STATUS, ErrorBody
from protocol.limits import HEAD_HEADER, LAST_POSITION_HEADER
from protocol.routes import ROUTES, Route
from protocol.signals import SIGNALS, Ack

_REF = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"\{(\w+)\}")
_JSON = "application/json"
_FORM = ("multipart/form-data", "application/x-www-form-urlencoded")
_ABOUT = """Ids are integers or decimal text; keys may be snake_case or camelCase; unknown keys are ignored.
Answers are snake_case; on paths of document A (`x-documents`) every key comes in both spellings, and `id` with them.
Times are ISO 8601 UTC with milliseconds. Every error has the form of `Failure`; its message says what to do next."""

_PAGE_HEADERS = (HEAD_HEADER, LAST_POSITION_HEADER, "Link")

Json = dict[str, Any]


class Failure(Struct, kw_only=True, frozen=True):
    """Every error, whatever the status."""

    error: ErrorBody


@cache
def document() -> Json:
    """The REST catalogue as OpenAPI 3.1."""
    paths: dict[str, Json] = {}
    schemas = _Schemas([kind for route in ROUTES for kind in _types(route)] + [Failure])
    for route in ROUTES:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hearth", "version": version("hearth"), "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


@cache
def events() -> Json:
    """The socket's events, both ways, with JSON Schemas of their payloads."""
    kinds = [event.payload for event in COMMANDS.values()] + [event.payload for event in SIGNALS.values()]
    schemas = _Schemas([*kinds, Ack])
    return {
        "title": "Hearth's Socket.IO events",
        "version": version("hearth"),
        "acknowledgement": schemas.of(Ack),
        "commands": [
            {
                "event": name,
                "does": command.does,
                "payload": schemas.of(command.payload),
                "bare": command.bare,
                "documents": list(command.documents),
            }
            for name, command in COMMANDS.items()
        ],
        "signals": [
            {
                "event": name,
                "payload": schemas.of(signal.payload),
                "audience": signal.audience,
                "documents": list(signal.documents),
            }
            for name, signal in SIGNALS.items()
        ],
        "components": {"schemas": schemas.components},
    }


class _Schemas:
    """The schemas of some types, each named once."""

    def __init__(self, kinds: list[Any]) -> None:
        told, self.components = msgspec.json.schema_components(kinds, ref_template=_REF)
        self._told = {repr(kind): schema for kind, schema in zip(kinds, told, strict=True)}

    def of(self, kind: Any) -> Json:  # noqa: ANN401 - any type of `protocol`, generics included
        """A reference to the type's schema, or the schema itself for a plain type."""
        return self._told[repr(kind)]

    def fields(self, kind: type[Struct]) -> tuple[Json, list[str]]:
        """The schemas of a struct's fields, and which of them are required."""
        component = self.components[kind.__name__]
        return component["properties"], component.get("required", [])


def path_of(route: Route) -> str:
    """The route's path in the document, where two paths may not differ in the names of their variables alone."""
    alike = {other.path for other in ROUTES if _form(other) == _form(route)}
    return route.path if len(alike) == 1 else _VARIABLE.sub("{id}", route.path)


def _form(route: Route) -> str:
    """The path without the names of its variables."""
    return _VARIABLE.sub("{}", route.path)


def _types(route: Route) -> list[Any]:
    """Every type of a route."""
    return [
        kind
        for kind in (route.takes, route.or_takes, route.query, *route.answers.values())
        if kind not in (None, bytes, str)
    ]


def _operation(route: Route, schemas: _Schemas) -> Json:
    """One method of one path."""
    operation: Json = {
        "operationId": route.name,
        "summary": route.does,
        "tags": [route.path.strip("/").split("/")[1] if route.path.startswith("/api/") else "operation"],
        "parameters": _parameters(route, schemas),
        "responses": {str(status): _response(route, status, schemas) for status in route.answers},
        "security": [{"token": []}] if route.token else [],
    }
    operation["responses"]["default"] = {
        "description": f"An error. Statuses: {', '.join(str(status) for status in sorted(set(STATUS.values())))}.",
        "content": {_JSON: {"schema": schemas.of(Failure)}},
    }
    if route.documents:
        operation["x-documents"] = list(route.documents)
    if route.body != "none":
        operation["requestBody"] = {"required": True, "content": _content(route, schemas)}
    return operation


def _parameters(route: Route, schemas: _Schemas) -> list[Json]:
    """What stands in the path, the headers and the query."""
    found: list[Json] = []
    for name, shown in zip(_VARIABLE.findall(route.path), _VARIABLE.findall(path_of(route)), strict=True):
        kind = {"type": "integer", "minimum": 1} if name.endswith("_id") else {"type": "string"}
        found.append({"name": shown, "in": "path", "required": True, "schema": kind, "description": name})
    found += [
        {"name": name, "in": "header", "required": name == tus.VERSION_HEADER, "schema": {"type": "string"}}
        for name in route.asked_headers
    ]
    if route.query is not None:
        properties, required = schemas.fields(route.query)
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": schema}
            for name, schema in properties.items()
        ]
    return found


def _content(route: Route, schemas: _Schemas) -> Json:
    """What the body may be."""
    if route.body == "piece":
        return {tus.PIECE_TYPE: {}}
    if route.takes is None:
        file: Json = {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
        }
        return {_FORM[0]: {"schema": file}}
    schema = _body(route, route.takes, schemas)
    if route.or_takes is not None:
        schema = {"anyOf": [schema, _body(route, route.or_takes, schemas)]}
    kinds = {"json": (_JSON,), "form": (*_FORM, _JSON), "json_or_form": (_JSON, *_FORM)}
    return {kind: {"schema": schema} for kind in kinds.get(route.body, (_JSON,))}


def _body(route: Route, takes: type[Struct], schemas: _Schemas) -> Json:
    """The body's schema; what the path has decided need not be in it."""
    decided = set(_VARIABLE.findall(route.path))
    properties, required = schemas.fields(takes)
    if not decided & set(required):
        return schemas.of(takes)
    return {
        "type": "object",
        "properties": {name: schema for name, schema in properties.items() if name not in decided},
        "required": [name for name in required if name not in decided],
    }


def _response(route: Route, status: int, schemas: _Schemas) -> Json:
    """One answer."""
    kind = route.answers[status]
    told: Json = {"description": route.does}
    if kind in (bytes, str):
        media = "application/octet-stream" if kind is bytes else "text/plain"
        told["content"] = {"text/html" if route.name == "docs" else media: {}}
    elif kind is not None:
        told["content"] = {_JSON: {"schema": schemas.of(kind)}}
    headers = _PAGE_HEADERS if route.name.startswith("messages_of") else route.told_headers
    if headers:
        told["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return told
