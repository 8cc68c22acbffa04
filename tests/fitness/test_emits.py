"""The server never emits to everybody: an emit without a room reaches sockets that have not even authenticated."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.fitness.sources import Source, calls, source, sources_in


def is_none(node: ast.expr) -> bool:
    """Whether an expression is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None


def open_emits(sources: Iterable[Source]) -> list[str]:
    """Calls of an `emit` that name no room, and anything that asks for a broadcast."""
    found = []
    for one in sources:
        for name, call in calls(one.tree):
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            rooms = [keywords[key] for key in ("to", "room") if key in keywords]
            if name == "emit" and (not rooms or any(is_none(room) for room in rooms)):
                found.append(f"{one.at(call)}: emit without a room")
            if "broadcast" in keywords:
                found.append(f"{one.at(call)}: broadcast")
    return found


def test_the_server_emits_to_rooms_only() -> None:
    assert open_emits(sources_in("server")) == []


@pytest.mark.parametrize(
    "snippet",
    ["sio.emit('x', {})", "emit('x', to=None)", "publish('x', broadcast=True)", "self.server.emit('x', room=None)"],
)
def test_an_open_emit_is_seen(snippet: str) -> None:
    assert len(open_emits([source(snippet)])) == 1


def test_an_emit_to_a_room_passes() -> None:
    assert open_emits([source("sio.emit('x', {}, to=f'user:{user_id}')")]) == []
