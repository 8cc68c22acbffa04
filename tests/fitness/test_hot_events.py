"""Events of sockets are carried out without Flask: a request context for each would halve how many are carried out."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.fitness.sources import Source, all_sources, source

_ALLOWED = {"SocketIO", "Flask"}
"""The server under the transport, and the type of the app that it is attached to."""


def taken_from_flask(sources: Iterable[Source]) -> list[str]:
    """What the socket room imports of Flask and Flask-SocketIO beyond what it stands on."""
    return [
        f"{one.at(node)}: {alias.name}"
        for one in sources
        for node in ast.walk(one.tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        if "flask" in f"{getattr(node, 'module', '')}.{alias.name}" and alias.name not in _ALLOWED
    ]


def handlers_of_flask(sources: Iterable[Source]) -> list[str]:
    """Handlers registered with Flask-SocketIO, which makes a request context for each call."""
    return [
        f"{one.at(node)}: {node.attr}"
        for one in sources
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"on", "event", "on_event", "on_namespace"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "socketio"
    ]


def socket_room() -> list[Source]:
    """The files of the room."""
    return [one for one in all_sources() if one.path.startswith("server/socket/")]


def test_events_are_carried_out_without_flask() -> None:
    assert len(socket_room()) > 10
    assert taken_from_flask(socket_room()) == []
    assert handlers_of_flask(socket_room()) == []


@pytest.mark.parametrize("snippet", ["from flask import request", "import flask", "from flask_socketio import emit"])
def test_a_way_to_flask_is_seen(snippet: str) -> None:
    assert len(taken_from_flask([source(snippet)])) == 1


def test_a_handler_of_flasks_is_seen() -> None:
    assert len(handlers_of_flask([source("@socketio.on('send_message')\ndef send(): ...")])) == 1
