"""The catalogue is the truth: every route is bound and nothing else, and every answer is what OpenAPI says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from protocol.commands import COMMANDS
from protocol.routes import ROUTES, Route
from protocol.signals import SIGNALS
from server.app import create_app
from server.config import Config
from server.http import openapi
from tests.running import RunningServer
from tests.server.http.scene import Scene

_JSON = "application/json"


def _schema(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A schema of the document, with the document's components to refer to."""
    return Draft202012Validator({**schema, "components": document["components"]})


def _refs(value: Any) -> list[str]:
    """Every reference inside a document."""
    if isinstance(value, dict):
        return [item for key, item in value.items() if key == "$ref"] + _refs(list(value.values()))
    return [found for item in value for found in _refs(item)] if isinstance(value, list) else []


def test_every_route_is_bound_and_nothing_else(tmp_path: Path) -> None:
    app = create_app(Config(data_dir=tmp_path))
    try:
        rules = {
            (method, re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule))
            for rule in app.flask.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
    finally:
        app.sockets.stop()
        app.close()
    assert rules == {(route.method, route.path) for route in ROUTES}


def test_the_document_is_whole(server: RunningServer) -> None:
    document = server.request("GET", "/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_refs(document)) <= known
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(ROUTES)
    forms = [re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]]
    assert len(set(forms)) == len(forms), "paths that differ in the names of their variables alone are one path"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


def test_the_events_are_whole(server: RunningServer) -> None:
    document = server.request("GET", "/api/events.json").json()
    assert {event["event"] for event in document["commands"]} == set(COMMANDS)
    assert {event["event"] for event in document["signals"]} == set(SIGNALS)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_refs(document)) <= known


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_answer_is_what_the_document_says(stage: Scene, route: Route) -> None:
    answer = stage.ask(route)
    assert answer.status_code in route.answers, answer.text
    document = openapi.document()
    operation = document["paths"][openapi.path_of(route)][route.method.lower()]
    told = operation["responses"][str(answer.status_code)].get("content")
    if told is None:
        assert answer.content == b""
    elif _JSON in told:
        assert answer.headers["Content-Type"] == _JSON
        _schema(document, told[_JSON]["schema"]).validate(answer.json())
    else:
        assert answer.content


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes], ids=lambda route: route.name)
def test_the_body_of_the_scene_is_what_the_document_says(stage: Scene, route: Route) -> None:
    """What was answered with success above is also what the document describes, in our own spelling."""
    document = openapi.document()
    body = document["paths"][openapi.path_of(route)][route.method.lower()]["requestBody"]["content"]
    sent = stage.options(route)
    if "json" in sent and not {"conversationId", "userId"} & set(sent["json"]):
        _schema(document, body[_JSON]["schema"]).validate(sent["json"])
    assert set(body) >= ({_JSON} if "json" in sent else {"multipart/form-data", "application/x-www-form-urlencoded"})


def test_the_page_loads_nothing_from_elsewhere(server: RunningServer) -> None:
    page = server.request("GET", "/api/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<(script|link|img|iframe)\b|https?://(?!localhost)[^\s<]*\.(js|css)", page.text)
    for route in ROUTES:
        assert route.path in page.text
    for event in (*COMMANDS, *SIGNALS):
        assert event in page.text
